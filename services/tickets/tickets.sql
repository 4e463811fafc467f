-- name: load
-- One ticket as it is.
select id, number, state, version, call_id, customer_id, received_at, changed_at, created_by, owner_id, confirmed_at, confirmed_by,
       kind, business, nature, suggestion, description, address, contact_number, customer_name, customer_number, answer, sources
from ticket where id = $1;

-- name: load_of_call
-- The ticket of a call that is not discarded.
select id, number, state, version, call_id, customer_id, received_at, changed_at, created_by, owner_id, confirmed_at, confirmed_by,
       kind, business, nature, suggestion, description, address, contact_number, customer_name, customer_number, answer, sources
from ticket where call_id = $1 and state <> 'discarded';

-- name: any_of_call
-- Whether a call ever had a ticket, also one that was discarded: a replayed answer makes no second.
select exists (select 1 from ticket where call_id = $1);

-- name: create
-- A new draft; its first journal row is written with it.
insert into ticket (state, version, call_id, customer_id, received_at, changed_at, created_by, owner_id, kind, business, nature,
                    suggestion, description, address, contact_number, customer_name, customer_number, answer, sources)
values ('draft', 1, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) returning id;

-- name: move
-- Compare and set: no row comes back when the version is no longer $2.
update ticket set version = $3, state = $4, number = $5, customer_id = $6, owner_id = $7, confirmed_at = $8, confirmed_by = $9, changed_at = $10,
       kind = $11, business = $12, nature = $13, suggestion = $14, description = $15, address = $16, contact_number = $17,
       customer_name = $18, customer_number = $19, answer = $20, sources = $21
where id = $1 and version = $2 returning id;

-- name: write_journal
-- What was done, by whom, and each field before and after.
insert into ticket_journal (ticket_id, seq, at, person_id, action, changes, note) values ($1, $2, $3, $4, $5, $6, $7);

-- name: read_journal
-- A ticket's history, oldest first, a page from behind $2.
select j.seq, j.at, p.name as by, j.action, j.changes, j.note
from ticket_journal j left join person p on p.id = j.person_id where j.ticket_id = $1 and j.seq > $2 order by j.seq limit $3;

-- name: next_number
-- The month's next number, above $2 (what was given before the database was restored); its row is locked until the commit, so that
-- there are no gaps.
insert into ticket_counter (month, last) values ($1, $2 + 1)
on conflict (month) do update set last = greatest(ticket_counter.last, $2) + 1 returning last;

-- name: take_key
-- A person's key for a new ticket; no row comes back when it is taken.
insert into ticket_key (person_id, key, body, ticket_id, at) values ($1, $2, $3, $4, $5) on conflict do nothing returning key;

-- name: of_key
-- What a key was taken for.
select body, ticket_id from ticket_key where person_id = $1 and key = $2;

-- name: lock_key
-- Two posts of one key at once: the second waits here until the first has committed.
select pg_advisory_xact_lock(hashtextextended($1, 7405));

-- name: call_behind
-- What a draft takes over from its call: number, caller, path and the agent who answered.
select c.id, c.number, c.ivr_path, c.queued_at, c.started_at, c.answered_by, k.id as customer_id, k.name as customer_name, k.number as customer_number
from call c left join customer k on k.id = c.customer_id where c.id = $1;

-- name: customer_of
-- The customer of a number.
select id, name from customer where number = $1;

-- name: codes
-- Classes in use.
select list, code from category where active;

-- name: names
-- Names shown beside a ticket.
select (select name from person where id = $1) as created_by, (select name from person where id = $2) as owner,
       (select name from person where id = $3) as confirmed_by;

-- name: drafting_of
-- How far the words of the ticket's call are.
select r.state as recording, x.state as transcript from recording r left join transcript x on x.recording_id = r.id where r.call_id = $1;

