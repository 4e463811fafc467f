-- name: claim
-- The job that has waited longest: counted as tried before the try, and nobody else's until :until.
update {table} set state = '{claimed}', attempts = attempts + 1, due_at = :until
where {key} = (select {key} from {table} where {open} and due_at <= :now order by due_at limit 1 for update skip locked)
returning {key} as id, attempts, {thing} as thing;

-- name: put_off
-- A claimed job waits until :until; :counts whether this try counts, :error what stood in its way.
update {table} set state = 'waiting', due_at = :until, error = :error,
       attempts = case when :counts then attempts else greatest(attempts - 1, 0) end
where {key} = :job and state = '{claimed}';

-- name: release
-- What a process claimed that is no more; :counts whether its tries do.
update {table} set state = 'waiting', due_at = least(due_at, :now),
       attempts = case when :counts then attempts else greatest(attempts - 1, 0) end
where state = '{claimed}' and (state <> 'waiting' or due_at > :now);
