-- name: start
-- A clock begins to run for a ticket, or for one of its orders; nothing happens if it runs already.
insert into deadline (ticket_id, order_id, rule, because, starts_at, ends_at, warns_at, state, due_at, edition)
values (:ticket, :order, :rule, :because, :starts_at, :ends_at, :warns_at, :state, :due_at, :edition)
on conflict (ticket_id, rule, coalesce(order_id, 0)) where settled_at is null do nothing;

-- name: settle
-- What the clocks :rules of a ticket wait for was done (:state met), or there is nothing left to do (stopped). Late is breached.
update deadline set state = case when state = 'breached' or ends_at <= :now then 'breached' else :state end, settled_at = :now
where ticket_id = :ticket and order_id is not distinct from :order::bigint and rule = any(:rules::text[]) and settled_at is null;

-- part: whole
-- A deadline, as ``model.Deadline`` has it.
select rule, because, starts_at, ends_at, warns_at, due_at, state, warned_at, breached_at, settled_at from deadline;

-- name: hold_ticket
-- The ticket of a deadline stays as it is until the transaction ends. It is locked before its clocks, here as wherever one takes a step.
select t.id from ticket t where t.id = (select ticket_id from deadline where id = :deadline) for no key update;

-- name: load
-- One deadline and whose it is, kept still until the transaction ends.
select ticket_id, order_id, rule, because, starts_at, ends_at, warns_at, due_at, state, warned_at, breached_at, settled_at
from deadline where id = :deadline for no key update;

-- name: of_ticket
-- The clocks of a ticket itself, those that ended too, as they began.
{whole} where ticket_id = :ticket and order_id is null order by id limit :limit;

-- name: all_of_ticket
-- The newest clocks of a ticket and of its orders that have left, or of its order :order alone, as they began.
select * from (
  select d.id, d.rule, d.because, d.starts_at, d.ends_at, d.warns_at, d.due_at, d.state, d.warned_at, d.breached_at, d.settled_at,
         d.edition, w.number as order_number, case when w.due_from = d.starts_at then w.due_hours end as due_hours
  from deadline d left join work_order w on w.id = d.order_id
  where d.ticket_id = :ticket and (:order::bigint is null or d.order_id = :order)
  order by d.id desc limit :limit) as newest
order by id;

-- name: write
-- What the sweeper made of a deadline that it had claimed; no row comes back if it was settled meanwhile, or another one was first.
update deadline set state = :state, due_at = :due_at, warned_at = :warned_at, breached_at = :breached_at, attempts = 0, error = null
where id = :deadline and state = 'looking' returning id;

-- name: of_older_editions
-- Clocks that run and whose end was counted by an older edition of the calendars than :edition, but for those that could not be counted (:but).
select id, ticket_id, order_id from deadline where state in ('waiting', 'looking') and edition < :edition and id <> all(:but::bigint[]) order by edition, id limit :limit;

-- name: newest_edition
-- The newest edition of the calendars by which a clock that runs was counted.
select coalesce(max(edition), 0) from deadline where state in ('waiting', 'looking');

-- name: uncounted
-- How many of them there are.
select count(*) from deadline where state in ('waiting', 'looking') and edition < :edition;

-- name: counted
-- A clock by this edition of the calendars.
update deadline set edition = :edition, ends_at = :ends_at, warns_at = :warns_at, due_at = :due_at, state = :state where id = :deadline;

-- name: keep_edition
-- A clock that this edition leaves as it is.
update deadline set edition = :edition where id = :deadline;

-- name: write_move
-- An edition of the calendars has moved the end of a clock.
insert into deadline_move (deadline_id, edition, at, was, became) values (:deadline, :edition, :at, :was, :became);

-- name: moves_of
-- What editions of the calendars did to the ends of these clocks, the oldest first; who edited, null for the system.
select m.deadline_id, m.at, m.was, m.became, p.name as by
from deadline_move m join calendar_edition e on e.number = m.edition left join person p on p.id = e.person_id
where m.deadline_id = any(:deadlines::bigint[]) order by m.id;
