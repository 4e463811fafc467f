-- name: add
-- A file that belongs to an order; no row comes back when the order has it already.
insert into evidence (order_id, sha256, kind, bytes, name, person_id, at)
values (:order, :sha256, :kind, :bytes, :name, :person, :at) on conflict (order_id, sha256) do nothing returning id;

-- name: count
-- How many files an order has.
select count(*)::int from evidence where order_id = :order;

-- name: of_order
-- An order's files as they came, and who sent each.
select e.id, e.kind, e.bytes, e.name, e.at, p.name as by from evidence e join person p on p.id = e.person_id
where e.order_id = :order order by e.id;

-- name: same
-- The row of a file that an order has already.
select id from evidence where order_id = :order and sha256 = :sha256;

-- name: show
-- One file's row.
select id, order_id, sha256, kind, bytes, name from evidence where id = :evidence;
