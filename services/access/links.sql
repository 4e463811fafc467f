-- name: find
-- A link by the hash of its token, and the account under which stands what is done by it.
select l.order_id, l.ends_at, l.over_at,
       person.id, person.login, person.name, person.roles, person.extension, person.phone_kind, person.phone_secret_n,
       person.language, person.must_change, person.active, person.queues, person.department_id
from order_link l join person on person.id = l.person_id where l.token_hash = :hash;
