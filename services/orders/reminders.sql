-- name: plan
-- The steps of the ladder about a deadline of an order, as far as they are not there already; what was stopped of them goes on: the
-- order is with its department again.
with resumed as (
  update order_reminder set state = 'waiting', due_at = planned_at
  where order_id = :order and ends_at = :ends_at and state = 'stopped'
)
insert into order_reminder (order_id, step, place, ends_at, planned_at, state, due_at)
select :order, step, place, :ends_at, at, 'waiting', at from unnest(:steps::text[], :places::int[], :at::timestamptz[]) as s (step, place, at)
on conflict (order_id, ends_at, place) where place is not null do nothing;

-- name: unplanned
-- The next orders that departments have and whose deadline has no ladder: they left before there was one.
select w.id from work_order w
where w.state in ('issued', 'accepted') and w.id > :behind
  and not exists (select from order_reminder r where r.order_id = w.id and r.ends_at = w.due_at and r.place is not null)
order by w.id limit :limit;

-- name: stop
-- What has not been sent about the order is not sent.
update order_reminder set state = 'stopped' where order_id = :order and state in ('waiting', 'looking');

-- name: stop_older
-- Likewise what is about another deadline than this.
update order_reminder set state = 'stopped' where order_id = :order and ends_at <> :ends_at and state in ('waiting', 'looking');

-- name: order_of
-- The order that a reminder is about.
select order_id from order_reminder where id = :reminder;

-- name: due
-- Steps about this deadline whose time has come, the highest last; whoever asks holds the order's row.
select id, step from order_reminder
where order_id = :order and ends_at = :ends_at and state in ('waiting', 'looking') and planned_at <= :now order by planned_at, place;

-- name: overtake
-- A higher step is sent in place of these.
update order_reminder set state = 'overtaken' where id = any(:reminders::bigint[]);

-- name: send
-- This step is sent.
update order_reminder set state = 'sent', sent_at = :at, attempts = 0, error = null where id = :reminder;

-- name: urge
-- A reminder by hand, sent as it is written.
insert into order_reminder (order_id, step, ends_at, planned_at, state, due_at, sent_at, person_id, note)
values (:order, 'urge', :ends_at, :at, 'sent', :at, :at, :person, :note) returning id;

-- name: of_orders
-- What was sent about these orders and what is still to come, the newest of each, as they are due.
select w.id as order_id, r.step, r.planned_at, r.sent_at, p.name as by, r.note
from unnest(:orders::bigint[]) as w (id)
join lateral (select * from order_reminder r where r.order_id = w.id and r.state in ('waiting', 'looking', 'sent')
              order by r.planned_at desc, r.id desc limit :limit) r on true
left join person p on p.id = r.person_id order by w.id, r.planned_at, r.id;

-- name: done_since
-- Steps of the ladder that were sent, or overtaken by a higher one, about the time that the order was given at :since.
select place from order_reminder where order_id = :order and place is not null and state in ('sent', 'overtaken') and planned_at > :since;

-- name: replan
-- A step about a deadline that the calendar moved; one that is there already keeps what became of it, unless it was stopped.
insert into order_reminder as r (order_id, step, place, ends_at, planned_at, state, due_at)
values (:order, :step, :place, :ends_at, :at, :state, :at)
on conflict (order_id, ends_at, place) where place is not null
do update set state = excluded.state, planned_at = excluded.planned_at, due_at = excluded.due_at where r.state = 'stopped';
