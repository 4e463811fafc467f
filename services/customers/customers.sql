-- name: by_id
-- One customer.
select id, number, name, tier, note from customer where id = $1;

-- name: page
-- Customers after an id; with a search ($2), those whose name holds it or whose number begins with one of $4.
select id, number, name, tier, note from customer
where ($1::bigint is null or id > $1)
  and ($2::text = '' or exists (select from unnest($4::text[]) as begun where starts_with(number, begun))
       or position(lower($2) in lower(name)) > 0)
order by id
limit $3;

-- name: insert
-- A new customer.
insert into customer (number, name, tier, note, changed_at) values ($1, $2, $3, $4, $5)
returning id, number, name, tier, note;

-- name: update
-- Everything of a customer.
update customer set number = $2, name = $3, tier = $4, note = $5, changed_at = $6 where id = $1
returning id, number, name, tier, note;

-- name: compare_staged
-- How many staged rows are new, and how many differ; $1, $2: the file has no tier, no note.
select count(*) filter (where c.id is null) as created,
       count(*) filter (where c.id is not null and (
         c.name, c.tier, c.note) is distinct from (
         s.name, case when $1::bool then c.tier else s.tier end, case when $2::bool then c.note else s.note end)
       ) as changed
from staged_customer s left join customer c on c.number = s.number;

-- name: upsert_staged
-- The staged rows become customers, or change those of their number that differ; $2, $3: the file has no tier, no note.
insert into customer as c (number, name, tier, note, changed_at)
select number, name, tier, note, $1 from staged_customer
on conflict (number) do update
  set name = excluded.name, changed_at = excluded.changed_at,
      tier = case when $2::bool then c.tier else excluded.tier end, note = case when $3::bool then c.note else excluded.note end
  where (c.name, c.tier, c.note) is distinct from (
    excluded.name, case when $2::bool then c.tier else excluded.tier end,
    case when $3::bool then c.note else excluded.note end);

-- name: unstage
-- What this transaction staged.
delete from staged_customer;
