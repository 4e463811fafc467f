-- name: seats
-- Who sits at which extension, the state each asked for, and the queues each answers.
select id, name, extension, language, phone_kind, roles, wanted_state, wanted_reason, wanted_at, queues from person
where active and extension is not null order by extension;

-- name: figures
-- The caller service level's parts of the visits that began in the queue in [:begin, :end) (SPEC "How to count", formula tingsu-1).
-- Whom an agent called (outbound) is no caller of the queue, also if handed on to it. Visits after a first answer (again) are lines of their own. The wait is the caller's: who came from another queue unanswered has waited since then.
with visit as (
  select v.how, c.waited_ms, coalesce(v.entered_at > c.answered_at, false) or exists (
    select 1 from queue_visit e where e.call_id = v.call_id and e.how = 'answered' and e.entered_at < v.entered_at) as again
  from queue_visit v join call c on c.id = v.call_id
  where c.direction = 'inbound' and v.queue = :queue and v.entered_at >= :begin and v.entered_at < :end
)
select count(*) filter (where how = 'answered' and not again) as answered,
       count(*) filter (where how = 'answered' and not again and waited_ms <= :in_time_ms) as answered_in_time,
       count(*) filter (where how = 'abandoned' and not again) as abandoned,
       count(*) filter (where how = 'abandoned' and not again and waited_ms <= :short_abandon_ms) as short_abandons,
       count(*) filter (where how = 'answered' and again) as answered_again,
       count(*) filter (where how = 'abandoned' and again) as abandoned_again
from visit;

-- name: own_rings
-- What the queue rang at each person's phone in [:begin, :end), and how they answered (SPEC A1, "How to count", formula tingsu-agent-1).
-- A ring within a stay in the queue is the queue's; one of a transfer or a consultation is not. An answer that was not heard counts from where its talk began.
with ring as (
  select l.person_id, l.outcome, coalesce(l.rang_ms, greatest(0, floor(extract(epoch from l.answered_at - l.rang_at) * 1000)))::bigint as rang_ms
  from call_leg l join call c on c.id = l.call_id
  where c.direction = 'inbound' and l.person_id is not null and l.rang_at >= :begin and l.rang_at < :end and exists (
    select 1 from queue_visit v where v.call_id = l.call_id and v.queue = :queue and v.entered_at <= l.rang_at and (v.left_at is null or v.left_at >= l.rang_at))
)
select person_id as person, count(*) filter (where outcome = 'answered') as answered,
       count(*) filter (where outcome = 'answered' and rang_ms <= :in_time_ms) as answered_in_time,
       count(*) filter (where outcome in ('no_answer', 'rejected')) as missed,
       coalesce(sum(rang_ms) filter (where outcome = 'answered'), 0)::bigint as answer_ms
from ring group by person_id;

-- name: own_talk
-- How long each person spoke, of what began in [:begin, :end) and is over: with callers, and with whom an agent called.
select l.person_id as person,
       coalesce(sum(extract(epoch from s.left_at - s.joined_at) * 1000) filter (where c.direction = 'inbound'), 0)::bigint as talked_ms,
       coalesce(sum(extract(epoch from s.left_at - s.joined_at) * 1000) filter (where c.direction = 'outbound'), 0)::bigint as dialled_talked_ms
from call_span s join call_leg l on l.call_id = s.call_id and l.channel = s.channel join call c on c.id = s.call_id
where s.joined_at >= :begin and s.joined_at < :end and s.left_at is not null and l.person_id is not null group by l.person_id;

-- name: own_dialled
-- How many calls each person placed that began in [:begin, :end).
select placed_by as person, count(*) as dialled from call
where direction = 'outbound' and placed_by is not null and started_at >= :begin and started_at < :end group by placed_by;
