-- name: release_recordings
-- Claims of a process that is no more.
update recording set due_at = $1 where state = 'waiting' and due_at > $1;

-- name: release_transcripts
-- Likewise. The try is not counted: what ended it was the end of the application, not of the child that listened.
update transcript set due_at = $1, attempts = greatest(attempts - 1, 0), state = 'waiting', lease_until = null where state = 'running';

-- name: claim_recording
-- The next call whose sound lies in the spool: counted as tried, and nobody else's until $2.
update recording set attempts = attempts + 1, due_at = $2
where id = (select id from recording where state = 'waiting' and due_at <= $1 order by due_at limit 1 for update skip locked)
returning id, call_id, attempts;

-- name: put_off_recording
-- Look at it again at $2; $3 whether the try counts, $4 what stood in the way.
update recording set due_at = $2, attempts = case when $3 then attempts else greatest(attempts - 1, 0) end, error = $4
where id = $1 and state = 'waiting';

-- name: archive_recording
-- The sound is durable in the store.
update recording set state = 'archived', object = $2, peaks = $3, sha256 = $4, bytes = $5, duration_ms = $6, sample_rate = $7, starts_at = $8,
       legs = $9, remarks = $10, error = null, archived_at = $11
where id = $1;

-- name: give_up_recording
-- No sound will come of it, and why ($3); $2 failed, or empty when nothing was to be recorded.
update recording set state = $2, error = $3, remarks = $4 where id = $1;

-- name: expect_transcript
-- Its words are to be found.
insert into transcript (recording_id, state, due_at) values ($1, 'waiting', $2) on conflict do nothing;

-- name: call_times
-- What the weaving needs of a call.
select started_at, queued_at, answered_at, ended_at, outcome, coalesce(talked_ms, 0) as talked_ms, recovered, concluded
from call where id = $1;

-- name: spans
-- When each leg shared the caller's bridge; recovered: it was found there, and had come before.
select channel, joined_at, left_at, recovered from call_span where call_id = $1 order by joined_at;

-- name: learn_answer
-- An answer that was only found afterwards was given when that agent's own recording began ($2).
update call set answered_at = $2, waited_ms = coalesce(floor(extract(epoch from $2 - queued_at) * 1000), waited_ms)
where id = $1 and recovered and answered_at > $2 and $2 >= coalesce(queued_at, started_at);

-- name: reopen_end
-- An end that was only concluded is taken back, with everything that ended in that moment.
with spans as (
  update call_span s set left_at = null from call c where c.id = $1 and c.concluded and s.call_id = c.id and s.left_at >= c.ended_at
), legs as (
  update call_leg l set ended_at = null, outcome = nullif(l.outcome, 'cancelled'),
    rang_ms = case when l.outcome = 'cancelled' then null else l.rang_ms end
  from call c where c.id = $1 and c.concluded and l.call_id = c.id and l.ended_at = c.ended_at
)
update call set ended_at = null, outcome = null, waited_ms = case when answered_at is null then null else waited_ms end
where id = $1 and concluded;

-- name: settle_end
-- Nothing better will be known of this end.
update call set concluded = false where id = $1;

-- name: sharpen_answer
-- The diary cuts its seconds off; the recording of who answered began in that very moment ($2), or a tick of its clock later.
update call set answered_at = $2, waited_ms = greatest(0, floor(extract(epoch from $2 - queued_at) * 1000))
where id = $1 and $2 >= answered_at and $2 < answered_at + interval '1.1 seconds' and $2 >= queued_at;

-- name: claim_transcript
-- The next recording to listen to: counted as tried before the try, nobody else's until $2.
update transcript set state = 'running', attempts = attempts + 1, lease_until = $2, due_at = $2
where recording_id = (
  select recording_id from transcript where state in ('waiting', 'running') and due_at <= $1 and attempts < $3
  order by due_at limit 1 for update skip locked)
returning recording_id, attempts, (select call_id from recording where id = recording_id) as call_id,
          (select object from recording where id = recording_id) as object;

-- name: give_up_overdue
-- Tried often enough and never finished: whoever tried died each time.
update transcript set state = 'failed', error = 'gave_up', finished_at = $1
where state in ('waiting', 'running') and due_at <= $1 and attempts >= $2
returning (select call_id from recording where id = recording_id) as call_id;

-- name: put_off_transcript
-- Try again at $2; $3 whether the try counts.
update transcript set state = 'waiting', due_at = $2, lease_until = null,
       attempts = case when $3 then attempts else greatest(attempts - 1, 0) end, error = $4
where recording_id = $1 and state = 'running';

-- name: finish_transcript
-- The words (or that there were none, or why not).
update transcript set state = $2, model = $3, utterances = $4, error = $5, finished_at = $6, lease_until = null where recording_id = $1;

