-- part: account
-- Everything of an account but its password's hash.
id, login, name, roles, extension, phone_kind, phone_secret_n, language, must_change, active, queues, department_id;

-- name: by_login
-- The account behind a login, with what is needed to check its password.
select {account}, password_hash
from person where login = :login and not by_link;

-- name: by_id
-- One account.
select {account}
from person where id = :person and not by_link;

-- name: lock_by_id
-- One account, kept still until the transaction ends.
select {account}
from person where id = :person and not by_link for no key update;

-- name: everybody
-- All accounts of people, for the list and for the switch's endpoints.
select {account}
from person where not by_link order by login;

-- name: insert
-- A new account.
insert into person (login, name, roles, extension, phone_kind, language, password_hash, must_change, created_at, phone_secret_n, queues, department_id)
values (:login, :name, :roles, :extension, :phone_kind, :language, :password_hash, :must_change, :at, :phone_secret_n, :queues, :department)
returning id;

-- name: next_secret
-- The number of an extension's next SIP secret, never used before by whoever had it.
insert into phone_secret (extension, last) values (:extension, 1)
on conflict (extension) do update set last = phone_secret.last + 1 returning last;

-- name: update
-- Everything of an account that an administrator changes.
update person set name = :name, roles = :roles, extension = :extension, phone_kind = :phone_kind, language = :language, active = :active, phone_secret_n = :phone_secret_n,
  queues = :queues, department_id = :department
where id = :person;

-- name: set_password
-- A new password hash; must_change when somebody else chose the password.
update person set password_hash = :password_hash, must_change = :must_change where id = :person;

-- name: password_of
-- The hash to check a person's present password against.
select password_hash from person where id = :person;

-- name: set_language
-- The person's own choice.
update person set language = :language where id = :person;

-- name: lock_administrators
-- All active administrators, kept still in one order: two who demote each other at once must not both succeed.
select id from person where 'administrator' = any(roles) and active order by id for no key update;

-- name: department
-- Whether there is such a department.
select exists (select from department where id = :department);

-- name: any_administrator
-- Is there an active administrator at all?
select exists (select from person where 'administrator' = any(roles) and active);
