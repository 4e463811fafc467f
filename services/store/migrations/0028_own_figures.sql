-- Each agent's figures of the day are read by when phones rang, and by when people began to talk.
create index call_leg_rang on call_leg (rang_at) where rang_at is not null;
create index call_span_joined on call_span (joined_at);
