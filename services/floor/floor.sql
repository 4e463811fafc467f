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
