-- A leg that a colleague rang is found by its channel: whose caller it was handed to.
create index call_span_channel on call_span (channel);
