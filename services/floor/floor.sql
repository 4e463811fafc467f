-- name: seats
-- Who sits at which extension, and the state each asked for.
select id, name, extension, language, phone_kind, roles, wanted_state, wanted_reason, wanted_at from person
where active and extension is not null order by extension;

-- name: figures
-- The caller service level's parts for calls that entered the queue in [:begin, :end) (SPEC "How to count", formula tingsu-1).
select count(*) filter (where answered_at is not null or outcome = 'answered') as answered,
       count(*) filter (where (answered_at is not null or outcome = 'answered') and waited_ms <= :in_time_ms) as answered_in_time,
       count(*) filter (where answered_at is null and outcome = 'abandoned') as abandoned,
       count(*) filter (where answered_at is null and outcome = 'abandoned' and waited_ms <= :short_abandon_ms) as short_abandons,
       count(*) filter (where abandoned_again) as abandoned_again
from call where queue = :queue and queued_at >= :begin and queued_at < :end;
