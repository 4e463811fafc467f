-- What waited for whoever came first is read for all once somebody has come: found by its case.
create index notice_unread_ticket on notice (ticket_id) where read_at is null;
