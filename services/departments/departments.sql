-- name: departments
-- All departments in their order, those that are no longer asked too.
select id, code, zh, en, hours, position, active, email from department order by position, code;

-- name: rules
-- The dispatch catalogue.
select d.code as department, r.kind, r.business, r.nature, r.hours
from dispatch_rule r join department d on d.id = r.department_id order by r.nature nulls last, r.business nulls last, r.kind nulls last;

-- name: newest
-- The number of the edition in force; 0 before the first.
select coalesce(max(number), 0) from department_edition;

-- name: lock
-- One editor at a time.
lock table department, dispatch_rule in share row exclusive mode;

-- name: write_department
-- A department, new or as it is now; its code is what it is known by.
insert into department (code, zh, en, hours, position, active, email) values (:code, :zh, :en, :hours, :position, :active, :email)
on conflict (code) do update set zh = excluded.zh, en = excluded.en, hours = excluded.hours, position = excluded.position,
  active = excluded.active, email = excluded.email;

-- name: forget_rules
-- Before the new ones are written.
delete from dispatch_rule;

-- name: write_rule
-- One rule of the catalogue.
insert into dispatch_rule (department_id, kind, business, nature, hours)
select id, :kind, :business, :nature, :hours from department where code = :department;

-- name: keep_edition
-- The whole as it is from now on.
insert into department_edition (number, at, person_id, content) values (:number, :at, :person, :content);

-- name: edition
-- The whole as it was.
select content from department_edition where number = :number;

-- name: editions
-- Who changed it when, the newest first.
select e.number, e.at, p.name as by from department_edition e left join person p on p.id = e.person_id
order by e.number desc limit :limit;
