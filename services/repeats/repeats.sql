-- part: compared
-- What is compared of a case, and the number that called.
t.id, t.number, t.state, t.received_at, t.customer_number, t.contact_number, t.business, t.nature, left(t.description, 1000) as text,
       coalesce(c.number, '') as caller, left(t.description, 120) as summary;

-- name: case_of
-- The case that may be a repeat.
select {compared} from ticket t left join call c on c.id = t.call_id where t.id = :ticket;

-- name: candidates
-- Earlier cases of the customers :numbers, and those that calls from these numbers were about: the newest of each, by index.
with found as (
  select t.id from unnest(:numbers::text[]) as n (number) cross join lateral (
    select t.id from ticket t where t.customer_number = n.number and t.customer_number <> '' and t.received_at > :since
    order by t.received_at desc limit :limit) t
  union
  select k.ticket_id from unnest(:numbers::text[]) as n (number) cross join lateral (
    select c.id from call c where c.number = n.number and c.number <> '' and c.started_at > :since
    order by c.started_at desc limit :limit) c
  join ticket_call k on k.call_id = c.id
)
select {compared} from found join ticket t on t.id = found.id left join call c on c.id = t.call_id
where t.id <> :ticket and t.state in ('open', 'closed') and t.received_at <= :before
order by t.received_at desc, t.id desc limit :limit;

-- name: verdicts
-- What was said of a case and earlier ones, the newest word of each.
select v.of_id, v.verdict, v.at, p.name as by, t.number, t.state, t.received_at, left(t.description, 120) as summary
from repeat_verdict v join ticket t on t.id = v.of_id join person p on p.id = v.person_id
where v.ticket_id = :ticket and v.verdict <> 'undecided' order by v.at desc limit :limit;
