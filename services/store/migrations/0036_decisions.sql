-- Decisions of the manager hotline (经理热线, SPEC M1): numbered in their case, and for ever.
create table decision (
  ticket_id   bigint not null references ticket,
  seq         integer not null check (seq >= 1),         -- 1, 2, 3 … without gaps
  kind        text not null check (kind in ('overrule', 'order', 'compensate', 'approve', 'deny', 'conclude', 'reopen')),
  person_id   bigint not null references person,
  at          timestamptz not null,
  reason      text not null check (length(trim(reason)) between 1 and 400),
  step        integer,                                   -- the row of the case's journal that does not stand
  order_id    bigint references work_order,              -- the order that was given, or whose step does not stand
  order_step  integer,                                   -- the row of that order's journal
  amount      numeric(12, 2) check (amount > 0),         -- what the customer gets, exactly
  currency    text check (currency ~ '^[A-Z]{3}$'),
  approved_by bigint references person,                  -- of an amount that needs nobody else; null: another manager answers it
  answers     integer,                                   -- the compensation that is approved or denied
  primary key (ticket_id, seq),
  foreign key (ticket_id, step) references ticket_journal (ticket_id, seq),
  foreign key (order_id, order_step) references order_journal (order_id, seq),
  foreign key (ticket_id, answers) references decision (ticket_id, seq),
  check ((kind = 'overrule') = (step is not null or order_step is not null) and (step is null or order_step is null)),
  check ((kind = 'order' or order_step is not null) = (order_id is not null)),
  check ((kind = 'compensate') = (amount is not null) and (amount is null) = (currency is null)),
  check (approved_by is null or (kind = 'compensate' and approved_by = person_id)),
  check ((kind in ('approve', 'deny')) = (answers is not null))
);
create unique index decision_one_answer on decision (ticket_id, answers) where answers is not null;
create trigger decision_append_only before update or delete or truncate on decision
  for each statement execute function audit_is_append_only();

-- Who decides is who has the right of the hotline: services.access.rights says the same, and a test compares the two.
create function is_manager(who bigint) returns boolean language sql stable as $$
  select exists (select from person where id = who and active and roles && array['manager'])
$$;

create function decision_is_a_managers() returns trigger language plpgsql as $$
declare about decision;
begin
  if not is_manager(new.person_id) then
    raise exception 'only the manager hotline decides';
  end if;
  if new.seq <> 1 + (select coalesce(max(seq), 0) from decision where ticket_id = new.ticket_id) then
    raise exception 'decisions of a case are numbered without gaps';
  end if;
  if new.answers is not null then
    select * into about from decision where ticket_id = new.ticket_id and seq = new.answers;
    if about.kind <> 'compensate' or about.approved_by is not null then
      raise exception 'this decision waits for nobody';
    end if;
    if about.person_id = new.person_id then
      raise exception 'another manager answers it';
    end if;
  end if;
  return new;
end $$;
create trigger decision_is_a_managers before insert on decision for each row execute function decision_is_a_managers();
