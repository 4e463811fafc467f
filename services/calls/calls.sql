-- name: lock_cursor
-- How far a journal has been applied (one that is new: not at all); nobody else moves it until the transaction ends.
insert into journal_cursor (journal, position) values (:journal, 0)
on conflict (journal) do update set position = journal_cursor.position returning position;

-- name: move_cursor
-- The journal has been applied up to here; in the same transaction as the effects.
insert into journal_cursor (journal, position) values (:journal, :position)
on conflict (journal) do update set position = excluded.position;

-- name: ensure_calls
-- Calls of which something is heard before (or without) their beginning.
insert into call (id, number, number_sent, name_sent, dialled, node, started_at, recovered)
select id, '', '', '', '', node, at, true
from unnest(:calls::text[], :moments::timestamptz[], :nodes::text[]) as heard (id, at, node) on conflict (id) do nothing;

-- name: start_call
-- A caller's channel came up, or somebody was dialled for whoever sits at that extension now (:by); a row that was only guessed so far gets its beginning.
insert into call (id, number, number_sent, name_sent, dialled, direction, placed_by, node, started_at, recovered, customer_id)
values (:call, :number, :number_sent, :name_sent, :dialled, :direction, (select id from person where extension = :by), :node, :at, :recovered,
  (select id from customer where number = :number))
on conflict (id) do update
  set number = excluded.number, number_sent = excluded.number_sent, name_sent = excluded.name_sent,
      dialled = excluded.dialled, direction = excluded.direction, placed_by = excluded.placed_by, node = excluded.node, recovered = excluded.recovered, customer_id = excluded.customer_id, started_at = least(call.started_at, excluded.started_at)
  where call.dialled = '';

-- name: queue_call
-- The 15-second clock of SPEC A1 starts, once: a second entry (a transfer back) does not start it again.
update call set queue = coalesce(queue, :queue), queued_at = coalesce(queued_at, :at),
  ivr_path = case when :ivr_path = '' then ivr_path else :ivr_path end, language = case when :language in ('zh-CN', 'en') then :language else language end
where id = :call;

-- name: enter_queue
-- A visit begins. What was found afterwards (:recovered) is known to the second, perhaps: inside or beside a visit that we have it is no second one.
insert into queue_visit (call_id, queue, entered_at)
select :call, :queue, :at::timestamptz where not (:recovered::boolean and exists (
  select 1 from queue_visit where call_id = :call and queue = :queue
    and (abs(extract(epoch from entered_at - :at::timestamptz)) <= 2 or (entered_at <= :at and (left_at is null or left_at > :at)))))
on conflict do nothing;

-- name: leave_queue
-- The visit that was the last one at that time is over. What was only concluded (lost) gives way to what is known; nothing else is told twice.
update queue_visit set left_at = greatest(:at, entered_at), how = :how
where call_id = :call and (how is null or how = 'lost') and entered_at = (
  select max(entered_at) from queue_visit
  where call_id = :call and queue = :queue and entered_at <= :at::timestamptz + case when :recovered::boolean then interval '2 seconds' else interval '0' end);

-- name: note_menu
-- The caller's way through the menu and the notice that was played.
update call set ivr_path = case when queued_at is null and :path <> '' then :path else ivr_path end, notice = :notice where id = :call;

-- name: offer_leg
-- An agent's phone rings; the leg belongs to whoever sits at the extension now.
insert into call_leg (call_id, channel, extension, person_id, rang_at)
values (:call, :channel, :extension, (select id from person where extension = :extension), :at)
on conflict (call_id, channel) do update set rang_at = coalesce(call_leg.rang_at, excluded.rang_at),
  extension = coalesce(call_leg.extension, excluded.extension), person_id = coalesce(call_leg.person_id, excluded.person_id);

-- name: end_offer
-- The ring at one agent ended without that agent's answer.
update call_leg set ended_at = :at, outcome = :outcome, rang_ms = :rang_ms where call_id = :call and channel = :channel and outcome is null;

-- name: answer
-- This agent's phone was answered; if it is the first, the caller's wait is over. Later answers do not change the wait, which counts
-- from the queue entry we hold, as the ring counts from the ring we hold: who heard the answer (:rang_ms, :waited_ms) may have been started later.
-- Whom we called waits for nobody.
with leg as (
  insert into call_leg (call_id, channel, extension, person_id, answered_at, outcome, rang_ms)
  values (:call, :channel, :extension, (select id from person where extension = :extension), :at, 'answered', :rang_ms)
  on conflict (call_id, channel) do update set answered_at = coalesce(call_leg.answered_at, excluded.answered_at), outcome = 'answered',
    rang_ms = coalesce(greatest(0, floor(extract(epoch from :at - call_leg.rang_at) * 1000)), call_leg.rang_ms, excluded.rang_ms)
)
update call set answered_at = :at, answered_by = (select id from person where extension = :extension),
  waited_ms = case when direction = 'inbound' then coalesce(greatest(0, floor(extract(epoch from :at - queued_at) * 1000)), :waited_ms) end
