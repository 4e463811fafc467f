-- name: statements
-- The statements that give account :account its rights, in order; rows can be deleted from the tables :deletable.
with relation as (
  select c.oid, c.relname, c.relkind,
         c.relname = 'schema_migration' as fixed,
         exists (
           select from pg_trigger t join pg_proc p on p.oid = t.tgfoid
           where t.tgrelid = c.oid and p.proname = 'audit_is_append_only'
         ) as append_only
  from pg_class c
  where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
), own_sequence as (
  select c.relname from pg_class c
  where c.relnamespace = 'public'::regnamespace and c.relkind = 'S'
    and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'i')   -- an identity needs no right of its own
), inserted as (                                         -- an append-only row's place in the order is the database's to give
  select r.oid, string_agg(format('%I', a.attname), ', ' order by a.attnum) as columns
  from relation r join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped and a.attidentity = ''
  where r.append_only group by r.oid
)
select statement from (
  select 1 as turn, format('revoke all on all tables in schema public from %I', :account::text) as statement
  union all select 1, 'revoke all on all tables in schema public from public'      -- what everybody may, this account may too
  union all select 1, format('revoke all on all sequences in schema public from %I', :account)
  union all select 1, format('revoke all on schema public from %I', :account)
  union all select 1, format('revoke all on database %I from %I', current_database(), :account)
  union all select 1, format('revoke temporary on database %I from public', current_database())
  union all select 1, 'revoke create on schema public from public'
  union all select 2, format('grant connect on database %I to %I', current_database(), :account)
  union all select 2, format('grant usage on schema public to %I', :account)
  union all select 2, format('grant select on public.%I to %I', relname, :account) from relation
  union all select 2, format('grant insert (%s) on public.%I to %I', columns, relname, :account) from relation join inserted using (oid)
  union all select 2, format('grant insert, update on public.%I to %I', relname, :account) from relation
    where relkind in ('r', 'p') and not append_only and not fixed
  union all select 2, format('grant delete on public.%I to %I', relname, :account) from relation
    where relname = any (:deletable::text[]) and not append_only
  union all select 2, format('grant usage on sequence public.%I to %I', relname, :account) from own_sequence
) as handed_out order by turn;

-- name: beyond
-- What this account could undo an append-only table with; null if nothing.
select case
    when rolsuper then 'it is a superuser'
    when rolcreaterole then 'it may make accounts'
    when rolreplication or rolbypassrls then 'it has rights of an administrator'
    when has_parameter_privilege(current_user, 'session_replication_role', 'set') then 'it may switch triggers off'
    when exists (
      select from pg_roles mighty
      where mighty.rolname in ('pg_write_all_data', 'pg_write_server_files', 'pg_execute_server_program')
        and pg_has_role(current_user, mighty.oid, 'member')
    ) then 'it may write everywhere, or files and programs of the server'
    when exists (
      select from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
        and pg_has_role(current_user, c.relowner, 'member')
    ) then 'it owns tables, or can become who owns them'
    when exists (select from pg_database d where d.datname = current_database() and pg_has_role(current_user, d.datdba, 'member'))
    then 'it owns the database'
  end
from pg_roles where rolname = current_user;
