-- Supplementary appeals (补充申诉, SPEC A5): what a customer adds to a case. None ever goes.
create table appeal (
  id         bigint generated always as identity primary key,
  ticket_id  bigint not null references ticket,
  call_id    text references call,                     -- by which the customer came back
  text       text not null check (length(trim(text)) between 1 and 10000),
  state      text not null check (state in ('open', 'answered', 'chased', 'withdrawn', 'dropped')),
  version    integer not null default 1,
  author_id  bigint not null references person,
  made_at    timestamptz not null,
  while_open boolean not null,                         -- the case was open then: it is not finished (A4)
  answer     text not null default '' check (length(answer) <= 10000),
  paper_id   bigint references outgoing,               -- the chase or withdrawal that it led to
  settled_by bigint references person,
  settled_at timestamptz,
  check ((state = 'open') = (settled_at is null) and (state = 'open') = (settled_by is null)),
  check ((state in ('chased', 'withdrawn')) = (paper_id is not null)),
  check (state = 'open' or length(trim(answer)) > 0)
);
create index appeal_ticket on appeal (ticket_id, id);

-- An appeal that is sent again, because its answer was lost, returns the first one and makes no second.
create table appeal_key (
  person_id bigint not null references person,
  key       text not null check (key ~ '^[A-Za-z0-9-]{8,64}$'),
  body      bytea not null,                            -- digest of what was asked: another body with the same key is refused
  appeal_id bigint not null references appeal,
  at        timestamptz not null,
  primary key (person_id, key)
);

-- A call by which a customer added something to a case is about it.
alter table ticket_call drop constraint ticket_call_why_check;
alter table ticket_call add constraint ticket_call_why_check check (why in ('origin', 'call_back', 'appeal'));
