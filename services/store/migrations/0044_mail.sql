-- What leaves by e-mail: a row in the transaction of its cause, sent afterwards. It holds neither the address nor the text: both are
-- made when it is sent, and the link in it is in no row at all.
create table mail (
  id       bigint generated always as identity primary key,
  cause    text not null unique,                         -- 'order:12:4': an order and its version; one cause, one mail
  kind     text not null,                                -- what happened, in the words of the order's journal
  order_id bigint not null references work_order,
  made_at  timestamptz not null,
  state    text not null default 'waiting' check (state in ('waiting', 'sending', 'sent', 'failed', 'dropped')),
  attempts integer not null default 0,
  due_at   timestamptz not null,
  error    text,
  sent_at  timestamptz
);
create index mail_due on mail (due_at) where state in ('waiting', 'sending');
create index mail_failed on mail (due_at) where state = 'failed';
create index mail_order on mail (order_id) where state in ('waiting', 'sending');

-- Where a department is told of its orders; empty: nowhere.
alter table department add column email text not null default '' check (length(email) <= 254);

-- Who answers by a link is nobody whom we know by name: what they do stands under an account of their department that has no role, no
-- password and no log-in (its name has a character that no log-in may have).
alter table person add column by_link boolean not null default false;
alter table person drop constraint person_login_check;
alter table person add constraint person_login_check check (case when by_link then login ~ '^link:[0-9]+$' else login ~ '^[a-z0-9][a-z0-9._-]{1,31}$' end);
alter table person drop constraint person_roles_check;
alter table person add constraint person_roles_check check (
  (cardinality(roles) > 0 or by_link) and roles <@ array['administrator', 'junior_agent', 'text_entry_clerk', 'recording_extractor', 'senior_agent',
    'surveyor', 'data_administrator', 'qa_inspector', 'statistician', 'shift_leader', 'manager', 'department_officer']);
alter table person drop constraint person_department_check;
alter table person add constraint person_department_check check (
  case when by_link then cardinality(roles) = 0 and not active and extension is null and department_id is not null
       when 'department_officer' = any(roles) then cardinality(roles) = 1 and department_id is not null
       else department_id is null end);
create unique index person_link on person (department_id) where by_link;

-- A link to one order, by the SHA-256 of its token alone: a copy of the database opens nothing.
create table order_link (
  token_hash bytea primary key check (length(token_hash) = 32),
  order_id   bigint not null references work_order,
  mail_id    bigint not null references mail,
  person_id  bigint not null references person,          -- the department's account for links
  made_at    timestamptz not null,
  ends_at    timestamptz not null,
  over_at    timestamptz                                 -- the department has answered, or the order was withdrawn
);
create index order_link_order on order_link (order_id) where over_at is null;
