-- name: write
-- Add one row; nothing else is possible with this table.
insert into audit (at, person_id, action, object, detail) values (:at, :person, :action, :object, :detail);
