-- name: tell
-- A notice for each of these people who work here, unless it is their own doing or was told to them before; who got it.
insert into notice (person_id, code, cause, ticket_id, order_id, by_id, details, at)
select p.id, :code, :cause, :ticket, :order, :by, :details, :at from person p
where p.id = any(:people::bigint[]) and p.active and p.id is distinct from :by::bigint
order by p.id
on conflict (person_id, cause) do nothing returning id, person_id;

-- name: people_of_roles
-- Who works here now in one of these roles.
select id from person where active and roles && :roles::text[] order by id;

-- name: officers
-- Who works now for a department.
select id from person where active and department_id = :department order by id;

-- name: holder
-- Who has a case, as far as they work here.
select p.id from ticket t join person p on p.id = t.owner_id where t.id = :ticket and p.active;

-- name: concerned
-- Whose an order is at the centre: its author, and who has its case now, as far as they work here.
select p.id from work_order w join ticket t on t.id = w.ticket_id join person p on p.id in (w.author_id, t.owner_id)
where w.id = :order and p.active order by p.id;

-- name: page
-- A person's notices, the newest first, from behind :after on. Of an order that another department has now a department hears no more.
select n.id, n.code, n.ticket_id, n.order_id, n.details, n.at, n.read_at, t.number as ticket, w.number as order_number, d.zh, d.en, b.name as by
from notice n join ticket t on t.id = n.ticket_id left join work_order w on w.id = n.order_id
left join department d on d.id = w.department_id left join person b on b.id = n.by_id
where n.person_id = :person and (:after::bigint is null or n.id < :after)
  and (:department::bigint is null or w.department_id = :department)
order by n.id desc limit :limit;

-- name: unread
-- How many of a person's notices are unread, counted up to :most.
select count(*)::int from (
  select from notice n left join work_order w on w.id = n.order_id
  where n.person_id = :person and n.read_at is null and (:department::bigint is null or w.department_id = :department) limit :most
) as few;

-- name: over
-- Nobody has to read any more what a ticket's notices of this kind say; whose they were.
update notice set read_at = :at where ticket_id = :ticket and code = :code and read_at is null returning id, person_id;

-- name: mark
-- One notice of a person's is read (or, with :at null, unread again); no row comes back if there is none.
update notice set read_at = case when :at::timestamptz is null then null else coalesce(read_at, :at) end
where id = :notice and person_id = :person returning id;

-- name: mark_all
-- All unread notices of a person up to :upto are read at :at.
with marked as (update notice set read_at = :at where person_id = :person and read_at is null and id <= :upto returning 1)
select count(*)::int from marked;

-- name: unmark
-- What a person read at this very moment is unread again.
with marked as (update notice set read_at = null where person_id = :person and read_at = :at returning 1)
select count(*)::int from marked;

-- name: forget
-- Notices older than :before go.
delete from notice where at < :before;
