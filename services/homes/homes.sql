-- part: of_ticket
-- A case or a draft as a tray shows it.
t.id::text as id, t.id as ticket_id, t.number, t.kind as said, t.customer_name, t.customer_number, null::text as author,
  null::text as code, null::text as zh, null::text as en, t.received_at as since, false as urgent;

-- part: of_order
-- An order, or a paper about it, as a tray of the centre shows it.
w.ticket_id, coalesce(w.number, t.number) as number, t.customer_name, t.customer_number, u.code, u.zh, u.en;

-- part: clock
-- A clock, as ``clocks.model.Deadline`` has it.
d.rule, d.because, d.starts_at, d.ends_at, d.warns_at, d.due_at, d.state, d.warned_at, d.breached_at, d.settled_at;

-- part: of_case
-- Of the clocks that run for a case the one that ends first.
lateral (select * from deadline where ticket_id = t.id and order_id is null and settled_at is null order by ends_at, id limit 1) d;

-- part: of_this_order
-- The clock that runs for an order.
lateral (select * from deadline where order_id = w.id and settled_at is null order by id desc limit 1) d;

-- part: trays
-- The most urgent rows of each tray, and how many there are in all of it.
select * from (
  select every.*, count(*) over (partition by tray) as many,
         row_number() over (partition by tray order by urgent desc, ends_at nulls last, since, id) as place
  from every
) as placed where place <= :shown order by tray, place;

-- part: any_clock
-- Of all clocks that run for a case or one of its orders the one that ends first.
lateral (select * from deadline where ticket_id = t.id and settled_at is null order by ends_at, id limit 1) d;

-- name: to_take
-- What waits to be taken at each of these levels (:trays is what a home calls them), the first end first, then what has waited longest; and who sent it.
with waiting as (
  select l.tray, t.* from unnest(:levels::text[], :trays::text[]) as l (level, tray) cross join lateral (
    select t.id, t.number, t.kind, t.customer_name, t.customer_number, coalesce(t.held_since, t.received_at) as since, {clock}
    from ticket t left join {any_clock} on true
    where t.state = 'open' and t.level = l.level and t.owner_id is null order by d.ends_at nulls last, t.held_since, t.id limit :most) t
), every as (
  select w.tray, w.id::text as id, w.id as ticket_id, w.number, w.kind as said, w.customer_name, w.customer_number, null::text as author,
         null::text as code, null::text as zh, null::text as en, w.since, false as urgent, w.rule, w.because, w.starts_at, w.ends_at, w.warns_at,
         w.due_at, w.state, w.warned_at, w.breached_at, w.settled_at
  from waiting w
)
{trays}

-- name: cases
-- One's open cases, the first end first; those for which no clock runs (an enquiry, a suggestion) behind them.
with every as (
  (select 'cases' as tray, {of_ticket}, {clock} from ticket t left join {of_case} on true
   where t.owner_id = :person and t.state = 'open' order by d.ends_at nulls last, t.received_at, t.id limit :most)
)
{trays}

-- name: unfinished
-- One's drafts and nobody's, the one that has waited longest first, and one's cases whose orders are all over.
with every as (
  (select 'drafts' as tray, {of_ticket}, null::timestamptz as ends_at from ticket t
   where t.owner_id = :person and t.state = 'draft' order by t.received_at, t.id limit :most)
  union all
  (select 'nobodys' as tray, {of_ticket}, null::timestamptz as ends_at from ticket t
   where t.owner_id is null and t.state = 'draft' order by t.received_at, t.id limit :most)
  union all
  (select 'closing' as tray, {of_ticket}, null::timestamptz as ends_at from ticket t
   where t.owner_id = :person and t.state = 'open' and t.dispatched_at is not null and not exists (
     select from work_order w where w.ticket_id = t.id and w.state not in ('done', 'withdrawn', 'dropped'))
   order by t.received_at, t.id limit :most)
)
{trays}

