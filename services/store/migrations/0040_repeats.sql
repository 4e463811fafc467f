-- Repeat complaints (重复投诉, SPEC A4): which case repeats which, by a person's word.
alter table ticket add column repeat_of bigint references ticket check (repeat_of <> id);
create index ticket_repeats on ticket (repeat_of) where repeat_of is not null;
-- The customer does not accept a correct answer (A4, N6).
alter table ticket add column not_accepted_at timestamptz;

create table repeat_verdict (
  ticket_id bigint not null references ticket,
  of_id     bigint not null references ticket check (of_id <> ticket_id),
  verdict   text not null check (verdict in ('repeat', 'other', 'undecided')),   -- undecided: taken back
  person_id bigint not null references person,
  at        timestamptz not null,
  primary key (ticket_id, of_id)
);
