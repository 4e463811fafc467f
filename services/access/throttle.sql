-- name: lock
-- Tries with the same key are counted one after the other: a burst of parallel guesses is a burst, not one guess.
select pg_advisory_xact_lock(:kind, hashtext(:key));

-- name: count
-- Tries of a key since a moment, and the oldest of them.
select count(*) as tries, min(at) as oldest from login_failure where key = :key and at > :since;

-- name: add
-- One more try; it counts as a failure until the right password clears it.
insert into login_failure (key, at) values (:key, :at);

-- name: clear_login
-- The right password was given: this login's failures are forgotten.
delete from login_failure where key = :key;

-- name: clear_try
-- The right password was given: this one try of the peer was none. Its failures stay.
delete from login_failure where ctid = (select ctid from login_failure where key = :key and at = :at limit 1);

-- name: forget
-- Failures too old to count.
delete from login_failure where at < :before;

-- name: clear_person
-- An administrator has given a new password: whatever was counted for the login counts no more, from all addresses together, from
-- each and from known browsers.
delete from login_failure where key = :all or starts_with(key, :addresses) or starts_with(key, :browsers);
