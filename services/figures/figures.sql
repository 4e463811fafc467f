-- part: reviewed
-- The reviews given in [:begin, :end), each with its paper.
from review r join outgoing o on o.id = r.outgoing_id
where r.at >= :begin and r.at < :end;

-- name: juniors
-- Of each author whose papers were reviewed: how many, how many were sent back, and how many bear each mark (SPEC N1).
select p.id, p.name, count(*) as reviewed, count(*) filter (where s.verdict = 'send_back') as sent_back,
       count(*) filter (where 'right' = any(s.marks)) as "right", count(*) filter (where 'late' = any(s.marks)) as late,
       count(*) filter (where 'wrong_class' = any(s.marks)) as wrong_class, count(*) filter (where 'wrong_sent' = any(s.marks)) as wrong_sent
from (select o.author_id, r.verdict, r.marks {reviewed}) as s join person p on p.id = s.author_id
group by p.id, p.name order by reviewed desc, p.id limit :limit;

-- name: papers
-- The very papers of :author behind one of these figures, the newest review first; one of before there were marks has none.
select s.*, w.ticket_id, t.number as ticket, b.name as reviewer, u.code, u.zh, u.en
from (select r.id, r.outgoing_id as paper, o.order_id as order, o.verb, r.verdict, r.reason, coalesce(r.marks, '{}') as marks, r.at, r.person_id {reviewed}
        and o.author_id = :author
        and (:figure = 'reviewed' or (:figure = 'sent_back' and r.verdict = 'send_back') or :figure = any(r.marks))
      order by r.at desc, r.id desc limit :limit) as s
join work_order w on w.id = s.order join ticket t on t.id = w.ticket_id join department u on u.id = w.department_id
join person b on b.id = s.person_id order by s.at desc, s.id desc;

-- part: dispatched
-- The orders that left in [:begin, :end), for :department or for all, and what is said of each. Which ones were late, done once more or dispatched a
-- second time is read once for all of them, by indexes that hold no others: a year has a million orders.
with late as materialized (
  select order_id from deadline where state = 'breached' and order_id is not null
  union
  select order_id from deadline where settled_at is null and order_id is not null and ends_at <= :now
), again as materialized (
  select distinct order_id from order_journal where action = 'redo'
), seconded as materialized (
  select distinct second_of as order_id from work_order where second_of is not null and issued_at is not null
), sent as (
  select w.id, w.number, w.ticket_id, w.department_id, w.state, w.issued_at, w.due_at, w.returned_at, w.refusals,
         l.order_id is not null as late, a.order_id is not null as again, s.order_id is not null as seconded
  from work_order w left join late l on l.order_id = w.id left join again a on a.order_id = w.id left join seconded s on s.order_id = w.id
  where w.issued_at >= :begin and w.issued_at < :end and (:department::bigint is null or w.department_id = :department)
), said as (
  select s.*, s.returned_at is not null as returned, s.state = 'done' as done,
    s.returned_at is not null and not s.late as in_time,
    s.state = 'done' and s.refusals = 0 and not s.again and not s.seconded as first_right
  from sent s
);

-- name: departments
-- Of each department: what its orders came to, and the written warnings given to it in [:begin, :end).
{dispatched}, counted as materialized (
  select department_id, count(*) as dispatched, count(*) filter (where returned) as returned, count(*) filter (where in_time) as in_time,
         count(*) filter (where late) as late, count(*) filter (where done) as done, count(*) filter (where first_right) as first_right,
         count(*) filter (where refusals > 0) as refused
  from said group by department_id
)
select u.id, u.code, u.zh, u.en, coalesce(c.dispatched, 0) as dispatched, coalesce(c.returned, 0) as returned, coalesce(c.in_time, 0) as in_time,
       coalesce(c.late, 0) as late, coalesce(c.done, 0) as done, coalesce(c.first_right, 0) as first_right, coalesce(c.refused, 0) as refused,
       (select count(*) from warning g where g.department_id = u.id and g.at >= :begin and g.at < :end) as warned
from department u left join counted c on c.department_id = u.id
where :department::bigint is null or u.id = :department
order by u.position, u.id;

-- name: orders
-- The very orders of a department behind one of these figures, the newest first.
{dispatched}
select s.id, s.number, s.ticket_id, t.number as ticket, s.state, s.issued_at, s.due_at, s.returned_at, s.refusals, s.late, s.first_right,
       (select g.number from warning g where g.order_id = s.id) as warning
from said s join ticket t on t.id = s.ticket_id
where case :figure when 'dispatched' then true when 'returned' then s.returned when 'in_time' then s.in_time when 'late' then s.late
           when 'done' then s.done when 'first_right' then s.first_right else s.refusals > 0 end
order by s.issued_at desc, s.id desc limit :limit;

-- name: warned
-- The very orders with which a department was warned in writing, the newest warning first.
select w.id, w.number, w.ticket_id, t.number as ticket, w.state, w.issued_at, w.due_at, w.returned_at, w.refusals, g.number as warning,
       exists (select from deadline d where d.order_id = w.id and (d.state = 'breached' or (d.settled_at is null and d.ends_at <= :now))) as late,
       false as first_right
from warning g join work_order w on w.id = g.order_id join ticket t on t.id = w.ticket_id
where g.department_id = :department and g.at >= :begin and g.at < :end order by g.at desc, g.id desc limit :limit;
