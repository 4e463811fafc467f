-- An end nobody heard (the call was gone after a gap in our hearing) stands at the moment we noticed, until the switch's diary or
-- the sound has put it where it was. It stays concluded where there is no sound.
alter table call add column concluded boolean not null default false;
