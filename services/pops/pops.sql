-- name: known_customer
-- The customer of a number.
select id, number, name, tier, note from customer where number = :number;

-- name: remember
-- What the card shows of a number in one look: the customer, the newest open tickets, the last ended calls but :but.
select (select jsonb_build_object('id', id, 'number', number, 'name', name, 'tier', tier, 'note', note)
        from customer where number = :number) as customer,
       (select coalesce(jsonb_agg(t), '[]') from (
          select id, number, state, business, nature, received_at from ticket
          where customer_number = :number and customer_number <> '' and state = 'open' order by received_at desc limit 10) t) as tickets,
       (select coalesce(jsonb_agg(c), '[]') from (
          select c.id, c.direction, c.started_at, c.outcome, p.name as answered_by, c.talked_ms
          from call c left join person p on p.id = coalesce(c.answered_by, c.placed_by)
          where c.number = :number and c.number <> '' and c.id <> :but and c.ended_at is not null
          order by c.started_at desc limit 5) c) as calls;
