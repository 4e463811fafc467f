-- A person may hold several roles, and may do what any of them may.
alter table person add column roles text[];
update person set roles = array[role];
alter table person alter column roles set not null;
alter table person add constraint person_roles_check check (
  cardinality(roles) > 0 and roles <@ array['administrator', 'junior_agent', 'qa_inspector']);
alter table person drop column role;
