-- A case may be about several calls, and a call about several cases. ticket.call_id stays as the call whose draft the ticket was.
alter index ticket_call rename to ticket_of_call;
create table ticket_call (
  ticket_id bigint not null references ticket,
  call_id   text not null references call,
  why       text not null check (why in ('origin')),   -- origin: the ticket began as this call's draft
  primary key (ticket_id, call_id)
);
create index ticket_call_call on ticket_call (call_id);
insert into ticket_call (ticket_id, call_id, why) select id, call_id, 'origin' from ticket where call_id is not null;
