-- name: show
-- What could not be done, the newest first: recordings, transcripts, mails, and accounts with a role that is none of :roles; at most :limit.
select * from (
  select 'recording' as kind, r.id::text as id, r.call_id as thing, coalesce(r.error, '') as reason, r.due_at as since
  from recording r where r.state = 'failed'
  union all
  select 'transcript', x.recording_id::text, r.call_id, coalesce(x.error, ''), coalesce(x.finished_at, x.due_at)
  from transcript x join recording r on r.id = x.recording_id where x.state = 'failed'
  union all
  select 'mail', m.id::text, coalesce(w.number, ''), coalesce(m.error, ''), m.due_at
  from mail m join work_order w on w.id = m.order_id where m.state = 'failed'
  union all
  select 'account', p.id::text, p.login, 'role', p.created_at from person p where not (p.roles <@ :roles::text[])
) found order by since desc, kind, id limit :limit;

-- name: retry_recordings
-- One that failed (:recording), or all (null), as if never tried.
update recording set state = 'waiting', error = null, remarks = '{}', attempts = 0, due_at = :now
where state = 'failed' and (:recording::bigint is null or id = :recording) returning id;

-- name: retry_transcripts
-- Likewise.
update transcript set state = 'waiting', error = null, attempts = 0, due_at = :now, finished_at = null
where state = 'failed' and (:recording::bigint is null or recording_id = :recording) returning recording_id;

-- name: retry_mails
-- Likewise; made now, so that it is tried for as long as a new one.
update mail set state = 'waiting', error = null, attempts = 0, due_at = :now, made_at = :now
where state = 'failed' and (:mail::bigint is null or id = :mail) returning id;
