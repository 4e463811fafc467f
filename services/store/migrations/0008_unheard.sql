-- A caller who was answered, came into a queue once more and gave up there: answered all the same, and countable.
alter table call add column abandoned_again boolean not null default false;

-- What we think open is compared with the switch at every login: few rows of many.
create index pop_open on pop (offered_at) where ended_at is null;
create index call_span_open on call_span (joined_at) where left_at is null;
create index call_leg_ringing on call_leg (rang_at) where outcome is null;
