-- A department's finished orders, newest first, are a page of an index.
create index work_order_over on work_order (department_id, id) where state in ('done', 'withdrawn');

-- Papers about an order leave one after the other: the newest is the one with the highest id, whatever became of the clock meanwhile.
create or replace function order_follows_papers() returns trigger language plpgsql as $$
declare paper outgoing;
begin
  if new.state in ('proposed', 'dropped') then
    return null;
  end if;
  if tg_op = 'UPDATE' then
    if new.author_id <> old.author_id or new.ticket_id <> old.ticket_id or new.department_id <> old.department_id then
      raise exception 'an order stays its author''s, its ticket''s and its department''s';
    end if;
  end if;
  select * into paper from outgoing where order_id = new.id and state = 'left' order by id desc limit 1;
  if paper.id is null then
    raise exception 'no dispatch of it has left';
  end if;
  if (new.state = 'withdrawn') <> (paper.verb = 'withdraw') then
    raise exception 'its withdrawal has not left';
  end if;
  if (new.task, new.urgent) is distinct from (paper.task, paper.urgent) then
    raise exception 'its task is not what has left';
  end if;
  return null;
end $$;
