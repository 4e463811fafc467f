-- name: archive_recording
-- The sound is durable in the store.
update recording set state = 'archived', object = :object, peaks = :peaks, sha256 = :sha256, bytes = :bytes, duration_ms = :duration_ms, sample_rate = :sample_rate, starts_at = :starts_at,
       legs = :legs, remarks = :remarks, error = null, archived_at = :at
where id = :recording;

-- name: give_up_recording
-- No sound will come of it, and why (:error); :state failed, or empty when nothing was to be recorded.
update recording set state = :state, error = :error, remarks = :remarks where id = :recording;

-- name: expect_transcript
-- Its words are to be found.
insert into transcript (recording_id, state, due_at) values (:recording, 'waiting', :now) on conflict do nothing;

-- name: call_times
-- What the weaving needs of a call.
select started_at, queued_at, answered_at, ended_at, outcome, coalesce(talked_ms, 0) as talked_ms, recovered, concluded
from call where id = :call;

-- name: spans
-- When each leg shared the caller's bridge; recovered: it was found there, and had come before.
select channel, joined_at, left_at, recovered from call_span where call_id = :call order by joined_at;

-- name: learn_answer
-- An answer that was only found afterwards was given when that agent's own recording began (:at).
with visit as (
  update queue_visit v set left_at = greatest(:at, v.entered_at) from call c
  where c.id = :call and c.recovered and c.answered_at > :at and :at >= coalesce(c.queued_at, c.started_at)
    and v.call_id = c.id and v.how = 'answered' and v.left_at = c.answered_at
)
update call set answered_at = :at, waited_ms = coalesce(floor(extract(epoch from :at - queued_at) * 1000), waited_ms)
where id = :call and recovered and answered_at > :at and :at >= coalesce(queued_at, started_at);

-- name: reopen_end
-- An end that was only concluded is taken back, with everything that ended in that moment.
with spans as (
  update call_span s set left_at = null from call c where c.id = :call and c.concluded and s.call_id = c.id and s.left_at >= c.ended_at
), legs as (
  update call_leg l set ended_at = null, outcome = nullif(l.outcome, 'cancelled'),
    rang_ms = case when l.outcome = 'cancelled' then null else l.rang_ms end
  from call c where c.id = :call and c.concluded and l.call_id = c.id and l.ended_at = c.ended_at
), visits as (
  update queue_visit v set left_at = null, how = null
  from call c where c.id = :call and c.concluded and v.call_id = c.id and v.how = 'lost' and v.left_at = c.ended_at
)
update call set ended_at = null, outcome = null, waited_ms = case when answered_at is null then null else waited_ms end
where id = :call and concluded;

-- name: settle_end
-- Nothing better will be known of this end.
update call set concluded = false where id = :call;

-- name: sharpen_answer
-- The diary cuts its seconds off; the recording of who answered began in that very moment (:at), or a tick of its clock later.
with visit as (
  update queue_visit v set left_at = greatest(:at, v.entered_at) from call c
  where c.id = :call and :at >= c.answered_at and :at < c.answered_at + interval '1.1 seconds' and :at >= c.queued_at
    and v.call_id = c.id and v.how = 'answered' and v.left_at = c.answered_at
)
update call set answered_at = :at, waited_ms = greatest(0, floor(extract(epoch from :at - queued_at) * 1000))
where id = :call and :at >= answered_at and :at < answered_at + interval '1.1 seconds' and :at >= queued_at;

-- name: known_calls
-- Of these, the calls we know.
select id from call where id = any(:calls::text[]);

-- name: calls_of_legs
-- Whose callers these legs have spoken with.
select channel, min(call_id) as call_id from call_span where channel = any(:channels::text[]) group by channel;

-- name: how_heard
-- The calls between :begin and :end: not settled yet, one of them badly (not as it happened), or all well.
select case when bool_or(ended_at is null) then 'not_yet' when bool_or(recovered) then 'badly' else 'well' end
from call where started_at < :end and started_at > :begin::timestamptz - interval '1 day' and coalesce(ended_at, :end) >= :begin;

-- name: adopt_call
-- A call that happened while nobody listened: all that is known is its sound, and from its files' names who began it. :recovered: it
-- tells of a gap in our hearing.
insert into call (id, number, number_sent, name_sent, dialled, direction, node, started_at, ended_at, outcome, recovered)
values (:call, '', '', '', '', :direction, :node, :began, :ended, 'lost', :recovered) on conflict (id) do nothing;

-- name: adopt_recording
-- Its sound is to be archived.
insert into recording (call_id, state, due_at) values (:call, 'waiting', :now) on conflict (call_id) do nothing;

-- name: expect_late_sound
-- Of these calls, those whose sound came after we had given it up are looked at again.
update recording set state = 'waiting', error = null, remarks = '{}', attempts = 0, due_at = :now
where call_id = any(:calls::text[]) and (state = 'empty' or (state = 'failed' and error = 'no_files'));

-- name: last_archived
-- When the last recording was archived that we know of.
select max(archived_at) from recording where state = 'archived';

-- name: archived_between
-- Recordings that begin in [:begin, :end), archived before :settled (and after they began), and where their sound should lie.
select call_id, object from recording
where state = 'archived' and starts_at >= :begin and starts_at < :end and archived_at >= :begin and archived_at < :settled;

-- name: expect_stored_sound
-- This call's sound is in the store: its row is to be written from it. No row comes back where that is under way, nor where the
-- spool has other sound under the same key: that waits for a person.
insert into recording (call_id, state, due_at) values (:call, 'waiting', :now)
on conflict (call_id) do update set state = 'waiting', error = null, remarks = '{}', attempts = 0, due_at = :now
where recording.state in ('failed', 'empty') and recording.error is distinct from 'key_taken' returning id;

-- name: expect_forgotten_recordings
-- Calls that began since :since, ended before :settled and have no recording's row.
insert into recording (call_id, state, due_at)
select c.id, 'waiting', :now from call c
where c.started_at >= :since and c.ended_at < :settled
  and not exists (select 1 from recording r where r.call_id = c.id)
on conflict (call_id) do nothing returning id;

-- name: expect_forgotten_transcripts
-- Recordings archived in [:since, :settled) that have no transcript's row.
insert into transcript (recording_id, state, due_at)
select r.id, 'waiting', :now from recording r
where r.state = 'archived' and r.archived_at >= :since and r.archived_at < :settled
  and not exists (select 1 from transcript x where x.recording_id = r.id)
on conflict (recording_id) do nothing returning recording_id;

-- name: archived_of
-- Of these calls, those whose sound is in the store, and of which files it was woven.
select call_id, object, bytes, sha256, legs, archived_at from recording where call_id = any(:calls::text[]) and state = 'archived';
