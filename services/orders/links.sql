-- name: account
-- The account under which stands what is done by a department's links; its name is the department's of now.
insert into person (login, name, roles, password_hash, active, created_at, department_id, by_link)
select 'link:' || d.id, left(d.zh, 60) || ' · 链接 link', '{}', '', false, :at, d.id, true from department d where d.id = :department
on conflict (department_id) where by_link do update set name = excluded.name
returning id;

-- name: add
-- A link, by the hash of its token.
insert into order_link (token_hash, order_id, mail_id, person_id, made_at, ends_at)
values (:hash, :order, :mail, :person, :at, :ends_at);

-- name: lost
-- The newest link of this mail is forgotten: whoever was to have it has not got it. Those of earlier tries may have left.
delete from order_link l using mail m where m.id = :mail and l.order_id = m.order_id and l.mail_id = m.id and l.over_at is null
  and l.made_at = (select max(n.made_at) from order_link n where n.order_id = m.order_id and n.mail_id = m.id and n.over_at is null);

-- name: over
-- No link to the order opens anything any more.
update order_link set over_at = :at where order_id = :order and over_at is null;

-- name: hold
-- What these departments have to do, kept still until their links have ended: none is written meanwhile.
select id from work_order where department_id = any(:departments::bigint[]) and state in ('issued', 'accepted') order by id for no key update;

-- name: over_for
-- No link that went to one of these departments opens anything any more.
update order_link l set over_at = :at from work_order w
where w.id = l.order_id and w.department_id = any(:departments::bigint[]) and l.over_at is null;

-- name: hold_still
-- The order stands still until a link to it is written. The address is read after that: it may have changed while we waited.
select 1 from work_order where id = :order for share;

-- name: about
-- What a mail about an order says, and where it goes; nowhere while the department is not active.
select w.id, w.number, w.state, w.urgent, w.due_at, w.department_id, d.zh, d.en, case when d.active then d.email else '' end as email
from work_order w join department d on d.id = w.department_id where w.id = :order;
