-- The ladder of reminders about an order's deadline (SPEC V3, O7), and reminders by hand (催单). A rung is a job: sent when due_at has come.
create table order_reminder (
  id         bigint generated always as identity primary key,
  order_id   bigint not null references work_order,
  step       text not null check (step in ('warning', 'reminder', 'notice', 'criticism', 'urge')),
  place      integer check (place >= 0),               -- in the ladder, as it stood when the deadline was set; null: by hand
  ends_at    timestamptz not null,                     -- the deadline that it is about
  planned_at timestamptz not null,
  state      text not null check (state in ('waiting', 'looking', 'sent', 'overtaken', 'stopped')),
  due_at     timestamptz not null,                     -- when it is looked at (again)
  attempts   integer not null default 0,
  error      text,
  sent_at    timestamptz,
  person_id  bigint references person,                 -- who reminded by hand; null: the system
  note       text not null default '' check (length(note) <= 400),
  check ((state = 'sent') = (sent_at is not null)),
  check ((step = 'urge') = (place is null) and (step = 'urge') = (person_id is not null))
);
create unique index order_reminder_once on order_reminder (order_id, ends_at, place) where place is not null;
create index order_reminder_due on order_reminder (due_at) where state in ('waiting', 'looking');
create index order_reminder_order on order_reminder (order_id, id);
