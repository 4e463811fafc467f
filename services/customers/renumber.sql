-- name: read_by
-- By which rules and which area code the numbers in this database were read last.
select rules, area_code from numbering;

-- name: note
-- All are read by these.
insert into numbering (rules, area_code) values (:rules, :area_code) on conflict (one) do update set rules = :rules, area_code = :area_code;

-- name: customers
-- Customers from behind :behind on whose number is not E.164.
select id, number as kept from customer where id > :behind and number !~ '^\+' order by id limit :limit;

-- name: set_customers
-- Their numbers, except those that another customer has.
update customer set number = given.number from unnest(:ids::bigint[], :numbers::text[]) as given (id, number)
where customer.id = given.id and not exists (select from customer other where other.number = given.number)
returning customer.id;

-- name: whose
-- Who has these numbers.
select number, id from customer where number = any(:numbers::text[]);

-- name: tickets
-- Tickets from behind :behind on whose customer's number is not E.164, with what the network sent if it came from the call.
select t.id, t.customer_number as kept, c.number_sent as sent
from ticket t left join call c on c.id = t.call_id and c.number = t.customer_number
where t.id > :behind and t.customer_number <> '' and t.customer_number !~ '^\+' order by t.id limit :limit;

-- name: set_tickets
-- Their numbers, and who has them now; each with its row in the journal.
with moved as (
  update ticket set customer_number = given.number, version = ticket.version + 1,
         customer_id = coalesce(ticket.customer_id, (select id from customer where customer.number = given.number))
  from unnest(:ids::bigint[], :kept::text[], :numbers::text[]) as given (id, kept, number) where ticket.id = given.id
  returning ticket.id, ticket.version, given.kept, given.number
)
insert into ticket_journal (ticket_id, seq, at, action, changes)
select id, version, :at, 'renumber', jsonb_build_object('customer_number', jsonb_build_array(kept, number)) from moved;

-- name: calls
-- Calls from behind :behind on whose number is not E.164.
select id, number as kept, number_sent as sent from call where id > :behind and number <> '' and number !~ '^\+' order by id limit :limit;

-- name: set_calls
-- Their numbers, and who has them now.
update call set number = given.number,
       customer_id = coalesce(call.customer_id, (select id from customer where customer.number = given.number))
from unnest(:ids::text[], :numbers::text[]) as given (id, number) where call.id = given.id;
