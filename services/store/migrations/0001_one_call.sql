-- One call from the first ring to the confirmed ticket. Times are UTC (timestamptz); durations whole milliseconds.
-- No extension is used: the embedded PostgreSQL has none.

-- people -------------------------------------------------------------------------------------------------------------
create table person (
  id             bigint generated always as identity primary key,
  login          text not null unique check (login ~ '^[a-z0-9][a-z0-9._-]{1,31}$'),
  name           text not null check (length(name) between 1 and 80),
  role           text not null check (role in ('administrator', 'junior_agent', 'qa_inspector')),
  extension      text unique check (extension ~ '^[0-9]{3,6}$'),
  phone_kind     text not null default 'browser' check (phone_kind in ('browser', 'sip')),
  phone_secret_n integer not null default 1,           -- which derived SIP secret is in force; the secret itself is never stored
  language       text not null default 'zh-CN' check (language in ('zh-CN', 'en')),
  password_hash  text not null,                        -- argon2id
  must_change    boolean not null default false,
  active         boolean not null default true,
  wanted_state   text not null default 'away' check (wanted_state in ('ready', 'paused', 'away')),
  wanted_reason  text not null default '',
  created_at     timestamptz not null
);

create table session (
  token_hash bytea primary key,                        -- SHA-256 of the cookie's token
  person_id  bigint not null references person,
  created_at timestamptz not null,
  seen_at    timestamptz not null,
  ended_at   timestamptz
);
create index session_person on session (person_id) where ended_at is null;

create table login_failure (
  key        text not null,                            -- 'login:<login>' or 'peer:<address>'
  at         timestamptz not null
);
create index login_failure_key on login_failure (key, at);

create table audit (
  id        bigint generated always as identity primary key,
  at        timestamptz not null,
  person_id bigint references person,                  -- null: the system, or somebody not logged in
  action    text not null,                             -- e.g. recording.listen, person.create, login.failed
  object    text not null,                             -- e.g. call:tingsu-1732400000.12
  detail    jsonb not null default '{}'
);
create index audit_object on audit (object, id);
create index audit_at on audit (at);
create function audit_is_append_only() returns trigger language plpgsql as $$
begin raise exception 'audit is append-only'; end $$;
create trigger audit_append_only before update or delete or truncate on audit
  for each statement execute function audit_is_append_only();

-- customers ----------------------------------------------------------------------------------------------------------
create table customer (
  id         bigint generated always as identity primary key,
  number     text not null unique check (number ~ '^[0-9]{3,20}$'),   -- normalised digits
  name       text not null,
  tier       text not null default 'normal' check (tier in ('normal', 'big', 'important', 'dedicated_line')),
  note       text not null default '',
  changed_at timestamptz not null
);

-- calls --------------------------------------------------------------------------------------------------------------
create table call (
  id          text primary key,                        -- cti.ids.CallId
  number      text not null,                           -- normalised digits, '' when withheld or unusable
  number_sent text not null,                           -- what the network sent, cut to 64 characters
  name_sent   text not null,                           -- likewise
  dialled     text not null,
  customer_id bigint references customer,
  language    text not null default 'zh-CN',
  ivr_path    text not null default '',
  queue       text,
  started_at  timestamptz not null,
  queued_at   timestamptz,
  answered_at timestamptz,
  answered_by bigint references person,
  ended_at    timestamptz,
  outcome     text check (outcome in ('answered', 'abandoned', 'ivr_hangup', 'refused', 'lost')),
  waited_ms   bigint,
  talked_ms   bigint,
  recovered   boolean not null default false,
  check ((ended_at is null) = (outcome is null))
);
create index call_started on call (started_at desc, id);
create index call_number on call (number, started_at desc) where number <> '';
create index call_queued on call (queue, queued_at);

create table call_leg (
  call_id      text not null references call,
  channel      text not null,                          -- cti.ids.ChannelId
  extension    text,
  person_id    bigint references person,
  rang_at      timestamptz,
  answered_at  timestamptz,
  ended_at     timestamptz,
  outcome      text check (outcome in ('answered', 'no_answer', 'rejected', 'cancelled')),
  rang_ms      bigint,
  primary key (call_id, channel)
);
create index call_leg_person on call_leg (person_id, rang_at desc);

create table call_span (                               -- when a person's leg shared the caller's bridge
  call_id   text not null references call,
  channel   text not null,
  joined_at timestamptz not null,
  left_at   timestamptz,
  primary key (call_id, channel, joined_at)
);

