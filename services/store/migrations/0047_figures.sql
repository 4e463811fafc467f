-- What the figures of departments ask of every order of a year: of few orders it is true, and these are found without looking at all of them.
create index deadline_breached on deadline (order_id) where state = 'breached' and order_id is not null;
create index order_journal_redone on order_journal (order_id) where action = 'redo';
