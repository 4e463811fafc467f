-- How a junior did, marked with the second review of a paper and kept with it (SPEC N1): a review is append-only, and so are its marks.
alter table review add column marks text[] not null default '{}'
  check (marks <@ array['right', 'late', 'wrong_class', 'wrong_sent'] and not ('right' = any(marks) and marks && array['wrong_class', 'wrong_sent']));
create index review_at on review (at, id);

-- What waits for a person is a page of an index, however much lies behind.
create index outgoing_sent_back on outgoing (author_id, id) where state = 'sent_back';
create index extension_undecided on extension (asked_at, id) where decided_at is null;
create index work_order_issued on work_order (issued_at, id) where issued_at is not null;
create index work_order_second on work_order (second_of) where second_of is not null;
