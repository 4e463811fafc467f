-- part: whole
-- Everything of a ticket, as ``model.Ticket`` has it.
select id, number, state, version, call_id, customer_id, received_at, changed_at, created_by, owner_id, confirmed_at, confirmed_by, dispatched_at, reopened_at,
       level, held_since, senior_at, tier, acknowledged_at, acknowledged_by, acknowledged_how, closing, repeat_of, not_accepted_at,
       kind, business, nature, suggestion, severity, channel, description, address, contact_number, customer_name, customer_number, answer, sources
from ticket;

-- name: load
-- One ticket as it is.
{whole} where id = :ticket;

-- name: load_each
-- These tickets, as far as there are any.
{whole} where id = any(:tickets::bigint[]);

-- name: lock
-- One ticket as it is, kept still until the transaction ends.
{whole} where id = :ticket for no key update;

-- name: open_orders
-- How many work orders about the ticket are not at their end.
select count(*)::int from work_order where ticket_id = :ticket and state not in ('done', 'withdrawn', 'dropped');

-- name: open_appeals
-- How much of what the customer added to the case is open; a chase or withdrawal that never left has settled nothing.
select count(*)::int from appeal a left join outgoing o on o.id = a.paper_id
where a.ticket_id = :ticket and (a.state = 'open' or (a.state in ('chased', 'withdrawn') and o.state = 'dropped'));

-- name: open_compensation
-- A compensation that waits for another manager's answer.
select c.seq from decision c where c.ticket_id = :ticket and c.kind = 'compensate' and c.approved_by is null
  and not exists (select from decision a where a.ticket_id = c.ticket_id and a.answers = c.seq)
  and not exists (select from ticket_journal j join decision o on o.ticket_id = j.ticket_id and o.step = j.seq
                  where j.ticket_id = c.ticket_id and j.changes->'decision'->>1 = c.seq || ' compensate')
order by c.seq limit 1;

-- name: case_number
-- The number of an earlier case that another may repeat.
select number from ticket where id = :ticket and number is not null and received_at <= :before;

-- name: judge
-- What a person says of a case and an earlier one: the newest word stands.
insert into repeat_verdict (ticket_id, of_id, verdict, person_id, at) values (:ticket, :of, :verdict, :person, :at)
on conflict (ticket_id, of_id) do update set verdict = excluded.verdict, person_id = excluded.person_id, at = excluded.at;

-- name: repeat_of
-- The earlier case that it repeats, by the newest such word that stands.
select of_id from repeat_verdict where ticket_id = :ticket and verdict = 'repeat' order by at desc, of_id desc limit 1;

-- name: facts
-- What the triggers of the manager hotline go by, as it is on record at :now; of clocks those of :limits.
with recursive chain as (
  select t.repeat_of as id, 1 as depth from ticket t where t.id = :ticket and t.repeat_of is not null
  union all
  select t.repeat_of, chain.depth + 1 from chain join ticket t on t.id = chain.id where t.repeat_of is not null and chain.depth < 20
)
select (select count(*)::int from appeal a where a.ticket_id = :ticket and a.while_open and a.state <> 'dropped') as asked_again,
       (select count(*)::int from chain) as repeats,
       array(select distinct d.rule from deadline d where d.ticket_id = :ticket and d.rule = any(:limits::text[])
             and (d.state = 'breached' or (d.settled_at is null and d.ends_at <= :now)) order by d.rule) as overdue;

-- name: authority
-- In which class the authority counts a complaint of this nature.
select authority from category where list = 'nature' and code = :nature;

-- name: closing_reasons
-- Why a case may be closed without the customer's confirmation.
select code from phrase where list = 'unconfirmed' and active;

-- name: milestones
-- When what the stages of a case go by has happened, as its journal and its orders tell.
select min(j.at) filter (where j.changes ? 'severity') as assessed_at,
       min(j.at) filter (where coalesce(j.changes->'answer'->>1, '') <> '') as answered_at,
       max(j.at) filter (where j.action in ('close', 'conclude')) as closed_at,
       max(j.at) filter (where j.action = 'not_accept' or (j.action in ('close', 'conclude') and j.changes->'closing'->>1 = 'confirmed')) as communicated_at,
       (select min(r.at) from work_order w join order_journal r on r.order_id = w.id
        where w.ticket_id = :ticket and r.action = 'return') as returned_at
