-- Tickets whose severity or channel is not the usual one, as lists are filtered by it.
create index ticket_severity on ticket (severity, state, received_at desc, id desc) where severity <> 'ordinary';
create index ticket_channel on ticket (channel, state, received_at desc, id desc) where channel <> 'telephone';
