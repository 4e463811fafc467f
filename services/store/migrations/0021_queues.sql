-- Which queues a person answers, by their names at the switch; null: every one there is. A name that no queue has any more is passed over.
alter table person add column queues text[] check (cardinality(queues) > 0);