from ticket_journal j where j.ticket_id = :ticket;

-- name: load_of_call
-- The ticket of a call that is not discarded.
{whole} where call_id = :call and state <> 'discarded';

-- name: any_of_call
-- Whether a call ever had a ticket, also one that was discarded: a replayed answer makes no second.
select exists (select 1 from ticket where call_id = :call);

-- name: create
-- A new draft, the call that it began with, its first journal row, and the key that it was asked for with (:key null: none); who shows it is
-- told (:told, its id in the place of {}).
with made as (
insert into ticket (state, version, call_id, customer_id, received_at, changed_at, created_by, owner_id, kind, business, nature,
                    suggestion, severity, channel, description, address, contact_number, customer_name, customer_number, answer, sources)
values ('draft', 1, :call_id, :customer_id, :received_at, :changed_at, :created_by, :owner_id, :kind, :business, :nature, :suggestion, :severity, :channel, :description, :address, :contact_number, :customer_name, :customer_number, :answer, :sources) returning id
), linked as (
  insert into ticket_call (ticket_id, call_id, why) select id, :call_id, 'origin' from made where :call_id is not null
), written as (
  insert into ticket_journal (ticket_id, seq, at, person_id, action, changes, note)
  select id, 1, :at, :person, :action, :changes, :note from made
), kept as (
  insert into ticket_key (person_id, key, body, ticket_id, at)
  select :person, :key, :body, id, :at from made where :key::text is not null
)
select id, pg_notify(:bell, replace(:told, '{}', id::text)) from made;

-- name: move
-- Compare and set, with its journal row, and who shows it is told; nothing comes of it, not even a row, when the version is no longer
-- :seen_version.
with moved as (
update ticket set version = :version, state = :state, number = :number, customer_id = :customer_id, owner_id = :owner_id, confirmed_at = :confirmed_at, confirmed_by = :confirmed_by, dispatched_at = :dispatched_at, reopened_at = :reopened_at,
       level = :level, held_since = :held_since, senior_at = :senior_at, tier = :tier, changed_at = :at,
       acknowledged_at = :acknowledged_at, acknowledged_by = :acknowledged_by, acknowledged_how = :acknowledged_how, closing = :closing,
       repeat_of = :repeat_of, not_accepted_at = :not_accepted_at,
       kind = :kind, business = :business, nature = :nature, suggestion = :suggestion, severity = :severity, channel = :channel, description = :description, address = :address, contact_number = :contact_number,
       customer_name = :customer_name, customer_number = :customer_number, answer = :answer, sources = :sources
where id = :ticket and version = :seen_version returning id
), written as (
  insert into ticket_journal (ticket_id, seq, at, person_id, action, changes, note)
  select id, :version, :at, :person, :action, :changes, :note from moved
)
select id, pg_notify(:bell, :told) from moved;

-- name: read_journal
-- A ticket's history, oldest first, a page from behind :after.
select j.seq, j.at, p.name as by, j.action, j.changes, j.note
from ticket_journal j left join person p on p.id = j.person_id where j.ticket_id = :ticket and j.seq > :after order by j.seq limit :limit;

-- name: next_number
-- The month's next number, above :above (what was given before the database was restored); its row is locked until the commit, so that
-- there are no gaps.
insert into ticket_counter (month, last) values (:month, :above + 1)
on conflict (month) do update set last = greatest(ticket_counter.last, :above) + 1 returning last;

-- name: of_key
-- What a key was taken for.
select body, ticket_id from ticket_key where person_id = :person and key = :key;

-- name: call_behind
-- What a draft takes over from its call: number, caller, path and the agent who answered. A call that an agent placed begins no case.
select c.id, c.number, c.ivr_path, c.queued_at, c.started_at, c.answered_by, k.id as customer_id, k.name as customer_name, k.number as customer_number
from call c left join customer k on k.id = c.customer_id where c.id = :call and c.direction = 'inbound';

