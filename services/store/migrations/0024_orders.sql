-- Work orders (工单): what a service department is asked to do about a ticket, and what passes the second review before it leaves
-- (SPEC A6, N2–N5, O7, O8).
create table order_counter (
  month text primary key check (month ~ '^[0-9]{4}-[0-9]{2}$'),
  last  integer not null
);

create table work_order (
  id            bigint generated always as identity primary key,
  number        text unique check (number ~ '^W[0-9]{4}-[0-9]{2}-[0-9]{6}$'),       -- given when it leaves
  ticket_id     bigint not null references ticket,
  department_id bigint not null references department,
  leads       boolean not null,                      -- else it assists the leading one
  second_of     bigint references work_order,          -- a second dispatch (二次派单): the order whose remedy was found wanting
  state         text not null check (state in ('proposed', 'issued', 'accepted', 'refused', 'returned', 'done', 'withdrawn', 'dropped')),
  version       integer not null default 1,
  author_id     bigint not null references person,
  made_at       timestamptz not null,
  task          text not null check (length(task) between 1 and 10000),
  urgent        boolean not null default false,        -- 加急
  hours         integer not null check (hours between 1 and 2160),
  due_at        timestamptz,                           -- counted from when it left, not from its acceptance (O8)
  issued_at     timestamptz,
  accepted_at   timestamptz,
  refusals      integer not null default 0,
  binding       boolean not null default false,        -- the final arbiter (终审) has decided: it cannot be sent back again
  answer        text not null default '' check (length(answer) <= 10000),
  returned_at   timestamptz,
  ended_at      timestamptz,
  check ((state in ('proposed', 'dropped')) = (number is null)),
  check ((number is null) = (issued_at is null) and (number is null) = (due_at is null)),
  check ((state in ('done', 'withdrawn', 'dropped')) = (ended_at is not null))
);
create index work_order_ticket on work_order (ticket_id, id);
create index work_order_department on work_order (department_id, state, due_at, id);
create index work_order_open on work_order (state, due_at, id) where state not in ('done', 'withdrawn', 'dropped');
create unique index work_order_one_leading on work_order (ticket_id) where leads and state not in ('done', 'withdrawn', 'dropped');

create table order_journal (
  order_id  bigint not null references work_order,
  seq       integer not null,                          -- equals the order's version after the change
  at        timestamptz not null,
  person_id bigint references person,                  -- null: the system
  action    text not null,
  changes   jsonb not null,
  note      text not null default '',
  primary key (order_id, seq)
);
create trigger order_journal_append_only before update or delete or truncate on order_journal
  for each statement execute function audit_is_append_only();

-- What leaves the centre: a dispatch, a chase, a withdrawal. Each is one paper with one author; a change of it is another version.
create table outgoing (
  id         bigint generated always as identity primary key,
  order_id   bigint not null references work_order,
  verb       text not null check (verb in ('dispatch', 'chase', 'withdraw')),
  version    integer not null default 1,
  state      text not null check (state in ('waiting', 'sent_back', 'left', 'dropped')),
  author_id  bigint not null references person,
  task       text not null check (length(task) between 1 and 10000),
  urgent     boolean not null,
  hours      integer check (hours between 1 and 2160), -- a dispatch's: counted from when it leaves
  until      timestamptz,                              -- a chase's new deadline; null: the deadline stays
  reason     text not null default '' check (length(reason) <= 400),
  written_at timestamptz not null,                     -- this version of it
  ended_at   timestamptz,
  check ((state in ('left', 'dropped')) = (ended_at is not null)),
  check ((verb = 'dispatch') = (hours is not null) and (verb = 'chase' or until is null)),
  check (verb = 'dispatch' or length(trim(reason)) > 0)
);
create index outgoing_order on outgoing (order_id, id);
create index outgoing_waiting on outgoing (written_at, id) where state = 'waiting';
create unique index outgoing_one_open on outgoing (order_id) where state in ('waiting', 'sent_back');

-- A second review (二次审核) is of one version of one paper, by another person, and stays as it was given.
create table review (
  id          bigint generated always as identity primary key,
  outgoing_id bigint not null references outgoing,
  version     integer not null,
  person_id   bigint not null references person,
  verdict     text not null check (verdict in ('approve', 'send_back', 'answer')),
  reason      text not null default '' check (length(reason) <= 400),
  at          timestamptz not null,
  unique (outgoing_id, version),                       -- one review a version, the first one's
  check (verdict = 'approve' or length(trim(reason)) > 0)
);
create trigger review_append_only before update or delete or truncate on review
  for each statement execute function audit_is_append_only();

-- Who may review is who may let an order out: services.access.rights says the same, and a test compares the two.
create function is_reviewer(who bigint) returns boolean language sql stable as $$
  select exists (select from person where id = who and active and roles && array['senior_agent', 'manager'])
$$;