create table pop (
  id          text primary key,                        -- <call id>/<leg>: one offer, one pop
  person_id   bigint not null references person,
  call_id     text not null,
  seq         bigint not null,
  offered_at  timestamptz not null,
  sent_at     timestamptz,
  enriched_at timestamptz,
  received_at timestamptz,                             -- acknowledged by the browser: server's clock
  shown_ms    integer,                                 -- browser's own figure: message received to painted
  ended_at    timestamptz,
  ended_how   text
);
create index pop_person on pop (person_id, seq desc);
create index pop_call on pop (call_id);

create table journal_cursor (                          -- how far the file of changes has been applied
  journal  text primary key,
  position bigint not null
);

-- recordings and transcripts --------------------------------------------------------------------------------------------
create table recording (
  id          bigint generated always as identity primary key,
  call_id     text not null unique references call,
  state       text not null check (state in ('waiting', 'archived', 'failed', 'empty')),
  object      text,                                    -- key in the store
  peaks       text,                                    -- key in the store
  sha256      bytea,
  bytes       bigint,
  duration_ms bigint,
  sample_rate integer,
  starts_at   timestamptz,                             -- wall time of the first sample
  legs        jsonb not null default '[]',             -- files it was woven from: channel, role, start, length, remarks
  remarks     text[] not null default '{}',            -- repaired_header, short, silent_caller, silent_agent, truncated …
  error       text,
  attempts    integer not null default 0,
  due_at      timestamptz not null,                    -- when the intake looks at it (again)
  archived_at timestamptz
);
create index recording_due on recording (due_at) where state = 'waiting';

create table transcript (
  recording_id bigint primary key references recording,
  state        text not null check (state in ('waiting', 'running', 'done', 'no_speech', 'failed')),
  attempts     integer not null default 0,             -- counted before each try: a try that kills its worker counts
  due_at       timestamptz not null,
  lease_until  timestamptz,
  model        text,
  utterances   jsonb not null default '[]',            -- recordings.transcript: speaker, start, end, words with conf
  error        text,
  finished_at  timestamptz
);
create index transcript_due on transcript (due_at) where state in ('waiting', 'running');

-- classes and lexicon (SPEC S2, S3): data that a centre edits -----------------------------------------------------------
create table category (
  list     text not null check (list in ('kind', 'business', 'nature', 'suggestion')),
  code     text not null check (code ~ '^[a-z0-9_]{1,40}$'),
  zh       text not null,
  en       text not null,
  position integer not null default 0,
  active   boolean not null default true,
  primary key (list, code)
);

create table lexicon_term (
  list   text not null,
  code   text not null,
  term   text not null check (length(term) between 1 and 40),
  weight real not null default 1 check (weight > 0 and weight <= 10),
  primary key (list, code, term),
  foreign key (list, code) references category
);

-- tickets -----------------------------------------------------------------------------------------------------------------
create table ticket_counter (
  month text primary key check (month ~ '^[0-9]{4}-[0-9]{2}$'),
  last  integer not null
);

create table ticket (
  id               bigint generated always as identity primary key,
  number           text unique check (number ~ '^T[0-9]{4}-[0-9]{2}-[0-9]{6}$'),  -- given at confirmation
  state            text not null check (state in ('draft', 'open', 'closed', 'discarded')),
  version          integer not null default 1,
  call_id          text references call,
  customer_id      bigint references customer,
  customer_number  text not null default '',
  customer_name    text not null default '',
  kind             text,
  business         text,
  nature           text,
  suggestion       text,
  description      text not null default '' check (length(description) <= 10000),
  address          text not null default '' check (length(address) <= 400),
  contact_number   text not null default '' check (length(contact_number) <= 40),
  answer           text not null default '' check (length(answer) <= 10000),
  sources          jsonb not null default '{}',        -- field -> who filled it, evidence, sure (services.tickets.model)
  received_at      timestamptz not null,               -- the clocks of SPEC count from here
  created_by       bigint references person,           -- null: the system
  owner_id         bigint references person,
  confirmed_at     timestamptz,
  confirmed_by     bigint references person,
  changed_at       timestamptz not null,
  check ((state in ('draft', 'discarded')) = (number is null))
);
create unique index ticket_call on ticket (call_id) where call_id is not null and state <> 'discarded';
create index ticket_customer on ticket (customer_number, received_at desc) where customer_number <> '';
create index ticket_state on ticket (state, received_at desc, id);
create index ticket_owner on ticket (owner_id, state);

create table ticket_journal (
  ticket_id bigint not null references ticket,
  seq       integer not null,                          -- 1, 2, 3 … without gaps: equals the ticket's version after the change
  at        timestamptz not null,
  person_id bigint references person,
  action    text not null,
  changes   jsonb not null,                            -- field -> [before, after]
  note      text not null default '',
  primary key (ticket_id, seq)
);
create trigger ticket_journal_append_only before update or delete or truncate on ticket_journal
  for each statement execute function audit_is_append_only();
