-- What lists can be sorted by, besides the time: each order is read from an index, whichever page is asked for.
create index ticket_by_number on ticket ((coalesce(number, '')), id);
create index ticket_state_by_number on ticket (state, (coalesce(number, '')), id);
create index call_by_wait on call ((coalesce(waited_ms, -1)), id);
create index call_by_talk on call ((coalesce(talked_ms, -1)), id);
