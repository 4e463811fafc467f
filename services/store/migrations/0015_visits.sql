-- A call's way through the queues: a row for each stay, so that a second one after an answer can be counted.
create table queue_visit (
  call_id    text not null references call,
  queue      text not null,
  entered_at timestamptz not null,
  left_at    timestamptz,                              -- when the caller stopped waiting there
  how        text check (how in ('answered', 'abandoned', 'timed_out', 'empty', 'let_go', 'transferred', 'lost')),
  primary key (call_id, entered_at),
  check ((left_at is null) = (how is null))
);
create index queue_visit_entered on queue_visit (queue, entered_at);

-- What is known of calls so far is their first visit. Whether the queue let a caller go for the time or for want of people was not kept.
insert into queue_visit (call_id, queue, entered_at, left_at, how)
select id, queue, queued_at,
       case when answered_at is not null then greatest(answered_at, queued_at)
            when outcome is not null then least(greatest(ended_at, queued_at), queued_at + coalesce(waited_ms, 1e12) * interval '1 millisecond') end,
       case when answered_at is not null then 'answered' when outcome = 'refused' then 'let_go' when outcome = 'ivr_hangup' then 'lost' else outcome end
from call where queue is not null and queued_at is not null;

-- Who had been answered and gave up in a queue afterwards came into it, at the earliest, when the last person had left. Which queue
-- it was is not known: there was one.
insert into queue_visit (call_id, queue, entered_at, left_at, how)
select c.id, c.queue, s.left_at, greatest(c.ended_at, s.left_at), 'abandoned'
from call c join lateral (select max(left_at) as left_at from call_span where call_id = c.id) s on s.left_at > coalesce(c.answered_at, c.queued_at)
where c.abandoned_again and c.queue is not null and c.queued_at is not null and c.ended_at is not null
on conflict do nothing;
