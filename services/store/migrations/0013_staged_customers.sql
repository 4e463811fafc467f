-- The rows of a file of customers on their way into their table, copied as they are. They are written and deleted in one transaction:
-- no other one ever sees any. The account that serves may make no tables, not even temporary ones.
create unlogged table staged_customer (
  number text not null,
  name   text not null,
  tier   text not null,
  note   text not null
);
