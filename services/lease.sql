-- name: look
-- Who holds the lease.
select epoch, beats, holder, process from lease;

-- name: take
-- It is ours if it stands as it was seen (:seen_epoch, :seen_beats); :epoch is more than any epoch we have ever seen.
update lease set epoch = :epoch, beats = beats + 1, holder = :holder, process = :process, taken_at = clock_timestamp()
where epoch = :seen_epoch and beats = :seen_beats and process = :seen_process returning epoch, beats;

-- name: beat
-- We live; and does anybody (:stands_by) wait for us to die? No row: it is not ours any more, or the database is older than that.
update lease set beats = beats + 1 where epoch = :epoch and process = :process returning beats, exists (
  select from pg_stat_activity where datname = current_database() and application_name = :stands_by) as watched;

-- name: rename
-- What the server calls this connection from now on.
select set_config('application_name', :name, false);

-- name: give_back
-- An orderly end: whoever waits need not wait until we count as dead.
update lease set holder = '', process = '' where epoch = :epoch and process = :process;

-- name: in_force
-- Whether an epoch is the present one.
select epoch = :epoch from lease;

-- name: cut_off
-- Whatever an earlier holder has under way is rolled back, and it must ask anew: its connections are named by its process.
select count(pg_terminate_backend(pid)) from pg_stat_activity
where datname = current_database() and usename = current_user and application_name like :all_of_ours and application_name <> :own;