-- name: customer_of
-- The customer of a number.
select id, name, tier from customer where number = :number;

-- name: tier_of
-- How a customer is served.
select tier from customer where id = :customer;

-- name: name_of
-- A person's name.
select name from person where id = :person;

-- name: codes
-- Which of these classes are in use.
select list, code from category where active and code = any(:codes::text[]);

-- name: names
-- Names shown beside a ticket.
select (select name from person where id = :created_by) as created_by, (select name from person where id = :owner) as owner,
       (select name from person where id = :confirmed_by) as confirmed_by,
       (select name from person where id = :acknowledged_by) as acknowledged_by;

-- name: owners
-- Whose each of these tickets is.
select id, owner_id from ticket where id = any(:tickets::bigint[]);

-- name: drafting_of
-- How far the words of the ticket's call are.
select r.state as recording, x.state as transcript from recording r left join transcript x on x.recording_id = r.id where r.call_id = :call;

-- name: counts
-- Tickets per state, counted up to 1,000 each: more is shown as such and costs no more.
select s.state, (select count(*) from (select 1 from ticket t where t.state = s.state limit 1000) as few)::int as tickets
from (values ('draft'), ('open'), ('closed'), ('discarded')) as s (state)
union all
select 'mine', (select count(*) from (select 1 from ticket t where t.owner_id = :person and t.state in ('draft', 'open') limit 1000) as few)::int;

-- name: facets
-- Tickets of this state (null: of any) per severity and channel that is not the usual one, counted up to 1,000 each, by an index that has these alone.
select 'severity:serious' as facet, (select count(*) from (select 1 from ticket t where t.severity = 'serious' and (:state::text is null or t.state = :state) limit 1000) as few)::int as tickets
union all select 'severity:major' as facet, (select count(*) from (select 1 from ticket t where t.severity = 'major' and (:state::text is null or t.state = :state) limit 1000) as few)::int as tickets
union all select 'channel:letter' as facet, (select count(*) from (select 1 from ticket t where t.channel = 'letter' and (:state::text is null or t.state = :state) limit 1000) as few)::int as tickets
union all select 'channel:fax' as facet, (select count(*) from (select 1 from ticket t where t.channel = 'fax' and (:state::text is null or t.state = :state) limit 1000) as few)::int as tickets
union all select 'channel:email' as facet, (select count(*) from (select 1 from ticket t where t.channel = 'email' and (:state::text is null or t.state = :state) limit 1000) as few)::int as tickets
union all select 'channel:text' as facet, (select count(*) from (select 1 from ticket t where t.channel = 'text' and (:state::text is null or t.state = :state) limit 1000) as few)::int as tickets
union all select 'channel:walk_in' as facet, (select count(*) from (select 1 from ticket t where t.channel = 'walk_in' and (:state::text is null or t.state = :state) limit 1000) as few)::int as tickets
union all select 'channel:message' as facet, (select count(*) from (select 1 from ticket t where t.channel = 'message' and (:state::text is null or t.state = :state) limit 1000) as few)::int as tickets
union all select 'channel:appeal' as facet, (select count(*) from (select 1 from ticket t where t.channel = 'appeal' and (:state::text is null or t.state = :state) limit 1000) as few)::int as tickets;

-- name: due_of
-- The clocks that run, over or not, of a person's open cases, the nearest end first, each with its case.
select t.id, t.number, t.kind, t.customer_name, t.customer_number,
  d.rule, d.because, d.starts_at, d.ends_at, d.warns_at, d.due_at, d.state, d.warned_at, d.breached_at, d.settled_at
from ticket t join deadline d on d.ticket_id = t.id and d.settled_at is null and d.order_id is null
where t.owner_id = :person and t.state = 'open' order by d.ends_at, d.id limit :limit;

-- name: sent_by
-- Who last sent a case to another level, or into its level's tray, up to its :version; nobody, or the system: no row or null.
select person_id from ticket_journal
where ticket_id = :ticket and seq <= :version and action in ('hand_over', 'escalate', 'suggest', 'give_back') order by seq desc limit 1;
