-- A dispatch that is sent again, because its answer was lost, returns the first order and makes no second.
create table order_key (
  person_id bigint not null references person,
  key       text not null check (key ~ '^[A-Za-z0-9-]{8,64}$'),
  body      bytea not null,                            -- digest of what was asked: another body with the same key is refused
  order_id  bigint not null references work_order,
  at        timestamptz not null,
  primary key (person_id, key)
);
