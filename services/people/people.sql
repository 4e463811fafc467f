-- name: by_login
-- The account behind a login, with what is needed to check its password.
select id, login, name, role, extension, phone_kind, phone_secret_n, language, must_change, active, password_hash
from person where login = $1;

-- name: by_id
-- One account.
select id, login, name, role, extension, phone_kind, phone_secret_n, language, must_change, active
from person where id = $1;

-- name: lock_by_id
-- One account, kept still until the transaction ends.
select id, login, name, role, extension, phone_kind, phone_secret_n, language, must_change, active
from person where id = $1 for update;

-- name: everybody
-- All accounts, for the list and for the switch's endpoints.
select id, login, name, role, extension, phone_kind, phone_secret_n, language, must_change, active
from person order by login;

-- name: insert
-- A new account.
insert into person (login, name, role, extension, phone_kind, language, password_hash, must_change, created_at, phone_secret_n)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
returning id;

-- name: next_secret
-- The number of an extension's next SIP secret, never used before by whoever had it.
insert into phone_secret (extension, last) values ($1, 1)
on conflict (extension) do update set last = phone_secret.last + 1 returning last;

-- name: update
-- Everything of an account that an administrator changes.
update person set name = $2, role = $3, extension = $4, phone_kind = $5, language = $6, active = $7, phone_secret_n = $8
where id = $1;

-- name: set_password
-- A new password hash; must_change when somebody else chose the password.
update person set password_hash = $2, must_change = $3 where id = $1;

-- name: password_of
-- The hash to check a person's present password against.
select password_hash from person where id = $1;

-- name: set_language
-- The person's own choice.
update person set language = $2 where id = $1;

-- name: lock_administrators
-- All active administrators, kept still in one order: two who demote each other at once must not both succeed.
select id from person where role = 'administrator' and active order by id for update;

-- name: any_administrator
-- Is there an active administrator at all?
select exists (select from person where role = 'administrator' and active);

-- name: tell_phones_changed
-- Wake whoever writes the switch's files: who has which phone is no longer what it was.
select pg_notify('phones_changed', $1::text);
