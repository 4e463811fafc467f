-- name: post
-- A mail about an order, if its department has an address; the same cause again is the same mail.
insert into mail (cause, kind, order_id, made_at, due_at)
select :cause, :kind, w.id, :at, :at from work_order w join department d on d.id = w.department_id
where w.id = :order and d.email <> '' and d.active on conflict (cause) do nothing;

-- name: post_each
-- A mail about each of these orders whose department has an address, but for those that one waits about already.
insert into mail (cause, kind, order_id, made_at, due_at)
select :cause || ':order:' || w.id, :kind, w.id, :at, :at from work_order w join department d on d.id = w.department_id
where w.id = any(:orders::bigint[]) and d.email <> '' and d.active
  and not exists (select from mail m where m.order_id = w.id and m.state = 'waiting')
order by w.id on conflict (cause) do nothing;

-- name: drop_failed
-- What was given up about these orders.
update mail set state = 'dropped' where order_id = any(:orders::bigint[]) and state = 'failed';

-- name: drop_waiting
-- What has not left about an order need not leave any more.
update mail set state = 'dropped' where order_id = :order and state in ('waiting', 'sending', 'failed');

-- name: drop
-- This one has nothing to say any more.
update mail set state = 'dropped' where id = :mail and state = 'sending';

-- name: of
-- What a mail is about.
select id, kind, order_id, made_at from mail where id = :mail;

-- name: sent
-- A server has taken it. One whose order was answered meanwhile has left all the same.
update mail set state = 'sent', sent_at = :at, error = null where id = :mail and state in ('sending', 'dropped');

-- name: give_up
-- It is tried no more, until somebody says so.
update mail set state = 'failed', error = :reason, due_at = :at where id = :mail and state = 'sending';

-- name: standing
-- What waits, what was given up, and why the one that waits longest has not left.
select count(*) filter (where state <> 'failed')::int as waiting, count(*) filter (where state = 'failed')::int as failed,
       (array_agg(error order by made_at) filter (where state <> 'failed' and error is not null))[1] as error
from mail where state in ('waiting', 'sending', 'failed');
