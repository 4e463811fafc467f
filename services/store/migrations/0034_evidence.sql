-- What a department hands in with its answer (SPEC O7): a row a file. The file lies in the store of recordings under its own hash, never
-- under a name from outside. What was handed in stays.
create table evidence (
  id        bigint generated always as identity primary key,
  order_id  bigint not null references work_order,
  sha256    bytea not null check (length(sha256) = 32),
  kind      text not null check (kind in ('jpeg', 'png', 'pdf')),
  bytes     bigint not null check (bytes > 0),
  name      text not null check (length(name) <= 120),   -- as the sender called it, to be shown and for nothing else
  person_id bigint not null references person,
  at        timestamptz not null,
  unique (order_id, sha256)
);
create trigger evidence_append_only before update or delete or truncate on evidence
  for each statement execute function audit_is_append_only();
