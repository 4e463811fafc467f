-- part: order
-- Everything of an order, as ``model.Order`` has it.
id, number, ticket_id, department_id, leads, second_of, state, version, author_id, made_at, task, urgent, hours, due_at, issued_at,
accepted_at, refusals, binding, answer, returned_at, ended_at, due_from, due_hours, due_edition;

-- part: paper
-- Everything of a paper, as ``model.Outgoing`` has it.
id, order_id, verb, version, state, author_id, task, urgent, hours, until, reason, written_at, ended_at;

-- name: load
-- One order, kept still until the transaction ends: its papers and extensions are changed under the same lock.
select {order} from work_order where id = :order for no key update;

-- name: show
-- One order, to be read.
select {order} from work_order where id = :order;

-- name: open_of_department
-- What a department has to do, the nearest deadline first; from behind order :after on.
select {order} from work_order
where department_id = :department and state in ('issued', 'accepted', 'refused', 'returned')
  and (:after::bigint is null or (due_at, id) > (select a.due_at, a.id from work_order a where a.id = :after))
order by due_at, id limit :limit;

-- name: over_of_department
-- What a department has behind it, newest first; from behind order :after on.
select {order} from work_order
where department_id = :department and state in ('done', 'withdrawn') and issued_at is not null
  and (:after::bigint is null or id < :after)
order by id desc limit :limit;

-- name: create
-- An order that no department has seen, with its first journal row and the key that it was asked for with (:key null: none).
with made as (
  insert into work_order (ticket_id, department_id, leads, second_of, state, author_id, made_at, task, urgent, hours)
  values (:ticket, :department, :leads, :second_of, 'proposed', :author, :made_at, :task, :urgent, :hours) returning {order}
), written as (
  insert into order_journal (order_id, seq, at, person_id, action, changes, note)
  select id, 1, :at, :person, :action, :changes, :note from made
), kept as (
  insert into order_key (person_id, key, body, order_id, at)
  select :person, :key, :body, id, :at from made where :key::text is not null
)
select * from made;

-- name: move
-- Compare and set, with its journal row, and who shows it is told; nothing comes of it, not even a row, when the version is no longer
-- :seen_version. For :month (null: it keeps the number it has) it gets the month's next number, above :above (what was given before the database
-- was restored): from here to the commit the row of the month is locked, so that there are no gaps.
with given as (
  insert into order_counter (month, last) select :month, :above + 1 where :month::text is not null
  on conflict (month) do update set last = greatest(order_counter.last, :above) + 1 returning 'W' || month || '-' || lpad(last::text, 6, '0') as number
), moved as (
update work_order set version = :version, state = :state, number = coalesce((select number from given), :number), task = :task, urgent = :urgent, hours = :hours, due_at = :due_at,
       issued_at = :issued_at, accepted_at = :accepted_at, refusals = :refusals, binding = :binding, answer = :answer,
       returned_at = :returned_at, ended_at = :ended_at, due_from = :due_from, due_hours = :due_hours, due_edition = :due_edition
where id = :order and version = :seen_version returning id, number
), written as (
  insert into order_journal (order_id, seq, at, person_id, action, changes, note)
  select id, :version, :at, :person, :action,
         :changes::jsonb || coalesce((select jsonb_build_object('number', jsonb_build_array(null, number)) from given), '{}'), :note
  from moved
)
select id, pg_notify(:bell, :told), number from moved;

-- name: other_than_reminded
-- Whether anything but reminders has come about an order after version :since.
select exists (select from order_journal where order_id = :order and seq > :since and action <> 'remind');

-- name: read_journal
-- An order's history, oldest first, a page from behind :after.
select j.seq, j.at, p.name as by, j.action, j.changes, j.note
from order_journal j left join person p on p.id = j.person_id where j.order_id = :order and j.seq > :after order by j.seq limit :limit;

-- name: of_key
-- What a person's key was taken for.
select body, order_id from order_key where person_id = :person and key = :key;

-- name: read_journal_left
-- The same for the department, from when the order left for it: how it was worded before is the centre's own.
select j.seq, j.at, p.name as by, j.action,
       case when j.action = 'issue' then j.changes - 'task' - 'urgent' else j.changes end as changes, j.note
from order_journal j left join person p on p.id = j.person_id
where j.order_id = :order and j.seq > :after
  and j.seq >= (select min(i.seq) from order_journal i where i.order_id = :order and i.action = 'issue')
order by j.seq limit :limit;

-- name: next_warning
-- The year's next number of a written warning, above :above.
insert into warning_counter (year, last) values (:year, :above + 1)
on conflict (year) do update set last = greatest(warning_counter.last, :above) + 1 returning last;

-- name: write_paper
-- A paper, in the state in which it begins.
insert into outgoing (order_id, verb, state, author_id, task, urgent, hours, until, reason, written_at, ended_at)
values (:order, :verb, :state, :author, :task, :urgent, :hours, :until, :reason, :at, :ended_at) returning {paper};

-- name: load_paper
-- One paper; whoever changes it has locked its order.
select {paper} from outgoing where id = :paper;

-- name: order_of_paper
-- The order that a paper is about.
select order_id from outgoing where id = :paper;

-- name: ticket_of
-- The ticket that an order is about.
select ticket_id from work_order where id = :order;

-- name: open_paper
-- The paper about an order that has not left and was not dropped.
select {paper} from outgoing where order_id = :order and state in ('waiting', 'sent_back');

