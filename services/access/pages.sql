-- name: page
-- Rows in the order that is asked for, behind (:at, :behind), with the login of who did it.
select audit.id, audit.at, person.login as by, audit.action, audit.object, audit.detail, {key} as sort_key
from audit left join person on person.id = audit.person_id
where (:at::{kind} is null or ({key}, audit.id) {beyond} (:at, :behind::bigint))
order by {key} {way}, audit.id {way}
limit :limit;
