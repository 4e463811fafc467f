-- name: read_by
-- By which rules and which area code the numbers in this database were read last.
select rules, area_code from numbering;

-- name: note
-- All are read by these.
insert into numbering (rules, area_code) values ($1, $2) on conflict (one) do update set rules = $1, area_code = $2;

-- name: customers
-- Customers from behind $1 on whose number is not E.164.
select id, number as kept from customer where id > $1 and number !~ '^\+' order by id limit $2;

-- name: set_customers
-- Their numbers, except those that another customer has.
update customer set number = given.number from unnest($1::bigint[], $2::text[]) as given (id, number)
where customer.id = given.id and not exists (select from customer other where other.number = given.number)
returning customer.id;

-- name: whose
-- Who has these numbers.
select number, id from customer where number = any($1::text[]);

-- name: tickets
-- Tickets from behind $1 on whose customer's number is not E.164, with what the network sent if it came from the call.
select t.id, t.customer_number as kept, c.number_sent as sent
from ticket t left join call c on c.id = t.call_id and c.number = t.customer_number
where t.id > $1 and t.customer_number <> '' and t.customer_number !~ '^\+' order by t.id limit $2;

-- name: set_tickets
-- Their numbers, and who has them now; each with its row in the journal.
with moved as (
  update ticket set customer_number = given.number, version = ticket.version + 1,
         customer_id = coalesce(ticket.customer_id, (select id from customer where customer.number = given.number))
  from unnest($1::bigint[], $2::text[], $3::text[]) as given (id, kept, number) where ticket.id = given.id
  returning ticket.id, ticket.version, given.kept, given.number
)
insert into ticket_journal (ticket_id, seq, at, action, changes)
select id, version, $4, 'renumber', jsonb_build_object('customer_number', jsonb_build_array(kept, number)) from moved;

-- name: calls
-- Calls from behind $1 on whose number is not E.164.
select id, number as kept, number_sent as sent from call where id > $1 and number <> '' and number !~ '^\+' order by id limit $2;

-- name: set_calls
-- Their numbers, and who has them now.
update call set number = given.number,
       customer_id = coalesce(call.customer_id, (select id from customer where customer.number = given.number))
from unnest($1::text[], $2::text[]) as given (id, number) where call.id = given.id;
