-- Which switch a call is on: what one of them still has says nothing about the calls of another.
alter table call add column node text not null default 'main' check (node ~ '^[A-Za-z0-9_]{1,32}$');
