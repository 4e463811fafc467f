-- name: release_transcripts
-- Claims of a process that is no more. The try is not counted: what ended it was the end of the application, not of the child that listened.
update transcript set due_at = :now, attempts = greatest(attempts - 1, 0), state = 'waiting', lease_until = null where state = 'running';

-- name: claim_transcript
-- The next recording to listen to: counted as tried before the try, nobody else's until :until.
update transcript set state = 'running', attempts = attempts + 1, lease_until = :until, due_at = :until
where recording_id = (
  select recording_id from transcript where state in ('waiting', 'running') and due_at <= :now and attempts < :tries
  order by due_at limit 1 for update skip locked)
returning recording_id, attempts, (select call_id from recording where id = recording_id) as call_id,
          (select object from recording where id = recording_id) as object;

-- name: give_up_overdue
-- Tried often enough and never finished: whoever tried died each time.
update transcript set state = 'failed', error = 'gave_up', finished_at = :now
where state in ('waiting', 'running') and due_at <= :now and attempts >= :tries
returning (select call_id from recording where id = recording_id) as call_id;

-- name: put_off_transcript
-- Try again at :until; :counts whether the try counts.
update transcript set state = 'waiting', due_at = :until, lease_until = null,
       attempts = case when :counts then attempts else greatest(attempts - 1, 0) end, error = :error
where recording_id = :recording and state = 'running';

-- name: finish_transcript
-- The words (or that there were none, or why not).
update transcript set state = :state, model = :model, utterances = :utterances, error = :error, finished_at = :at, lease_until = null where recording_id = :recording;

-- name: listeners
-- Whom a finished draft concerns: the ticket's owner, else who answered.
select t.id as ticket_id, coalesce(t.owner_id, c.answered_by) as person
from ticket t join call c on c.id = t.call_id where t.call_id = :call and t.state <> 'discarded';
