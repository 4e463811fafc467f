-- name: place
-- The last place that was given to a row; null: none yet.
select pg_sequence_last_value('seal_place'::regclass);

-- name: mine
-- This transaction's number: higher than that of every transaction that has one already.
select pg_current_xact_id()::text::bigint;

-- name: oldest
-- The lowest number of a transaction that may still write.
select pg_snapshot_xmin(pg_current_snapshot())::text::bigint;

-- name: anchored
-- How far the last anchor goes.
select coalesce((select through from seal_anchor order by n desc limit 1), 0);

-- name: draw
-- The next anchor. The database gives it number, count and hash.
insert into seal_anchor (at, through) values (:at, :through) returning n, rows, hash;

-- part: written
-- What a row's hash is over, in text: all of the row that is not null, without the hash.
(select jsonb_object_agg(key, value)::text from jsonb_each(to_jsonb(j)) where key <> 'hash' and value <> 'null'::jsonb) as written;

-- name: ticket_rows
-- Tickets' journals, each in its order, and the version that the ticket has.
select j.ticket_id as thing, j.seq, j.hash, t.version as last, {written}
from ticket_journal j left join ticket t on t.id = j.ticket_id order by j.ticket_id, j.seq;

-- name: order_rows
-- Orders' journals, each in its order, and the version that the order has.
select j.order_id as thing, j.seq, j.hash, o.version as last, {written}
from order_journal j left join work_order o on o.id = j.order_id order by j.order_id, j.seq;

-- name: single
-- The sealed tables whose rows stand alone, and by what their rows are known.
select c.relname as table, a.attname as key
from pg_trigger t join pg_proc p on p.oid = t.tgfoid and p.proname = 'row_is_sealed' join pg_class c on c.oid = t.tgrelid
join pg_index i on i.indrelid = c.oid and i.indisprimary join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
where c.relname <> all (:journals::text[]) order by c.relname;

-- name: bare_tickets
-- Tickets without any history.
select t.id as thing from ticket t where not exists (select from ticket_journal j where j.ticket_id = t.id) order by t.id;

-- name: bare_orders
-- Orders without any history.
select o.id as thing from work_order o where not exists (select from order_journal j where j.order_id = o.id) order by o.id;

-- name: sealed
-- The hashes of everything, in the order of places.
select place, hash from sealed_row order by place;

-- name: anchors
-- The anchors in their order.
select n, at, through, rows, hash from seal_anchor order by n;

-- name: count
-- How many rows there are to look at.
select count(*) from sealed_row;
