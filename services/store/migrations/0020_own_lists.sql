-- How each person has their lists. It is kept with the person, for desks are shared by shifts.
create table list_columns (
  person_id bigint not null references person,
  list      text not null check (list ~ '^[a-z_]{1,40}$'),
  columns   jsonb not null,                            -- in their order: key, shown
  primary key (person_id, list)
);

create table list_view (
  id         bigint generated always as identity primary key,
  person_id  bigint not null references person,
  list       text not null check (list ~ '^[a-z_]{1,40}$'),
  name       text not null check (length(name) between 1 and 80),
  query      text not null check (length(query) <= 800), -- the part of the list's address with its filter and order
  made_at    timestamptz not null,
  removed_at timestamptz                               -- nothing is deleted: a removal is undone by taking this away
);
create unique index list_view_name on list_view (person_id, list, lower(name)) where removed_at is null;
