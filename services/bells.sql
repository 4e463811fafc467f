-- name: ring
-- Wakes whoever listens once the transaction is committed, and not at all if it is undone; the same words twice are one ring.
select pg_notify(:channel, payload) from unnest(:payloads::text[]) as payload;