-- name: papers
-- One's papers that a review sent back, and (for who reviews, :reviews) others' papers that wait for one. The case's own clock goes on meanwhile.
with mine as (
  select 'sent_back' as tray, o.* from outgoing o where o.state = 'sent_back' and o.author_id = :person order by o.id limit :most
), waiting as (
  select 'reviews' as tray, o.* from outgoing o
  where :reviews::boolean and o.state = 'waiting' and o.author_id <> :person order by o.urgent desc, o.written_at, o.id limit :most
), every as (
  select o.tray, o.id::text as id, {of_order}, o.verb as said, a.name as author, o.written_at as since, o.urgent, {clock}
  from (select * from mine union all select * from waiting) as o
  join work_order w on w.id = o.order_id join ticket t on t.id = w.ticket_id join department u on u.id = w.department_id
  join person a on a.id = o.author_id left join {of_case} on true
)
{trays}

-- name: orders
-- What came back from departments and nobody has judged (of one's own cases; for who reviews, :reviews, of all), what they say is not
-- theirs (:refusals times: the final arbiter's, :arbitrates), and their requests for more time.
with returned as (
  select 'returned' as tray, w.id, w.returned_at as since from work_order w join ticket t on t.id = w.ticket_id
  where w.state = 'returned' and (:reviews::boolean or t.owner_id = :person) order by w.due_at, w.id limit :most
), refused as (
  select case when w.refusals >= :refusals::integer then 'final' else 'refused' end as tray, w.id,
         (select j.at from order_journal j where j.order_id = w.id and j.seq = w.version) as since
  from work_order w
  where w.state = 'refused' and ((w.refusals < :refusals::integer and :reviews::boolean) or (w.refusals >= :refusals::integer and :arbitrates::boolean))
  order by w.due_at, w.id limit :most
), asked as (
  select 'extensions' as tray, e.order_id as id, e.asked_at as since from extension e
  join work_order w on w.id = e.order_id and w.state in ('issued', 'accepted')
  where :reviews::boolean and e.decided_at is null and e.asked_by <> :person order by e.asked_at, e.id limit :most
), every as (
  select o.tray, w.id::text as id, {of_order}, w.state as said, null::text as author, o.since, w.urgent, {clock}
  from (select * from returned union all select * from refused union all select * from asked) as o
  join work_order w on w.id = o.id join ticket t on t.id = w.ticket_id join department u on u.id = w.department_id
  left join {of_this_order} on true
)
{trays}

-- name: department
-- What a department has to do: its orders that it has not answered, the first end first. No customer stands in it.
with every as (
  (select 'orders' as tray, w.id::text as id, w.ticket_id, w.number, w.state as said, '' as customer_name, '' as customer_number,
          null::text as author, u.code, u.zh, u.en, w.issued_at as since, w.urgent, {clock}
   from work_order w join department u on u.id = w.department_id left join {of_this_order} on true
   where w.department_id = :department and w.state in ('issued', 'accepted') order by w.due_at, w.id limit :most)
)
{trays}

-- name: calls
-- The newest conversations that can be listened to.
with every as (
  select 'calls' as tray, c.id, null::bigint as ticket_id, null::text as number, c.outcome as said, coalesce(k.name, '') as customer_name,
         c.number as customer_number, a.name as author, null::text as code, null::text as zh, null::text as en,
         c.started_at as since, false as urgent, null::timestamptz as ends_at
  from (select * from call order by started_at desc, id limit :most) as c
  join recording r on r.call_id = c.id and r.state = 'archived' join person a on a.id = c.answered_by
  left join customer k on k.id = c.customer_id
)
select * from (
  select every.*, count(*) over () as many, row_number() over (order by since desc, id) as place from every
) as placed where place <= :shown order by place;

-- part: standing
-- Each open case and draft, of both :most: the cases whose clock ends first, then those that wait longest. Its stage, since when nothing was
-- done to it, and how often it bounced. What of an order is looked up is looked up for each order that there is, by its index.
with running as materialized (
  select ticket_id, min(ends_at) as ends_at from deadline where settled_at is null group by ticket_id
), few as materialized (
  (select t.id, t.number, t.state, t.kind, t.business, t.nature, t.customer_name, t.customer_number, t.owner_id, t.received_at, t.changed_at, c.ends_at
   from ticket t left join running c on c.ticket_id = t.id
   where t.state = 'open' order by c.ends_at nulls last, t.received_at, t.id limit :most)
  union all
  (select id, number, state, kind, business, nature, customer_name, customer_number, owner_id, received_at, changed_at, null from ticket
   where state = 'draft' order by received_at, id limit :most)
), works as materialized (
  select w.ticket_id, w.id, w.state, w.leads, w.second_of, w.issued_at, w.department_id, p.back, e.asked, j.bounces, greatest(j.at, p.at, e.at) as at
  from few t join lateral (select * from work_order w where w.ticket_id = t.id offset 0) w on true
  left join lateral (
    select max(j.at) filter (where j.action <> 'remind' or j.person_id is not null) as at, count(*) filter (where j.action in ('refuse', 'redo')) as bounces
    from order_journal j where j.order_id = w.id) j on true
  left join lateral (
    select bool_or(p.state = 'sent_back') as back, greatest(max(p.written_at), max(p.ended_at), max(r.at)) as at
    from outgoing p left join review r on r.outgoing_id = p.id where p.order_id = w.id) p on true
  left join lateral (
    select bool_or(e.decided_at is null and w.state in ('issued', 'accepted')) as asked, greatest(max(e.asked_at), max(e.decided_at)) as at
    from extension e where e.order_id = w.id) e on true
  where t.state = 'open'
), of_orders as (
  select w.ticket_id, max(w.at) as at, bool_or(w.back) as back, bool_or(w.asked) as asked,
    sum(w.bounces) + count(*) filter (where w.second_of is not null and w.issued_at is not null) as bounces,
    bool_or(w.state = 'refused') as refused, bool_or(w.state = 'returned') as returned, bool_or(w.state = 'proposed') as proposed,
    bool_or(w.state in ('issued', 'accepted')) as away, bool_or(w.issued_at is not null) as sent,
    (array_agg(w.department_id order by w.leads desc, w.id) filter (where w.state in ('issued', 'accepted', 'refused', 'returned')))[1] as department_id,
    (array_agg(w.issued_at order by w.leads desc, w.id) filter (where w.state in ('issued', 'accepted', 'refused', 'returned')))[1] as department_since
  from works w group by w.ticket_id
), standing as (
  select t.*, greatest(t.changed_at, o.at) as moved_at, coalesce(o.bounces, 0) as bounces, o.department_id, o.department_since,
    case when t.state = 'draft' then 'draft'
         when o.refused or o.asked then 'decide'
         when o.back then 'rewrite'
         when o.returned then 'returned'
         when o.proposed then 'review'
         when o.away then 'department'
         when o.sent then 'closing'
         else 'dispatch' end as stage
  from few t left join of_orders o on o.ticket_id = t.id
), marked as (
  select s.*, coalesce(s.ends_at <= :now, false) as late, s.moved_at <= :before::timestamptz as stuck, s.bounces >= :bounces::integer as bouncing
  from standing s
);

-- name: stages
-- How many cases stand in each stage, and how many of them bear each mark; whether there are more cases than were looked through.
{standing}
select stage, count(*) as cases, count(*) filter (where late) as late, count(*) filter (where stuck) as stuck,
       count(*) filter (where bouncing) as bouncing,
       exists (select from ticket where state = 'open' offset :most) or exists (select from ticket where state = 'draft' offset :most) as more
from marked group by stage;

-- name: open_cases
-- The very cases: of :stage stage, that bear :mark mark, that :department department has; the first end first, then what waits longest.
{standing}
select m.id, m.number, m.stage, m.kind, m.business, m.nature, m.customer_name, m.customer_number, m.received_at, m.moved_at, m.bounces::integer as bounces,
       m.ends_at, m.late, m.stuck, m.bouncing, p.name as owner, u.code, u.zh, u.en, m.department_since
from marked m left join person p on p.id = m.owner_id left join department u on u.id = m.department_id
where (:stage::text is null or m.stage = :stage) and (:department::bigint is null or m.department_id = :department)
  and (:mark::text is null or case :mark when 'late' then m.late when 'stuck' then m.stuck else m.bouncing end)
order by m.ends_at nulls last, m.moved_at, m.id limit :limit;
