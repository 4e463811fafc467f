-- What the agent's place needs beside the call itself: repeated requests, holds and transfers, figures by day.

create table ticket_key (                              -- a repeated POST returns the first ticket
  person_id  bigint not null references person,
  key        text not null check (length(key) between 8 and 64),
  body       bytea not null,                           -- SHA-256 of the fields asked for: the same key with others is a conflict
  ticket_id  bigint not null references ticket,
  at         timestamptz not null,
  primary key (person_id, key)
);

create table call_turn (                               -- what an agent did with the caller: holds and transfers
  call_id text not null references call,
  at      timestamptz not null,
  kind    text not null check (kind in ('held', 'taken_back', 'blind', 'attended')),
  channel text not null default '',
  by_ext  text,
  to_ext  text not null default '',
  primary key (call_id, at, kind)
);

create index call_open on call (started_at) where ended_at is null;
create index call_leg_open on call_leg (call_id) where outcome is null;
create index transcript_recording_state on transcript (state, finished_at desc);
alter table call add column notice text not null default '';   -- which recording notice the caller heard: id and version

-- lists read one index from the newest on, whatever the filter
create index ticket_received on ticket (received_at desc, id desc);
drop index ticket_state;
create index ticket_state on ticket (state, received_at desc, id desc);
drop index ticket_owner;
create index ticket_owner on ticket (owner_id, state, received_at desc, id desc);
create index call_outcome on call (outcome, started_at desc, id desc);
