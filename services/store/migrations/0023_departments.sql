-- Service departments (服务部门), and the dispatch catalogue: which class of case goes to which of them (SPEC O8).
create table department (
  id       bigint generated always as identity primary key,
  code     text not null unique check (code ~ '^[a-z0-9_]{1,40}$'),
  zh       text not null check (length(zh) between 1 and 80),
  en       text not null check (length(en) between 1 and 80),
  hours    integer not null check (hours between 1 and 2160),     -- what it has for an order unless the catalogue or the dispatch says otherwise
  position integer not null default 0,
  active   boolean not null default true
);

create table dispatch_rule (
  kind          text,                                  -- null in any of the three: whatever it is
  business      text,
  nature        text,
  department_id bigint not null references department,
  hours         integer check (hours between 1 and 2160),         -- null: the department's own
  unique nulls not distinct (kind, business, nature)
);

-- Both are edited as one; each edition is kept whole, so that one can go back to any of them.
create table department_edition (
  number    bigint primary key check (number > 0),
  at        timestamptz not null,
  person_id bigint references person,
  content   jsonb not null
);
create trigger department_edition_append_only before update or delete or truncate on department_edition
  for each statement execute function audit_is_append_only();

-- Who works for a department sees what was sent there and nothing else.
alter table person add column department_id bigint references department;
alter table person drop constraint person_roles_check;
alter table person add constraint person_roles_check check (
  cardinality(roles) > 0 and roles <@ array['administrator', 'junior_agent', 'text_entry_clerk', 'recording_extractor', 'senior_agent',
    'surveyor', 'data_administrator', 'qa_inspector', 'statistician', 'shift_leader', 'manager', 'department_officer']);
alter table person add constraint person_department_check check (
  case when 'department_officer' = any(roles) then cardinality(roles) = 1 and department_id is not null else department_id is null end);
