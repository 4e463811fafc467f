-- name: queue_length
-- What waits to be archived and to be listened to, for the system page.
select (select count(*) from recording where state = 'waiting') as recordings,
       (select count(*) from transcript where state in ('waiting', 'running')) as transcripts,
       (select count(*) from transcript where state = 'failed' and finished_at > :since) as failed;
