-- name: object_of
-- Where the sound of a recording lies in the store.
select object from recording where id = :recording;

-- name: finish_transcript
-- The words (or that there were none, or why not).
update transcript set state = :state, model = :model, utterances = :utterances, error = :error, finished_at = :at where recording_id = :recording;

-- name: listeners
-- Whom a finished draft concerns: the ticket's owner, else who answered.
select t.id as ticket_id, coalesce(t.owner_id, c.answered_by) as person
from ticket t join call c on c.id = t.call_id where t.call_id = :call and t.state <> 'discarded';