where id = :call and answered_at is null;

-- name: join_leg
-- From now on that leg shares the caller's bridge; it may never have rung to our knowledge (a transfer's target). What a snapshot
-- finds inside a span that is known already is no second one.
with leg as (
  insert into call_leg (call_id, channel, extension, person_id, answered_at, outcome)
  values (:call, :channel, :extension, (select id from person where extension = :extension), :at, 'answered')
  on conflict (call_id, channel) do update set answered_at = coalesce(call_leg.answered_at, excluded.answered_at), outcome = 'answered'
)
insert into call_span (call_id, channel, joined_at, recovered)
select :call, :channel, :at, :recovered where not exists (
  select 1 from call_span where call_id = :call and channel = :channel and joined_at <= :at and (left_at is null or left_at > :at))
on conflict do nothing;

-- name: mark_recovered
-- Something of this call was found out only afterwards.
update call set recovered = true where id = :call and not recovered;

-- name: close_span
-- No longer; a span that began later is not this one's.
update call_span set left_at = :at where call_id = :call and channel = :channel and left_at is null and joined_at <= :at;

-- name: note_turn
-- A hold or a transfer.
insert into call_turn (call_id, at, kind, channel, by_ext, to_ext) values (:call, :at, :kind, :channel, :by_extension, :to_extension) on conflict do nothing;

-- name: end_call
-- The caller's channel is gone, and with it rings and conversations still open; its sound is expected in the spool (SPEC C6).
-- An end that was only concluded (lost) gives way to a heard one. The talk is every moment with at least one person, by the spans:
-- they remember what was before a restart. A visit whose own end was not heard ends as the call does.
with talk as (
  select unnest(range_agg(tstzrange(joined_at, coalesce(left_at, greatest(:at, joined_at))))) as stretch from call_span where call_id = :call
), ended as (
  update call set ended_at = :at, outcome = :outcome, waited_ms = case when direction = 'inbound' then coalesce(waited_ms, :waited_ms) end, recovered = recovered or :recovered, concluded = :recovered,
    abandoned_again = :abandoned_again,
    talked_ms = (select coalesce(floor(sum(extract(epoch from upper(stretch) - lower(stretch))) * 1000), 0) from talk)
  where id = :call and (ended_at is null or (outcome = 'lost' and :outcome <> 'lost'))
), legs as (
  update call_leg set ended_at = :at, outcome = coalesce(outcome, 'cancelled') where call_id = :call and ended_at is null
), spans as (
  update call_span set left_at = greatest(:at, joined_at) where call_id = :call and left_at is null
), visits as (
  update queue_visit v set left_at = greatest(v.entered_at, case when c.answered_at >= v.entered_at then c.answered_at else :at::timestamptz end),
    how = case when c.answered_at >= v.entered_at then 'answered' when :outcome = 'abandoned' or :abandoned_again then 'abandoned'
               when :outcome = 'refused' then 'let_go' else 'lost' end
  from call c where c.id = :call and v.call_id = c.id and v.left_at is null
)
insert into recording (call_id, state, due_at) values (:call, 'waiting', :at) on conflict (call_id) do nothing;

-- name: close_late
-- Of these ended calls, what was only written after their end: rings and conversations are closed by it, as the end does.
with spans as (
  update call_span s set left_at = greatest(c.ended_at, s.joined_at) from call c
  where c.id = any(:calls::text[]) and c.ended_at is not null and s.call_id = c.id and s.left_at is null
), visits as (
  update queue_visit v set left_at = greatest(c.ended_at, v.entered_at), how = 'lost' from call c
  where c.id = any(:calls::text[]) and c.ended_at is not null and v.call_id = c.id and v.left_at is null
)
update call_leg l set ended_at = c.ended_at, outcome = coalesce(l.outcome, 'cancelled') from call c
where c.id = any(:calls::text[]) and c.ended_at is not null and l.call_id = c.id and l.ended_at is null;

-- name: measure_late
-- Of these ended calls, the talk by the spans as they are now.
update call c set talked_ms = (
  select coalesce(floor(sum(extract(epoch from upper(stretch) - lower(stretch))) * 1000), 0) from (
    select unnest(range_agg(tstzrange(joined_at, greatest(left_at, joined_at)))) as stretch from call_span where call_id = c.id) talk)
