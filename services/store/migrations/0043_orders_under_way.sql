-- Orders that departments had before 0042 know how much time they were given, too, so that a calendar moves their deadlines: from when they left, unless
-- somebody has named another deadline since. Their clocks are counted anew at the first start.
update work_order w set due_from = w.issued_at, due_hours = o.hours, due_edition = 0
from outgoing o
where o.order_id = w.id and o.verb = 'dispatch' and o.state = 'left' and w.state in ('issued', 'accepted', 'refused') and w.due_from is null
  and not exists (select from outgoing c where c.order_id = w.id and c.verb = 'chase' and c.state = 'left' and c.until is not null)
  and not exists (select from extension e where e.order_id = w.id and e.granted)
  and not exists (select from order_journal j where j.order_id = w.id and j.action = 'redo');
update deadline d set edition = 0 from work_order w where d.order_id = w.id and w.due_edition = 0 and d.state in ('waiting', 'looking');
