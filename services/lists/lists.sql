-- name: columns
-- The columns that a person chose, by list.
select list, columns from list_columns where person_id = :person order by list;

-- name: choose_columns
-- The columns of a list, in place of those chosen before.
insert into list_columns (person_id, list, columns) values (:person, :list, :columns)
on conflict (person_id, list) do update set columns = :columns;

-- name: views
-- The views that a person saved and did not remove.
select id, list, name, query from list_view where person_id = :person and removed_at is null order by list, lower(name), id;

-- name: count
-- How many views a person has of a list.
select count(*) from list_view where person_id = :person and list = :list and removed_at is null;

-- name: lock
-- One at a time saves views of a person, so that they are counted right.
select 1 from person where id = :person for no key update;

-- name: save
-- A view under a new name.
insert into list_view (person_id, list, name, query, made_at) values (:person, :list, :name, :query, :at) returning id, list, name, query;

-- name: remove
-- A view of one's own goes; no row comes back if there is none.
update list_view set removed_at = :at where id = :view and person_id = :person and removed_at is null returning id;

-- name: of_removed
-- A view of one's own that was removed.
select id, list, name, query from list_view where id = :view and person_id = :person and removed_at is not null;

-- name: restore
-- It is there again.
update list_view set removed_at = null where id = :view and person_id = :person;
