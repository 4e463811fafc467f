-- name: look
-- Who holds the lease.
select epoch, beats, holder, process from lease;

-- name: take
-- It is ours if it stands as it was seen ($1, $2); $3 is more than any epoch we have ever seen.
update lease set epoch = $3, beats = beats + 1, holder = $4, process = $5, taken_at = clock_timestamp()
where epoch = $1 and beats = $2 and process = $6 returning epoch, beats;

-- name: beat
-- We live. No row: it is not ours any more, or the database is older than that.
update lease set beats = beats + 1 where epoch = $1 and process = $2 returning beats;

-- name: give_back
-- An orderly end: whoever waits need not wait until we count as dead.
update lease set holder = '', process = '' where epoch = $1 and process = $2;

-- name: in_force
-- Whether an epoch is the present one.
select epoch = $1 from lease;

-- name: cut_off
-- Whatever an earlier holder has under way is rolled back, and it must ask anew: its connections are named by its process.
select count(pg_terminate_backend(pid)) from pg_stat_activity
where datname = current_database() and usename = current_user and application_name like $1 and application_name <> $2;
