-- Which days the country has off, and which it works instead (调休): from the package `holidays`, for the years around this one.
create table calendar_year (
  year    integer primary key check (year between 1900 and 2200),
  country text not null,
  known   boolean not null,                              -- false: the year's days are not published yet, these are what the law says in general
  at      timestamptz not null
);
create table calendar_day (
  day    date primary key,
  counts text not null check (counts in ('off', 'working')),
  "like" smallint check ("like" between 0 and 6),        -- the weekday (0: Monday) whose hours a working day has; null: its own
  zh     text not null,
  en     text not null
);

-- What the centre itself says of days and hours; edited as one, each edition kept whole. One without a person: settings or the law changed.
create table calendar_edition (
  number    bigint primary key check (number > 0),
  at        timestamptz not null,
  person_id bigint references person,
  content   jsonb not null,
  digest    text not null                                -- of all that follows from it for a clock: another one moves deadlines
);
create trigger calendar_edition_append_only before update or delete or truncate on calendar_edition
  for each statement execute function audit_is_append_only();

-- By which edition a clock's end was counted: those of older ones are counted anew, and what that moved stands below.
alter table deadline add column edition bigint not null default 0;
create index deadline_edition on deadline (edition, id) where state in ('waiting', 'looking');
create table deadline_move (
  id          bigint generated always as identity primary key,
  deadline_id bigint not null references deadline,
  edition     bigint not null references calendar_edition,
  at          timestamptz not null,
  was         timestamptz not null,
  became      timestamptz not null check (became <> was)
);
create index deadline_move_deadline on deadline_move (deadline_id, id);
create index deadline_move_edition on deadline_move (edition);
create trigger deadline_move_append_only before update or delete or truncate on deadline_move
  for each statement execute function audit_is_append_only();

-- From when an order's time is counted, how much it is, and by which edition; null: its deadline was named, and no calendar moves it.
alter table work_order add column due_from timestamptz, add column due_hours integer check (due_hours between 1 and 2160),
  add column due_edition bigint;
alter table work_order add check ((due_from is null) = (due_hours is null) and (due_from is null) = (due_edition is null));

select seal_table('calendar_edition', 'number');
select seal_table('deadline_move', 'id');
