-- name: write
-- Add one row; nothing else is possible with this table.
insert into audit (at, person_id, action, object, detail) values ($1, $2, $3, $4, $5);

-- name: page
-- The newest rows below an id, with the login of who did it.
select audit.id, audit.at, person.login as by, audit.action, audit.object, audit.detail
from audit left join person on person.id = audit.person_id
where $1::bigint is null or audit.id < $1
order by audit.id desc
limit $2;
