-- A conversation that was only found by a look at the switch had begun before: its sound begins with the leg's own file.

alter table call_span add column recovered boolean not null default false;
