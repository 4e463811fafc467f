-- name: counts
-- What is open at each of these levels, each counted up to 1,000: in its tray, with :person, with others.
select l.level,
       (select count(*) from (select 1 from ticket t where t.state = 'open' and t.level = l.level and t.owner_id is null limit 1000) as few)::int as tray,
       (select count(*) from (select 1 from ticket t where t.state = 'open' and t.level = l.level and t.owner_id = :person limit 1000) as few)::int as mine
from unnest(:levels::text[]) as l (level);

-- name: page
-- What is open at a level, the nearest end of a clock first (its own, or one of its orders'), then what has waited longest: in its tray (:which tray), with :person
-- (mine), or with others; each with that clock and with who sent it there, and why.
select t.id, t.number, t.version, t.state, t.level, t.kind, t.business, t.nature, t.suggestion, t.customer_number, t.customer_name,
       t.tier, left(t.description, 120) as summary, t.received_at, t.held_since, t.owner_id, p.name as owner, d.*, j.sent_by, j.reason, j.triggers
from ticket t left join person p on p.id = t.owner_id
left join lateral (
  select rule, because, starts_at, ends_at, warns_at, due_at, state as clock_state, warned_at, breached_at, settled_at
  from deadline where ticket_id = t.id and settled_at is null order by ends_at, id limit 1) d on true
left join lateral (
  select s.name as sent_by, h.note as reason, h.changes->'triggers'->>1 as triggers
  from ticket_journal h left join person s on s.id = h.person_id
  where h.ticket_id = t.id and h.action in ('hand_over', 'escalate', 'suggest', 'give_back', 'reopen') order by h.seq desc limit 1) j on true
where t.state = 'open' and t.level = :level
  and case :which::text when 'tray' then t.owner_id is null when 'mine' then t.owner_id = :person else t.owner_id <> :person end
order by d.ends_at nulls last, t.held_since, t.id limit :limit;
