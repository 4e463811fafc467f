-- name: phrases
-- All phrases in their order, those that are no longer used too.
select list, code, zh, en, text, position, active from phrase order by list, position, code;

-- name: newest
-- The number of the edition in force; 0 before the first.
select coalesce(max(number), 0) from phrase_edition;

-- name: lock
-- One editor at a time.
lock table phrase in share row exclusive mode;

-- name: write_phrase
-- A phrase, new or as it is now; list and code are what it is known by.
insert into phrase (list, code, zh, en, text, position, active) values (:list, :code, :zh, :en, :text, :position, :active)
on conflict (list, code) do update set zh = excluded.zh, en = excluded.en, text = excluded.text, position = excluded.position,
  active = excluded.active;

-- name: keep_edition
-- The whole as it is from now on.
insert into phrase_edition (number, at, person_id, content) values (:number, :at, :person, :content);

-- name: edition
-- The whole as it was.
select content from phrase_edition where number = :number;

-- name: editions
-- Who changed it when, the newest first.
select e.number, e.at, p.name as by from phrase_edition e left join person p on p.id = e.person_id
order by e.number desc limit :limit;
