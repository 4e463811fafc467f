-- What rang for a person in the bell inbox: what happened, as a code and its values, and whether they have read it.
create table notice (
  id        bigint generated always as identity primary key,
  person_id bigint not null references person,
  code      text not null check (code ~ '^[a-z_]{1,40}$'),       -- what happened: services.inbox.model.Code
  cause     text not null check (length(cause) between 1 and 120), -- the very event: the same one never rings twice for a person
  ticket_id bigint not null references ticket,                    -- the case that it is about
  order_id  bigint references work_order,                         -- and the order, if it is about one
  by_id     bigint references person,                             -- who did it; null: the system
  details   jsonb not null default '{}',                          -- what the sentence names besides: a reason, a clock's rule, a time
  at        timestamptz not null,
  read_at   timestamptz,
  unique (person_id, cause)
);
create index notice_person on notice (person_id, id);
create index notice_unread on notice (person_id) where read_at is null;
create index notice_at on notice (at);
