-- Store and rows are compared every five minutes: the days that are looked at, not all that was ever recorded.
create index recording_archived on recording (archived_at) where state = 'archived';
