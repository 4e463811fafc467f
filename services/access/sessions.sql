-- name: begin
-- A new session; only the hash of its token is kept.
insert into session (token_hash, person_id, created_at, seen_at) values (:session, :person, :at, :at);

-- name: who
-- The session and its person, if both are in force: not ended, not idle too long, not too old, account active.
select session.seen_at, session.created_at,
       person.id, person.login, person.name, person.roles, person.extension, person.phone_kind, person.phone_secret_n,
       person.language, person.must_change, person.active, person.queues, person.department_id
from session join person on person.id = session.person_id
where session.token_hash = :session and session.ended_at is null and session.seen_at > :idle_since and session.created_at > :begun_since and person.active;

-- name: seen
-- The person is still there.
update session set seen_at = :at where token_hash = :session and ended_at is null;

-- name: alive
-- Of these sessions, those in force.
select session.token_hash from session join person on person.id = session.person_id
where session.token_hash = any(:sessions::bytea[]) and session.ended_at is null and session.seen_at > :idle_since and session.created_at > :begun_since and person.active;

-- name: seen_all
-- The desks of these sessions are open.
update session set seen_at = :at where token_hash = any(:sessions::bytea[]) and ended_at is null and seen_at < :seen_before;

-- name: end_one
-- Log out.
update session set ended_at = :at where token_hash = :session and ended_at is null;

-- name: end_all
-- End every session of a person, except one (or none).
update session set ended_at = :at
where person_id = :person and ended_at is null and (:but::bytea is null or token_hash <> :but);

-- name: forget
-- Sessions long over; the audit remembers the logins.
delete from session where created_at < :before;
