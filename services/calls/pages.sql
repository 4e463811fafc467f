-- part: listed
-- A call as lists and its page show it.
select c.*, {key} as sort_key, coalesce(a.name, b.name) as agent_name, k.number as k_number, k.name as k_name, k.tier as k_tier, k.note as k_note,
       t.id as ticket_id, t.number as ticket_number, r.state as recording_state, x.state as transcript_state
from call c
left join person a on a.id = c.answered_by
left join person b on b.id = c.placed_by
left join customer k on k.id = c.customer_id
left join ticket t on t.call_id = c.id and t.state <> 'discarded'
left join recording r on r.call_id = c.id
left join transcript x on x.recording_id = r.id;

-- part: own
-- Only this person's own (see is_own); null: everybody's.
(:own_of::bigint is null or c.placed_by = :own_of or t.owner_id = :own_of or (t.id is not null and t.owner_id is null and t.level = 'junior') or exists (
    select 1 from call_leg l where l.call_id = c.id and l.person_id = :own_of and l.answered_at is not null));

-- name: chosen
-- These calls, as far as there are any; :own_of as in page.
{listed}
where c.id = any(:calls::text[]) and {own};

-- name: page
-- Calls in the order that is asked for, a page from behind (:at, :behind); :number number, :outcome outcome, :direction who began them, [:begin, :end) started, :own_of only this person's own (see is_own).
{listed}
where (:at::{kind} is null or ({key}, c.id) {beyond} (:at, :behind::text))
  and (:number::text is null or c.number = :number)
  and (:outcome::text is null or c.outcome = :outcome)
  and (:direction::text is null or c.direction = :direction)
  and (:begin::timestamptz is null or c.started_at >= :begin)
  and (:end::timestamptz is null or c.started_at < :end)
  and {own}
order by {key} {way}, c.id {way} limit :limit;

-- name: detail
-- One call as in a page.
{listed}
where c.id = :call;
