-- name: next
-- The number of the case's next decision; whoever asks holds the case's row.
select coalesce(max(seq), 0) + 1 from decision where ticket_id = :ticket;

-- name: write
-- A decision, for ever.
insert into decision (ticket_id, seq, kind, person_id, at, reason, step, order_id, order_step, amount, currency, approved_by, answers)
values (:ticket, :seq, :kind, :person, :at, :reason, :step, :order, :order_step, :amount, :currency, :approved_by, :answers);

-- name: alone
-- What managers have granted about the case without another one, in this currency.
select coalesce(sum(c.amount), 0) from decision c where c.ticket_id = :ticket and c.currency = :currency and c.approved_by is not null
  and not exists (select from ticket_journal j join decision o on o.ticket_id = j.ticket_id and o.step = j.seq
                  where j.ticket_id = c.ticket_id and j.changes->'decision'->>1 = c.seq || ' compensate');

-- name: waiting
-- The compensation :seq of the case, if it waits for another manager's answer.
select c.seq, c.person_id from decision c where c.ticket_id = :ticket and c.seq = :seq and c.kind = 'compensate' and c.approved_by is null
  and not exists (select from decision a where a.ticket_id = c.ticket_id and a.answers = c.seq)
  and not exists (select from ticket_journal j join decision o on o.ticket_id = j.ticket_id and o.step = j.seq
                  where j.ticket_id = c.ticket_id and j.changes->'decision'->>1 = c.seq || ' compensate');

-- name: set_by
-- Who took the case's decision :seq.
select person_id from decision where ticket_id = :ticket and seq = :seq;

-- name: journal_row
-- What was done to the case by this step.
select action from ticket_journal where ticket_id = :ticket and seq = :step;

-- name: order_row
-- What was done to one of the case's orders by this step.
select j.action from order_journal j join work_order w on w.id = j.order_id
where w.ticket_id = :ticket and j.order_id = :order and j.seq = :step;

-- name: overruled
-- The decision by which this step does not stand already.
select seq from decision where ticket_id = :ticket and step is not distinct from :step::int
  and order_id is not distinct from :order::bigint and order_step is not distinct from :order_step::int and kind = 'overrule' limit 1;

-- name: of_ticket
-- The decisions about a case in their order: whose, what about, what another manager said to an amount, and whether one does not stand.
select d.seq, d.kind, p.name as by, d.person_id, d.at, d.reason, d.step, d.order_id, w.number as order_number, d.order_step, d.amount, d.currency,
       d.answers, b.name as approved_by, a.kind as answer, s.name as answered_by,
       coalesce(j.action, o.action) as overruled,
       exists (select from ticket_journal x join decision y on y.ticket_id = x.ticket_id and y.step = x.seq
               where x.ticket_id = d.ticket_id and x.changes->'decision'->>1 = d.seq || ' ' || d.kind) as fallen
from decision d join person p on p.id = d.person_id left join work_order w on w.id = d.order_id
left join person b on b.id = d.approved_by
left join decision a on a.ticket_id = d.ticket_id and a.answers = d.seq left join person s on s.id = a.person_id
left join ticket_journal j on j.ticket_id = d.ticket_id and j.seq = d.step
left join order_journal o on o.order_id = d.order_id and o.seq = d.order_step
where d.ticket_id = :ticket order by d.seq limit :limit;

-- name: story
-- Everything that happened to a case, told in one row each, the newest :limit of it: its own steps but for typing, its orders' steps, reviews and
-- requests for more time, the calls about it, clocks that ran out, and clocks that the calendar moved.
select * from (
  select j.at, 1 as rank, j.seq as within, 'case' as what, j.action, p.name as by, j.note,
         j.changes - array['description', 'address', 'contact_number', 'customer_name', 'customer_number', 'answer'] as changes, j.seq as step,
         null::bigint as order_id, null::text as order_number, null::text as zh, null::text as en, null::text as call_id, null::text as about
  from ticket_journal j left join person p on p.id = j.person_id
  where j.ticket_id = :ticket and j.action not in ('change', 'fill', 'dispatch')
  union all
  select j.at, 2, j.seq, 'order', j.action, p.name, j.note, j.changes - 'task' - 'answer', j.seq, w.id, w.number, d.zh, d.en, null, null
  from work_order w join order_journal j on j.order_id = w.id join department d on d.id = w.department_id left join person p on p.id = j.person_id
  where w.ticket_id = :ticket
  union all
  select r.at, 3, r.id, 'review', r.verdict, p.name, r.reason, '{}', null, w.id, w.number, d.zh, d.en, null, o.verb
  from work_order w join outgoing o on o.order_id = w.id join review r on r.outgoing_id = o.id join department d on d.id = w.department_id
  join person p on p.id = r.person_id where w.ticket_id = :ticket
  union all
  select e.asked_at, 4, e.id, 'extension', 'extension', p.name, e.reason, '{}', null, w.id, w.number, d.zh, d.en, null, null
  from work_order w join extension e on e.order_id = w.id join department d on d.id = w.department_id join person p on p.id = e.asked_by
  where w.ticket_id = :ticket
  union all
  select e.decided_at, 5, e.id, 'extension', case when e.granted then 'grant' else 'deny' end, p.name, e.note, '{}', null, w.id, w.number, d.zh, d.en, null, null
  from work_order w join extension e on e.order_id = w.id join department d on d.id = w.department_id join person p on p.id = e.decided_by
  where w.ticket_id = :ticket and e.decided_at is not null
  union all
  select c.started_at, 0, 0, 'call', c.direction, p.name, '', '{}', null, null, null, null, null, c.id, c.outcome
  from ticket_call l join call c on c.id = l.call_id left join person p on p.id = coalesce(c.answered_by, c.placed_by)
  where l.ticket_id = :ticket
  union all
  select d.ends_at, 6, d.id, 'clock', 'over', null, '', '{}', null, w.id, w.number, m.zh, m.en, null, d.rule
  from deadline d left join work_order w on w.id = d.order_id left join department m on m.id = w.department_id
  where d.ticket_id = :ticket and (d.state = 'breached' or (d.settled_at is null and d.ends_at <= :now))
  union all
  select m.at, 7, m.id, 'clock', 'moved', p.name, '', jsonb_build_object('ends_at', jsonb_build_array(m.was, m.became)), null, w.id, w.number, g.zh, g.en,
         null, d.rule
  from deadline d join deadline_move m on m.deadline_id = d.id join calendar_edition e on e.number = m.edition
  left join person p on p.id = e.person_id left join work_order w on w.id = d.order_id left join department g on g.id = w.department_id
  where d.ticket_id = :ticket
) as told order by at desc, rank desc, within desc limit :limit;
