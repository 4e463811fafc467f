-- name: rows
-- All of a table whose rows stand alone; the program gives its name, and by what its rows are known.
select j.{key} as thing, j.hash,
       (select jsonb_object_agg(key, value)::text from jsonb_each(to_jsonb(j)) where key <> 'hash' and value <> 'null'::jsonb) as written
from {table} j order by j.{key};
