-- The list of calls cut down to one outcome, by wait or talk: a page far down reads no call of another outcome.
create index call_outcome_by_wait on call (outcome, (coalesce(waited_ms, -1)), id);
create index call_outcome_by_talk on call (outcome, (coalesce(talked_ms, -1)), id);
