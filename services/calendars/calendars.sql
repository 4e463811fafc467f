-- name: newest
-- The edition in force; none before the first start.
select number, content, digest from calendar_edition order by number desc limit 1;

-- name: number
-- The number of the edition in force; 0 before the first start.
select coalesce(max(number), 0) from calendar_edition;

-- name: lock
-- One editor at a time.
lock table calendar_year in share row exclusive mode;

-- name: keep_edition
-- The whole as it is from now on.
insert into calendar_edition (number, at, person_id, content, digest) values (:number, :at, :person, :content, :digest);

-- name: edition
-- The whole as it was.
select content from calendar_edition where number = :number;

-- name: editions
-- Who changed it when, the newest first, and how many deadlines that moved.
select e.number, e.at, p.name as by, jsonb_array_length(e.content -> 'days') as days,
       (select count(*) from deadline_move m where m.edition = e.number) as moved
from calendar_edition e left join person p on p.id = e.person_id
order by e.number desc limit :limit;

-- name: law
-- What the law says of every day that is known here.
select day, counts, "like", zh, en from calendar_day order by day;

-- name: years
-- The years whose days are here, and whether they are published.
select year, country, known from calendar_year order by year;

-- name: forget_year
-- Before its days are written anew.
delete from calendar_day where day >= make_date(:year, 1, 1) and day < make_date(:year + 1, 1, 1);

-- name: write_year
-- A year's days are those of this country.
insert into calendar_year (year, country, known, at) values (:year, :country, :known, :at)
on conflict (year) do update set country = excluded.country, known = excluded.known, at = excluded.at;

-- name: write_day
-- What the law says of a day.
insert into calendar_day (day, counts, "like", zh, en) values (:day, :counts, :like, :zh, :en);
