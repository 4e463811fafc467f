-- part: whole
-- An appeal, as ``model.Appeal`` has it. One whose chase or withdrawal never left is open as it was.
a.id, a.ticket_id, a.call_id, a.text,
       case when a.state in ('chased', 'withdrawn') and o.state = 'dropped' then 'open' else a.state end as state,
       a.version, a.author_id, a.made_at, a.while_open, a.answer, a.paper_id, a.settled_by, a.settled_at;

-- name: ticket_of
-- The ticket that an appeal is about.
select ticket_id from appeal where id = :appeal;

-- name: load
-- One appeal; whoever changes it has locked its ticket.
select {whole} from appeal a left join outgoing o on o.id = a.paper_id where a.id = :appeal;

-- name: create
-- What a customer adds to a case.
insert into appeal (ticket_id, call_id, text, state, author_id, made_at, while_open)
values (:ticket, :call, :text, 'open', :author, :at, :while_open) returning id;

-- name: save
-- Compare and set: no row comes back when the version is no longer :seen_version.
update appeal set state = :state, version = :version, answer = :answer, paper_id = :paper, settled_by = :settled_by,
       settled_at = :settled_at
where id = :appeal and version = :seen_version returning id;

-- name: of_ticket
-- A case's newest appeals, as they were made, each with who wrote it, who settled it, and the paper that it led to.
select * from (
  select {whole}, p.name as author, s.name as settler, o.verb, o.state as paper_state, w.number as order_number, w.id as order_id
  from appeal a join person p on p.id = a.author_id left join person s on s.id = a.settled_by
  left join outgoing o on o.id = a.paper_id left join work_order w on w.id = o.order_id
  where a.ticket_id = :ticket order by a.id desc limit :limit) as newest
order by id;

-- name: first_open
-- When the oldest appeal about a case that is still open was made.
select min(a.made_at) from appeal a left join outgoing o on o.id = a.paper_id
where a.ticket_id = :ticket and (a.state = 'open' or (a.state in ('chased', 'withdrawn') and o.state = 'dropped'));

-- name: running_since
-- When the appeal was made that the clock runs for.
select starts_at from deadline where ticket_id = :ticket and order_id is null and rule = :rule and settled_at is null;

-- name: newest_paper
-- The paper about an order that was written last.
select id from outgoing where order_id = :order order by id desc limit 1;

-- name: call_there
-- Whether there is such a call.
select exists (select from call where id = :call);

-- name: link_call
-- The call by which the customer came back is about the case; of one that is so already the first reason stays.
insert into ticket_call (ticket_id, call_id, why) values (:ticket, :call, 'appeal') on conflict do nothing;

-- name: of_key
-- What a person's key was taken for.
select body, appeal_id from appeal_key where person_id = :person and key = :key;

-- name: take_key
-- A person's key for an appeal; no row comes back when it was taken for another ticket at this very moment.
insert into appeal_key (person_id, key, body, appeal_id, at) values (:person, :key, :body, :appeal, :at)
on conflict do nothing returning key;