-- name: save_paper
-- A paper as it has become; no row comes back when its version is no longer :seen_version.
update outgoing set version = :version, state = :state, task = :task, urgent = :urgent, hours = :hours, until = :until, reason = :reason,
       written_at = :written_at, ended_at = :ended_at
where id = :paper and version = :seen_version returning id;

-- name: write_review
-- A second review of one version of a paper.
insert into review (outgoing_id, version, person_id, verdict, reason, marks, at)
values (:paper, :version, :person, :verdict, :reason, :marks, :at);

-- name: write_warning
-- The written warning that goes with a second dispatch.
insert into warning (number, order_id, department_id, text, person_id, at) values (:number, :order, :department, :text, :person, :at);

-- name: ask_extension
-- A request for more time; its id.
insert into extension (order_id, asked_by, asked_at, until, reason) values (:order, :person, :at, :until, :reason) returning id;

-- name: open_extension
-- The request about an order that nobody has decided yet.
select id, order_id, asked_by, asked_at, until, reason, decided_by, decided_at, granted, note
from extension where order_id = :order and decided_at is null;

-- name: decide_extension
-- Another person's decision; no row comes back when it was decided before.
update extension set decided_by = :person, decided_at = :at, granted = :granted, note = :note
where id = :extension and decided_at is null returning id;

-- name: has_refused
-- Whether the department has sent an order about this case back as not its own.
select exists (select from work_order w join order_journal j on j.order_id = w.id
               where w.ticket_id = :ticket and w.department_id = :department and j.action = 'refuse');

-- name: department
-- Whether a department receives orders, and what it has for one; whether one that leads the case is not at its end.
select hours, active,
       exists (select from work_order where ticket_id = :ticket and leads and state not in ('done', 'withdrawn', 'dropped')) as case_is_led
from department where id = :department;

-- name: of_ticket
-- A ticket's newest orders, as they were made.
select * from (select {order} from work_order where ticket_id = :ticket order by id desc limit :limit) as newest order by id;

-- name: papers_of
-- The papers about these orders, each with its last review and who gave it.
select o.id, o.order_id, o.verb, o.version, o.state, o.author_id, o.task, o.urgent, o.hours, o.until, o.reason, o.written_at, o.ended_at,
       a.name as author, r.verdict, r.reason as review_reason, r.at as reviewed_at, p.name as reviewer
from outgoing o join person a on a.id = o.author_id
left join lateral (select * from review r where r.outgoing_id = o.id order by r.id desc limit 1) r on true
left join person p on p.id = r.person_id
where o.order_id = any(:orders::bigint[]) order by o.id;

-- name: extensions_of
-- The requests for more time about these orders.
select e.id, e.order_id, e.asked_at, e.asked_by as asker, e.until, e.reason, e.decided_at, e.granted, e.note, a.name as asked_by, d.name as decided_by
from extension e join person a on a.id = e.asked_by left join person d on d.id = e.decided_by
where e.order_id = any(:orders::bigint[]) order by e.id;

-- name: warnings
-- The register of written warnings, newest first, from behind :after on; a department's own alone if :department is given.
select w.id, w.number, w.at, w.text, p.name as by, w.order_id as order, o.number as order_number, t.number as ticket, d.code, d.zh, d.en
from warning w join work_order o on o.id = w.order_id join ticket t on t.id = o.ticket_id
join department d on d.id = w.department_id join person p on p.id = w.person_id
where (:department::bigint is null or w.department_id = :department) and (:after::bigint is null or w.id < :after)
order by w.id desc limit :limit;

-- name: order_of_warning
-- The order that a written warning went with.
select order_id from warning where id = :warning;

-- name: beside
-- What stands beside these orders: their departments, tickets and authors, the written warning that went with each, and its last clock.
select o.id as order_id, u.code, u.zh, u.en, t.number as ticket, t.customer_name, t.address, t.contact_number, t.customer_number, a.name as author,
       (select count(*)::int from evidence e where e.order_id = o.id) as evidence,
       g.id as warning_id, g.number as warning_number, g.text as warning_text, g.at as warning_at, b.name as warning_by, d.*
from work_order o join department u on u.id = o.department_id join ticket t on t.id = o.ticket_id join person a on a.id = o.author_id
left join warning g on g.order_id = o.id left join person b on b.id = g.person_id
left join lateral (
  select rule, because, starts_at, ends_at, warns_at, due_at, state, warned_at, breached_at, settled_at
  from deadline where order_id = o.id order by id desc limit 1) d on true
where o.id = any(:orders::bigint[]);

-- name: began
-- When the time of an order's last clock began.
select starts_at from deadline where order_id = :order order by id desc limit 1;

-- name: departments_of
-- The department that has each of these orders; null: it has not left yet.
select id, case when issued_at is not null then department_id end as department_id from work_order where id = any(:orders::bigint[]);

-- name: waiting
-- Papers that wait for a second review, the one that has waited longest first; not those of :person, who may not review them.
select o.id, o.order_id, o.version, o.verb, o.written_at, o.urgent, w.ticket_id, t.number as ticket, t.kind, t.business, t.nature, t.received_at,
       d.code, d.zh, d.en, a.name as author, k.tier
from outgoing o join work_order w on w.id = o.order_id join ticket t on t.id = w.ticket_id
join department d on d.id = w.department_id join person a on a.id = o.author_id left join customer k on k.id = t.customer_id
where o.state = 'waiting' and o.author_id <> :person
order by o.urgent desc, o.written_at, o.id limit :limit;

-- name: recount
-- The deadline of an order by another edition of the calendar: nobody's step, so its version stays.
update work_order set due_at = :due_at, due_edition = :edition where id = :order;