where c.id = any(:calls::text[]) and c.ended_at is not null;

-- name: ended_unheard
-- Calls of a switch (:node) that we think open although it has none of that name (:live: those it has); begun before :at.
select id, started_at, answered_at from call where ended_at is null and node = :node and started_at < :at and not (id = any(:live::text[]));

-- name: close_unheard_legs
-- Phones that we think ringing although the switch has none of that name (:live: those it has); since before :at.
update call_leg l set ended_at = :at, outcome = 'cancelled' from call c
where l.outcome is null and l.rang_at < :at and not (l.channel = any(:live::text[])) and c.id = l.call_id and c.node = :node;

-- name: close_unheard_spans
-- Likewise, whoever we think with a caller that is still there: left by now, the switch does not say when.
update call_span s set left_at = greatest(:at, s.joined_at) from call c
where s.left_at is null and s.joined_at < :at and not (s.channel = any(:live::text[])) and c.id = s.call_id and c.node = :node;

-- name: close_unheard_pops
-- Likewise, the cards of rings that are over.
update pop p set ended_at = :at, ended_how = coalesce(
  (select l.outcome from call_leg l where l.call_id = p.call_id and p.id = l.call_id || '/' || l.channel), 'cancelled')
where ended_at is null and offered_at < :at and not (split_part(id, '/', 2) = any(:live::text[]))
  and not exists (select 1 from call c where c.id = p.call_id and c.node <> :node);

-- name: send_pop
-- A card went out; the same offer is the same card.
insert into pop (id, person_id, call_id, seq, offered_at, sent_at) values (:pop, :person, :call, :seq, :offered_at, :at) on conflict (id) do nothing;

-- name: enrich_pop
-- What we remember followed the card.
update pop set enriched_at = coalesce(enriched_at, :at) where id = :pop;

-- name: receive_pop
-- The card is on the screen.
update pop set received_at = coalesce(received_at, :at), shown_ms = coalesce(shown_ms, :shown_ms) where id = :pop;

-- name: end_pop
-- The ring behind the card is over.
update pop set ended_at = :at, ended_how = :how where id = :pop and ended_at is null;

-- name: set_wanted
-- What state a person asked to be in; an older wish that comes late does not undo a newer one.
update person set wanted_state = :state, wanted_reason = :reason, wanted_at = :at where id = :person and (wanted_at is null or wanted_at <= :at);

-- name: legs
-- The agents' legs of a call, in order.
select l.channel, l.extension, p.name as person, l.person_id, l.rang_at, l.answered_at, l.ended_at, l.outcome, l.rang_ms
from call_leg l left join person p on p.id = l.person_id
where l.call_id = :call order by coalesce(l.rang_at, l.answered_at), l.channel;

-- name: is_own
-- Whether a call is this person's own: they placed it or spoke in it (a phone that only rang took no part), or its ticket is theirs or nobody's:
-- a draft, or a case in the juniors' tray. What lies in another level's tray is for that level alone.
select exists (select 1 from call where id = :call and placed_by = :person)
    or exists (select 1 from call_leg where call_id = :call and person_id = :person and answered_at is not null)
    or exists (select 1 from ticket where call_id = :call and state <> 'discarded'
               and (owner_id = :person or (owner_id is null and level = 'junior')));

-- name: owners
-- Whose each of these calls is, by the rule of is_own; null among them: its ticket is nobody's.
select call, array_agg(owner) as owners from (
  select call_id as call, person_id as owner from call_leg where call_id = any(:calls::text[]) and answered_at is not null and person_id is not null
  union
  select id, placed_by from call where id = any(:calls::text[]) and placed_by is not null
  union
  select call_id, owner_id from ticket where call_id = any(:calls::text[]) and state <> 'discarded' and (owner_id is not null or level = 'junior')
) own group by call;

-- name: recording_of
-- The recording of a call and what became of its words.
select r.id, r.state, r.object, r.peaks, r.bytes, r.duration_ms, r.starts_at, r.remarks, r.error,
       x.state as transcript_state, x.model, x.error as transcript_error
from recording r left join transcript x on x.recording_id = r.id where r.call_id = :call;

-- name: utterances_of
-- The words of a call, a row an utterance: those of four hours are never taken apart in one piece.
select u.utterance::text as utterance from transcript x, jsonb_array_elements(x.utterances) with ordinality as u (utterance, place)
where x.recording_id = :recording order by u.place;