-- name: known_calls
-- Of these, the calls we know.
select id from call where id = any($1::text[]);

-- name: calls_of_legs
-- Whose callers these legs have spoken with.
select channel, min(call_id) as call_id from call_span where channel = any($1::text[]) group by channel;

-- name: how_heard
-- The calls between $1 and $2: not settled yet, one of them badly (not as it happened), or all well.
select case when bool_or(ended_at is null) then 'not_yet' when bool_or(recovered) then 'badly' else 'well' end
from call where started_at < $2 and started_at > $1::timestamptz - interval '1 day' and coalesce(ended_at, $2) >= $1;

-- name: adopt_call
-- A call that happened while nobody listened: all that is known is its sound. $4: it tells of a gap in our hearing.
insert into call (id, number, number_sent, name_sent, dialled, started_at, ended_at, outcome, recovered)
values ($1, '', '', '', '', $2, $3, 'lost', $4) on conflict (id) do nothing;

-- name: adopt_recording
-- Its sound is to be archived.
insert into recording (call_id, state, due_at) values ($1, 'waiting', $2) on conflict (call_id) do nothing;

-- name: expect_late_sound
-- Of these calls, those whose sound came after we had given it up are looked at again.
update recording set state = 'waiting', error = null, remarks = '{}', attempts = 0, due_at = $2
where call_id = any($1::text[]) and (state = 'empty' or (state = 'failed' and error = 'no_files'));

-- name: last_archived
-- When the last recording was archived that we know of.
select max(archived_at) from recording where state = 'archived';

-- name: archived_between
-- Recordings that begin in [$1, $2), archived before $3 (and after they began), and where their sound should lie.
select call_id, object from recording
where state = 'archived' and starts_at >= $1 and starts_at < $2 and archived_at >= $1 and archived_at < $3;

-- name: expect_stored_sound
-- This call's sound is in the store: its row is to be written from it. No row comes back where that is under way, nor where the
-- spool has other sound under the same key: that waits for a person.
insert into recording (call_id, state, due_at) values ($1, 'waiting', $2)
on conflict (call_id) do update set state = 'waiting', error = null, remarks = '{}', attempts = 0, due_at = $2
where recording.state in ('failed', 'empty') and recording.error is distinct from 'key_taken' returning id;

-- name: expect_forgotten_recordings
-- Calls that began since $3, ended before $2 and have no recording's row.
insert into recording (call_id, state, due_at)
select c.id, 'waiting', $1 from call c
where c.started_at >= $3 and c.ended_at < $2
  and not exists (select 1 from recording r where r.call_id = c.id)
on conflict (call_id) do nothing returning id;

-- name: expect_forgotten_transcripts
-- Recordings archived in [$3, $2) that have no transcript's row.
insert into transcript (recording_id, state, due_at)
select r.id, 'waiting', $1 from recording r
where r.state = 'archived' and r.archived_at >= $3 and r.archived_at < $2
  and not exists (select 1 from transcript x where x.recording_id = r.id)
on conflict (recording_id) do nothing returning recording_id;

-- name: archived_of
-- Of these calls, those whose sound is in the store, and of which files it was woven.
select call_id, object, bytes, sha256, legs, archived_at from recording where call_id = any($1::text[]) and state = 'archived';

-- name: listeners
-- Whom a finished draft concerns: the ticket's owner, else who answered.
select t.id as ticket_id, coalesce(t.owner_id, c.answered_by) as person
from ticket t join call c on c.id = t.call_id where t.call_id = $1 and t.state <> 'discarded';

-- name: categories
-- All classes in their order.
select list, code, zh, en, position, active from category order by list, position, code;

-- name: terms
-- All terms; a weight as it was written (0.8), not as four bytes hold it (0.800000011920929).
select list, code, term, round(weight::numeric, 4)::float8 as weight from lexicon_term order by list, code, term;

-- name: forget_terms
-- Before the new ones are written.
delete from lexicon_term;

-- name: forget_categories
-- Before the new ones are written; tickets keep the codes they have.
delete from category;

-- name: write_category
-- One class.
insert into category (list, code, zh, en, position, active) values ($1, $2, $3, $4, $5, $6);

-- name: write_term
-- One term.
insert into lexicon_term (list, code, term, weight) values ($1, $2, $3, $4);

-- name: lock_lexicon
-- One editor at a time.
lock table category, lexicon_term in share row exclusive mode;

-- name: queue_length
-- What waits to be archived and to be listened to, for the system page.
select (select count(*) from recording where state = 'waiting') as recordings,
       (select count(*) from transcript where state in ('waiting', 'running')) as transcripts,
       (select count(*) from transcript where state = 'failed' and finished_at > $1) as failed;
