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
