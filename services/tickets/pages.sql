-- part: of_another
-- For :reader, who may read their own calls' words only: another's draft whose description is made of a call's words.
:reader::bigint is not null and t.call_id is not null and t.state in ('draft', 'discarded') and t.owner_id <> :reader
         and t.sources->'description'->>'by' = 'draft'
         and not exists (select 1 from call_leg l where l.call_id = t.call_id and l.person_id = :reader and l.answered_at is not null);

-- part: listed
-- What a list shows of a ticket.
t.id, t.number, t.state, t.version, t.level, t.owner_id, t.call_id, t.customer_number, t.customer_name, (select k.tier from customer k where k.id = t.customer_id) as tier, t.kind, t.business, t.nature, t.suggestion, t.severity, t.channel,
       case when {of_another}
         then '' else left(t.description, 120) end as summary, t.received_at, p.name as owner, {key} as sort_key;

-- name: page
-- Tickets in the order that is asked for, behind (:at, :behind); :state state, :owner owner, :severity, :channel, :number number, :customer_number customer number. :reader, who may read their own calls' words
-- only, is not shown those of another's draft.
select {listed}
from ticket t left join person p on p.id = t.owner_id
where (:state::text is null or t.state = :state) and (:owner::bigint is null or t.owner_id = :owner)
  and (:severity::text is null or t.severity = :severity) and (:channel::text is null or t.channel = :channel)
  and (:at::{kind} is null or ({key}, t.id) {beyond} (:at, :behind::bigint))
  and (:number::text is null or t.number = :number) and (:customer_number::text is null or t.customer_number = :customer_number)
order by {key} {way}, t.id {way} limit :limit;

-- name: chosen
-- These tickets as a list shows them, as far as there are any, with the names of their classes; :reader as in page.
select {listed}, a.zh as business_zh, a.en as business_en, b.zh as nature_zh, b.en as nature_en, d.zh as suggestion_zh, d.en as suggestion_en,
       e.zh as kind_zh, e.en as kind_en
from ticket t left join person p on p.id = t.owner_id
left join category a on a.list = 'business' and a.code = t.business
left join category b on b.list = 'nature' and b.code = t.nature
left join category d on d.list = 'suggestion' and d.code = t.suggestion
left join category e on e.list = 'kind' and e.code = t.kind
where t.id = any(:tickets::bigint[]);

-- name: scan
-- Text search over the next :rows tickets only, so that its cost is bounded whatever is asked; the page goes on where it stopped.
-- :beginnings: what the number typed may begin with; :digits: its digits, which a number written down anyhow may hold.
-- :in_personal, :in_texts: whether telephone numbers, addresses and parts of names, and descriptions, are searched; a name as a
-- whole always is.
-- For :reader the texts of another's draft are not searched either: what may not be read may not be guessed.
with window_ as materialized (
  select t.* from ticket t
  where (:state::text is null or t.state = :state) and (:owner::bigint is null or t.owner_id = :owner)
    and (:severity::text is null or t.severity = :severity) and (:channel::text is null or t.channel = :channel)
    and (:at::{kind} is null or ({key}, t.id) {beyond} (:at, :behind::bigint))
  order by {key} {way}, t.id {way} limit :rows
), edge as (
  select {key} as sort_key, t.id, (select count(*) from window_) as seen from window_ t order by {key} {back}, t.id {back} limit 1
), found as (
  select {listed}
  from window_ t left join person p on p.id = t.owner_id
  where strpos(lower(coalesce(t.number, '')), :text) > 0 or (:in_personal::bool and (strpos(t.customer_number, :text) > 0
       or exists (select from unnest(:beginnings::text[]) as begun where starts_with(t.customer_number, begun))
       or (:digits <> '' and strpos(t.customer_number, :digits) > 0)))
     or ((lower(t.customer_name) = :text or (:in_texts::bool and strpos(lower(t.description), :text) > 0)
          or (:in_personal and (strpos(lower(t.customer_name), :text) > 0 or strpos(lower(t.address), :text) > 0
            or strpos(t.contact_number, :text) > 0
            or (:digits <> '' and strpos(regexp_replace(t.contact_number, '[^0-9]', '', 'g'), :digits) > 0))))
       and (:reader::bigint is null or t.call_id is null or t.state in ('open', 'closed') or t.owner_id is null or t.owner_id = :reader
         or exists (select 1 from call_leg l where l.call_id = t.call_id and l.person_id = :reader and l.answered_at is not null)))
  order by {key} {way}, t.id {way} limit :limit
)
select found.*, edge.sort_key as edge_at, edge.id as edge_id, edge.seen from edge left join found on true
order by found.sort_key {way}, found.id {way};
