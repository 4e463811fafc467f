-- name: by_id
-- One customer.
select id, number, name, tier, note from customer where id = :customer;

-- name: chosen
-- These customers, as far as there are any.
select id, number, name, tier, note from customer where id = any(:customers::bigint[]);

-- name: insert
-- A new customer.
insert into customer (number, name, tier, note, changed_at) values (:number, :name, :tier, :note, :at)
returning id, number, name, tier, note;

-- name: update
-- Everything of a customer.
update customer set number = :number, name = :name, tier = :tier, note = :note, changed_at = :at where id = :customer
returning id, number, name, tier, note;

-- name: one_import_at_a_time
-- Held until the end of the transaction; the number stands for nothing but imports of customers.
select pg_advisory_xact_lock(7420001301);

-- name: compare_staged
-- How many staged rows are new, and how many differ; :without_tier, :without_note: the file has no tier, no note.
select count(*) filter (where c.id is null) as created,
       count(*) filter (where c.id is not null and (
         c.name, c.tier, c.note) is distinct from (
         s.name, case when :without_tier::bool then c.tier else s.tier end, case when :without_note::bool then c.note else s.note end)
       ) as changed
from staged_customer s left join customer c on c.number = s.number;

-- name: upsert_staged
-- The staged rows become customers, or change those of their number that differ; :without_tier, :without_note: the file has no tier, no note.
insert into customer as c (number, name, tier, note, changed_at)
select number, name, tier, note, :at from staged_customer
on conflict (number) do update
  set name = excluded.name, changed_at = excluded.changed_at,
      tier = case when :without_tier::bool then c.tier else excluded.tier end, note = case when :without_note::bool then c.note else excluded.note end
  where (c.name, c.tier, c.note) is distinct from (
    excluded.name, case when :without_tier::bool then c.tier else excluded.tier end,
    case when :without_note::bool then c.note else excluded.note end);

-- name: unstage
-- What this transaction staged.
delete from staged_customer;
