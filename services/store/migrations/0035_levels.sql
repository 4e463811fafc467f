-- Who holds a case: its level, and its owner or nobody; then it lies in the level's tray (SPEC A2, A3, A4, A7, N6).
alter table ticket add column level text not null default 'junior' check (level in ('junior', 'senior', 'manager', 'data_administrator'));
-- Since when it is where it is: in that tray, or in those hands. Null: since it was confirmed.
alter table ticket add column held_since timestamptz;
-- The customer's tier when the case was confirmed, or when its customer became another (A7).
alter table ticket add column tier text check (tier in ('normal', 'big', 'important', 'dedicated_line'));
-- When a senior agent, or the manager, first had it: the clock of A7 ends there.
alter table ticket add column senior_at timestamptz;
-- When the manager hotline opened it again (M1): its clocks count from there.
alter table ticket add column reopened_at timestamptz;
-- A draft is nobody's case yet, and only a suggestion is the data administrator's.
alter table ticket add constraint ticket_level_is_a_cases check (level = 'junior' or state in ('open', 'closed'));
alter table ticket add constraint ticket_suggestions_alone check (level <> 'data_administrator' or coalesce(kind, '') = 'suggestion');
-- The trays: what is open at a level, in its tray or in somebody's hands. Of junior cases almost none lies in a tray.
create index ticket_level on ticket (level, owner_id) where state = 'open' and (level <> 'junior' or owner_id is null);
