-- Clocks that run for a ticket (SPEC "The clocks"). A row is a job of the sweeper too: it is looked at when due_at has come.
create table deadline (
  id          bigint generated always as identity primary key,
  ticket_id   bigint not null references ticket,
  rule        text not null check (rule ~ '^[A-Z][0-9]{1,2}$'),   -- a clock of services.clocks.table
  because     text not null,                           -- why it counts from starts_at: receipt, confirmed
  starts_at   timestamptz not null,
  ends_at     timestamptz not null check (ends_at >= starts_at),  -- done at this moment is late
  warns_at    timestamptz check (warns_at <= ends_at),
  state       text not null check (state in ('waiting', 'looking', 'met', 'stopped', 'breached')),
  warned_at   timestamptz,
  breached_at timestamptz,                             -- when the sweeper noted it
  settled_at  timestamptz,                             -- when it was done or stopped, in time or late
  due_at      timestamptz not null,                    -- when the sweeper looks at it (again)
  attempts    integer not null default 0,
  error       text,
  check (settled_at is not null or state not in ('met', 'stopped')),
  check (settled_at is null or state not in ('waiting', 'looking'))
);
create index deadline_due on deadline (due_at) where state in ('waiting', 'looking');
create unique index deadline_unsettled on deadline (ticket_id, rule) where settled_at is null;
create index deadline_ticket on deadline (ticket_id, id);

-- What a claim writes into due_at as well; nothing read it.
alter table transcript drop column lease_until;
