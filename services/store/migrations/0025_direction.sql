-- Who began a call: somebody outside, or the agent who placed it. Of an outbound one number and dialled are whom the agent called.
alter table call add column direction text not null default 'inbound' check (direction in ('inbound', 'outbound'));
alter table call add column placed_by bigint references person;
alter table call drop constraint call_outcome_check;
alter table call add constraint call_outcome_check
  check (outcome in ('answered', 'abandoned', 'ivr_hangup', 'refused', 'no_answer', 'busy', 'failed', 'lost'));
-- The list of outbound calls, in each of its orders: they may be few among many.
create index call_outbound on call (started_at, id) where direction = 'outbound';
create index call_outbound_by_wait on call ((coalesce(waited_ms, -1)), id) where direction = 'outbound';
create index call_outbound_by_talk on call ((coalesce(talked_ms, -1)), id) where direction = 'outbound';
create index call_placed_by on call (placed_by, started_at desc) where placed_by is not null;
-- A call that was made because of a case is about it.
alter table ticket_call drop constraint ticket_call_why_check;
alter table ticket_call add constraint ticket_call_why_check check (why in ('origin', 'call_back'));