create function review_is_anothers() returns trigger language plpgsql as $$
declare paper outgoing;
begin
  select * into paper from outgoing where id = new.outgoing_id for update;
  if paper.state <> 'waiting' or paper.version <> new.version then
    raise exception 'this version does not wait for a review';
  end if;
  if paper.author_id = new.person_id then
    raise exception 'nobody reviews their own paper';
  end if;
  if not is_reviewer(new.person_id) then
    raise exception 'only a senior agent reviews';
  end if;
  return new;
end $$;
create trigger review_is_anothers before insert on review for each row execute function review_is_anothers();

-- Nothing of a junior's leaves without the approval of this very version; what has left or was dropped is never touched again.
create function outgoing_leaves_reviewed() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' then
    if old.state in ('left', 'dropped') then
      raise exception 'what has left is not changed';
    end if;
    if (new.id, new.order_id, new.verb, new.author_id) is distinct from (old.id, old.order_id, old.verb, old.author_id) then
      raise exception 'a paper stays its author''s, and about its order';
    end if;
    if (new.task, new.urgent, new.hours, new.until, new.reason) is distinct from (old.task, old.urgent, old.hours, old.until, old.reason)
       and new.version <= old.version then
      raise exception 'a changed paper is another version';
    end if;
  end if;
  if new.state = 'left' and not is_reviewer(new.author_id) and not exists (
      select from review where outgoing_id = new.id and version = new.version and verdict = 'approve') then
    raise exception 'it has not passed the second review';
  end if;
  return new;
end $$;
create trigger outgoing_leaves_reviewed before insert or update on outgoing for each row execute function outgoing_leaves_reviewed();

-- An order's wording, time and way out of the house change by a paper that has left, and by nothing else. The newest one speaks.
create function order_follows_papers() returns trigger language plpgsql as $$
declare paper outgoing;
begin
  if new.state in ('proposed', 'dropped') then
    return null;
  end if;
  if tg_op = 'UPDATE' then
    if new.author_id <> old.author_id or new.ticket_id <> old.ticket_id or new.department_id <> old.department_id then
      raise exception 'an order stays its author''s, its ticket''s and its department''s';
    end if;
  end if;
  select * into paper from outgoing where order_id = new.id and state = 'left' order by ended_at desc, id desc limit 1;
  if paper.id is null then
    raise exception 'no dispatch of it has left';
  end if;
  if (new.state = 'withdrawn') <> (paper.verb = 'withdraw') then
    raise exception 'its withdrawal has not left';
  end if;
  if (new.task, new.urgent) is distinct from (paper.task, paper.urgent) then
    raise exception 'its task is not what has left';
  end if;
  return null;
end $$;
create constraint trigger order_follows_papers after insert or update on work_order deferrable initially deferred
  for each row execute function order_follows_papers();

-- Extensions (延期申请): asked for before the deadline with a reason, decided by another person (SPEC O7).
create table extension (
  id         bigint generated always as identity primary key,
  order_id   bigint not null references work_order,
  asked_by   bigint not null references person,
  asked_at   timestamptz not null,
  until      timestamptz not null check (until > asked_at),
  reason     text not null check (length(trim(reason)) between 1 and 400),
  decided_by bigint references person check (decided_by <> asked_by),
  decided_at timestamptz,
  granted    boolean,
  note       text not null default '' check (length(note) <= 400),
  check ((decided_at is null) = (granted is null) and (decided_at is null) = (decided_by is null))
);
create unique index extension_open on extension (order_id) where decided_at is null;
create index extension_order on extension (order_id, id);

-- Written warnings (书面警告): in the transaction of the second dispatch that it goes with (SPEC N5), and for ever.
create table warning_counter (
  year text primary key check (year ~ '^[0-9]{4}$'),
  last integer not null
);
create table warning (
  id            bigint generated always as identity primary key,
  number        text not null unique check (number ~ '^J[0-9]{4}-[0-9]{5}$'),
  order_id      bigint not null unique references work_order,
  department_id bigint not null references department,
  text          text not null check (length(trim(text)) between 1 and 10000),
  person_id     bigint not null references person,
  at            timestamptz not null
);
create index warning_department on warning (department_id, at desc);
create trigger warning_append_only before update or delete or truncate on warning
  for each statement execute function audit_is_append_only();

create function second_dispatch_warns() returns trigger language plpgsql as $$
begin
  if new.second_of is not null and new.issued_at is not null and not exists (select from warning where order_id = new.id) then
    raise exception 'a second dispatch goes with its written warning';
  end if;
  return null;
end $$;
create constraint trigger second_dispatch_warns after insert or update on work_order deferrable initially deferred
  for each row execute function second_dispatch_warns();

-- When the first order about it left (SPEC N2).
alter table ticket add column dispatched_at timestamptz;

-- Clocks run for orders too: V3 is each order's own.
alter table deadline add column order_id bigint references work_order;
drop index deadline_unsettled;
create unique index deadline_unsettled on deadline (ticket_id, rule, coalesce(order_id, 0)) where settled_at is null;
create index deadline_order on deadline (order_id) where order_id is not null;
