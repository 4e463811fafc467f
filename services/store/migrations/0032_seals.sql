-- What is append-only is sealed besides: whoever goes round the triggers (an owner can) leaves traces that `tingsu audit verify` finds.
-- Each row has its place in the order of all of them, and a hash of itself; in a journal the hash is over the one before it too.
-- Anchors, drawn every minute, are a chain over all hashes: they miss a row that is gone with all that hung on it.
--
-- What is hashed is the row as jsonb without its hash and without what is null, in UTC, as PostgreSQL writes it (keys in their order, no key
-- twice). A column that is added later and is null in older rows breaks nothing.
create sequence seal_place;

create function sealed_form(own jsonb) returns bytea language sql immutable as $$
  select convert_to(jsonb_object_agg(key, value)::text, 'UTF8') from jsonb_each(own) where key <> 'hash' and value <> 'null'::jsonb
$$;

create function row_is_sealed() returns trigger language plpgsql set timezone to 'UTC' as $$
declare before bytea := '';
begin
  if tg_table_name in ('ticket_journal', 'order_journal') then
    if new.seq > 1 then
      if tg_table_name = 'ticket_journal' then
        select hash into before from ticket_journal where ticket_id = new.ticket_id and seq = new.seq - 1;
      else
        select hash into before from order_journal where order_id = new.order_id and seq = new.seq - 1;
      end if;
      if not found then
        raise exception 'a journal has no gaps';
      end if;
    end if;
  end if;
  perform pg_current_xact_id();         -- the transaction has its number before the row has its place: the anchors lean on that
  new.place := nextval('seal_place');
  new.hash := sha256(before || sealed_form(to_jsonb(new)));
  return new;
end $$;

-- Seals a table that is append-only by its trigger `<table>_append_only`: its rows in the order of `key`, and in a journal of `thing`
-- too. Tables that later migrations make are sealed by `services/store/migrate.py`; `tingsu audit verify` finds them by their trigger.
create function seal_table(named text, key text, thing text default null) returns void language plpgsql set timezone to 'UTC' as $$
declare
  one record;
  about bigint;
  last bytea;
begin
  execute format('alter table %I add column place bigint, add column hash bytea', named);
  execute format('alter table %I disable trigger %I', named, named || '_append_only');
  for one in execute format('select ctid as at, %s::bigint as thing, to_jsonb(t) as own, nextval(''seal_place'') as place
                             from (select ctid, * from %I order by %s) t', coalesce(thing, '0'), named, concat_ws(', ', thing, key)) loop
    last := sha256(case when thing is not null and one.thing = about then last else '' end
                   || sealed_form(one.own - 'ctid' || jsonb_build_object('place', one.place)));
    about := one.thing;
    execute format('update %I set place = $1, hash = $2 where ctid = $3', named) using one.place, last, one.at;
  end loop;
  execute format('alter table %I enable trigger %I', named, named || '_append_only');
  execute format('alter table %I alter column place set not null, alter column hash set not null', named);
  execute format('create unique index %I on %I (place)', named || '_place', named);
  execute format('create trigger sealed before insert on %I for each row execute function row_is_sealed()', named);
  execute (select 'create or replace view sealed_row as ' || string_agg(format('select place, hash from %s', t.tgrelid::regclass), ' union all ')
           from pg_trigger t join pg_proc p on p.oid = t.tgfoid where p.proname = 'row_is_sealed');
end $$;

-- `sealed_row` is all that is sealed, in one order.
select seal_table('audit', 'id');
select seal_table('department_edition', 'number');
select seal_table('review', 'id');
select seal_table('warning', 'id');
select seal_table('ticket_journal', 'seq', 'ticket_id');
select seal_table('order_journal', 'seq', 'order_id');

-- An anchor is over the hashes of all rows behind the last one's `through`, up to its own, and over the last one.
create table seal_anchor (
  n       integer primary key,
  at      timestamptz not null,
  through bigint not null,
  rows    integer not null,
  hash    bytea not null
);
create trigger seal_anchor_append_only before update or delete or truncate on seal_anchor
  for each statement execute function audit_is_append_only();

create function anchor_is_drawn() returns trigger language plpgsql as $$
declare
  last seal_anchor;
  own bytea;
begin
  select * into last from seal_anchor order by n desc limit 1;
  if new.through <= coalesce(last.through, 0) then
    raise exception 'an anchor goes on behind the last one';
  end if;
  new.n := coalesce(last.n, 0) + 1;
  select count(*), coalesce(string_agg(hash, '' order by place), '') into new.rows, own
  from sealed_row where place > coalesce(last.through, 0) and place <= new.through;
  new.hash := sha256(coalesce(last.hash, '') || convert_to(format('%s %s %s %s ', new.n, (extract(epoch from new.at) * 1000000)::bigint,
                                                                  new.through, new.rows), 'UTF8') || own);
  return new;
end $$;
create trigger anchor_is_drawn before insert on seal_anchor for each row execute function anchor_is_drawn();
