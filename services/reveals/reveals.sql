-- name: ticket
-- Whose number and name a case has.
select t.customer_number, t.contact_number, t.customer_name, t.address, array[t.description, t.answer]
         || array(select unnest(array[a.text, a.answer]) from appeal a where a.ticket_id = t.id order by a.id limit 200)
         || array(select j.note from ticket_journal j where j.ticket_id = t.id and j.note <> '' order by j.seq desc limit 200) as texts,
       null::bigint as department_id, null::timestamptz as issued_at, null::text as state
from ticket t where t.id = :thing::bigint;

-- name: order
-- Likewise an order, by its case; whose order it is, and how it stands. Of what was written about it, what came after it had left.
select t.customer_number, t.contact_number, t.customer_name, t.address, array[w.task, w.answer]
         || array(select g.text from warning g where g.order_id = w.id)
         || array(select unnest(array[e.reason, e.note]) from extension e where e.order_id = w.id order by e.id limit 200)
         || array(select j.note from order_journal j where j.order_id = w.id and j.note <> ''
                    and j.seq >= (select min(i.seq) from order_journal i where i.order_id = w.id and i.action = 'issue')
                  order by j.seq desc limit 200) as texts, w.department_id, w.issued_at, w.state
from work_order w join ticket t on t.id = w.ticket_id where w.id = :thing::bigint;

-- name: call
-- Likewise a call: who was outside.
select c.number as customer_number, '' as contact_number, coalesce(k.name, c.name_sent) as customer_name, '' as address,
       array[]::text[] as texts, null::bigint as department_id, null::timestamptz as issued_at, null::text as state
from call c left join customer k on k.id = c.customer_id where c.id = :thing::text;

-- name: customer
-- Likewise a customer.
select c.number as customer_number, '' as contact_number, c.name as customer_name, '' as address, array[c.note] as texts,
       null::bigint as department_id, null::timestamptz as issued_at, null::text as state
from customer c where c.id = :thing::bigint;
