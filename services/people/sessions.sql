-- name: begin
-- A new session; only the hash of its token is kept.
insert into session (token_hash, person_id, created_at, seen_at) values ($1, $2, $3, $3);

-- name: who
-- The session and its person, if both are in force: not ended, not idle too long, not too old, account active.
select session.seen_at, session.created_at,
       person.id, person.login, person.name, person.role, person.extension, person.phone_kind, person.phone_secret_n,
       person.language, person.must_change, person.active
from session join person on person.id = session.person_id
where session.token_hash = $1 and session.ended_at is null and session.seen_at > $2 and session.created_at > $3 and person.active;

-- name: seen
-- The person is still there.
update session set seen_at = $2 where token_hash = $1 and ended_at is null;

-- name: alive
-- Of these sessions, those in force.
select session.token_hash from session join person on person.id = session.person_id
where session.token_hash = any($1::bytea[]) and session.ended_at is null and session.seen_at > $2 and session.created_at > $3 and person.active;

-- name: seen_all
-- The desks of these sessions are open.
update session set seen_at = $2 where token_hash = any($1::bytea[]) and ended_at is null and seen_at < $3;

-- name: end_one
-- Log out.
update session set ended_at = $2 where token_hash = $1 and ended_at is null;

-- name: end_all
-- End every session of a person, except one (or none).
update session set ended_at = $2
where person_id = $1 and ended_at is null and ($3::bytea is null or token_hash <> $3);

-- name: tell
-- Wake whoever holds websockets of this person: they ask again whether their session is in force.
select pg_notify('session_ended', $1::text);

-- name: forget
-- Sessions long over; the audit remembers the logins.
delete from session where created_at < $1;