-- name: page
-- Tickets newest first behind ($3, $4); $1 state, $2 owner, $5 number, $6 customer number. $8, who may read their own calls' words
-- only, is not shown those of another's draft.
select t.id, t.number, t.state, t.call_id, t.customer_number, t.customer_name, k.tier, t.kind, t.business, t.nature, t.suggestion,
       case when $8::bigint is not null and t.call_id is not null and t.state in ('draft', 'discarded') and t.owner_id <> $8
         and t.sources->'description'->>'by' = 'draft'
         and not exists (select 1 from call_leg l where l.call_id = t.call_id and l.person_id = $8 and l.answered_at is not null)
         then '' else left(t.description, 120) end as summary, t.received_at, p.name as owner
from ticket t left join customer k on k.id = t.customer_id left join person p on p.id = t.owner_id
where ($1::text is null or t.state = $1) and ($2::bigint is null or t.owner_id = $2)
  and ($3::timestamptz is null or (t.received_at, t.id) < ($3, $4::bigint))
  and ($5::text is null or t.number = $5) and ($6::text is null or t.customer_number = $6)
order by t.received_at desc, t.id desc limit $7;

-- name: scan
-- Text search over the next $6 tickets only, so that its cost is bounded whatever is asked; the page goes on where it stopped.
-- $8: what the number typed may begin with; $9: its digits, which a number written down anyhow may hold.
-- For $10 the texts of another's draft are not searched either: what may not be read may not be guessed.
with window_ as materialized (
  select t.* from ticket t
  where ($1::text is null or t.state = $1) and ($2::bigint is null or t.owner_id = $2)
    and ($3::timestamptz is null or (t.received_at, t.id) < ($3, $4::bigint))
  order by t.received_at desc, t.id desc limit $6
), edge as (
  select received_at, id, (select count(*) from window_) as seen from window_ order by received_at, id limit 1
), found as (
  select t.id, t.number, t.state, t.call_id, t.customer_number, t.customer_name, k.tier, t.kind, t.business, t.nature, t.suggestion,
         case when $10::bigint is not null and t.call_id is not null and t.state in ('draft', 'discarded') and t.owner_id <> $10
         and t.sources->'description'->>'by' = 'draft'
         and not exists (select 1 from call_leg l where l.call_id = t.call_id and l.person_id = $10 and l.answered_at is not null)
         then '' else left(t.description, 120) end as summary, t.received_at, p.name as owner
  from window_ t left join customer k on k.id = t.customer_id left join person p on p.id = t.owner_id
  where strpos(t.customer_number, $5) > 0 or strpos(lower(coalesce(t.number, '')), $5) > 0
     or exists (select from unnest($8::text[]) as begun where starts_with(t.customer_number, begun))
     or ($9 <> '' and strpos(t.customer_number, $9) > 0)
     or ((strpos(lower(t.customer_name), $5) > 0 or strpos(lower(t.description), $5) > 0 or strpos(lower(t.address), $5) > 0
          or strpos(t.contact_number, $5) > 0 or ($9 <> '' and strpos(regexp_replace(t.contact_number, '[^0-9]', '', 'g'), $9) > 0))
       and ($10::bigint is null or t.call_id is null or t.state in ('open', 'closed') or t.owner_id is null or t.owner_id = $10
         or exists (select 1 from call_leg l where l.call_id = t.call_id and l.person_id = $10 and l.answered_at is not null)))
  order by t.received_at desc, t.id desc limit $7
)
select found.*, edge.received_at as edge_at, edge.id as edge_id, edge.seen from edge left join found on true
order by found.received_at desc, found.id desc;

-- name: counts
-- Tickets per state, counted up to 1,000 each: more is shown as such and costs no more.
select s.state, (select count(*) from (select 1 from ticket t where t.state = s.state limit 1000) as few)::int as tickets
from (values ('draft'), ('open'), ('closed'), ('discarded')) as s (state)
union all
select 'mine', (select count(*) from (select 1 from ticket t where t.owner_id = $1 and t.state in ('draft', 'open') limit 1000) as few)::int;
