-- A wish that was set aside and is applied again must not undo a newer one.
alter table person add column wanted_at timestamptz;
