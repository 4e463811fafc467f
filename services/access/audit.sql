-- name: write
-- Add one row; nothing else is possible with this table.
insert into audit (at, person_id, action, object, detail) values (:at, :person, :action, :object, :detail);

-- name: page
-- The newest rows below an id, with the login of who did it.
select audit.id, audit.at, person.login as by, audit.action, audit.object, audit.detail
from audit left join person on person.id = audit.person_id
where :before::bigint is null or audit.id < :before
order by audit.id desc
limit :limit;
