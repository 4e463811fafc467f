"""The application's account in the database: it can do its work, and cannot undo what is append-only, whatever it tries."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio

from services.store import db, roles
from services.store.migrate import migrate
from tests.harness.database import DatabaseServer
from tests.harness.queries import everything

FILES = everything()
APPEND_ONLY = ("audit", "ticket_journal")
ROWS = """
insert into person (login, name, roles, password_hash, created_at) values ('anna', 'Anna', '{administrator}', 'x', now());
insert into audit (at, person_id, action, object) values (now(), 1, 'log_in', 'person:1');
insert into ticket (state, received_at, changed_at) values ('draft', now(), now());
insert into ticket_journal (ticket_id, seq, at, action, changes) values (1, 1, now(), 'create', '{}');
"""


@pytest_asyncio.fixture(scope="module")
async def application(postgres: DatabaseServer) -> AsyncIterator[db.OwnConnection]:
    """As it is in life: a database of the owner's, rows in it, and a connection of the other account."""
    async with postgres.fresh("template0") as url:
        owner = await db.connect(url)
        await migrate(owner)
        await roles.hand_out(owner, roles.APPLICATION)
        await owner.execute(ROWS)
        connection = await db.connect(postgres.as_application(url))
        try:
            yield connection
            assert await owner.fetchval("select count(*) from audit where action = 'log_in' and id = 1") == 1
            assert await owner.fetchval("select count(*) from ticket_journal where action = 'create'") == 1
        finally:
            await connection.close()
            await owner.close()


WAYS = (
    "update {table} set action = 'other'",
    "delete from {table}",
    "truncate {table}",
    "truncate {table} cascade",
    "set session_replication_role = replica",
    "set local session_replication_role = replica",
    "select set_config('session_replication_role', 'replica', false)",
    "alter role current_user set session_replication_role = replica",
    "alter table {table} disable trigger all",
    "alter table {table} disable trigger {table}_append_only",
    "drop trigger {table}_append_only on {table}",
    "drop table {table} cascade",
    "alter table {table} rename to elsewhere",
    "alter table {table} drop column action",
    "alter table {table} owner to current_user",
    "create or replace function audit_is_append_only() returns trigger language plpgsql as 'begin return null; end'",
    "drop function audit_is_append_only cascade",
    "create rule never as on insert to {table} do instead nothing",
    "create trigger before_it before insert on {table} for each row execute function suppress_redundant_updates_trigger()",
    "create policy mine on {table} using (true)",
    "create table child () inherits ({table})",
    "create table elsewhere as select * from {table}",
    "create temporary table {table} as select 1 as id",  # it would stand before the real one for the rest of the session
    "create schema mine",
    "create view public.mine as select 1",
    "create function public.mine() returns int language sql as 'select 1'",
    "alter schema public rename to elsewhere",
    "set role tingsu",
    "set session authorization tingsu",
    "alter role current_user superuser",
    "alter role current_user createrole",
    "grant tingsu to current_user",
    "merge into {table} using (values (1)) as one on true when matched then update set action = 'other'",
    "with gone as (delete from {table} returning *) select count(*) from gone",
    "select * from {table} for update",
    "do $$ begin lock table {table} in access exclusive mode; end $$",
    "copy {table} from program 'true'",
    "copy (select 1) to program 'true'",
    "do $$ begin update {table} set action = 'other'; end $$",
    "do $$ begin execute 'alter table {table} disable trigger all'; end $$",
    "update pg_trigger set tgenabled = 'D'",
    "delete from pg_class where relname = '{table}'",
    "alter system set session_replication_role = replica",
    "select pg_read_file('PG_VERSION')",
    "alter database postgres set session_replication_role = replica",
    "drop database template_migrated",
    "create database mine",
    "insert into schema_migration values (9999, '9999_none.sql', '')",
    "delete from call",
    "delete from ticket",
    "delete from person",
)


DENIED = "42501"  # insufficient_privilege


@pytest.mark.parametrize("table", APPEND_ONLY)
async def test_there_is_no_way_round_what_is_append_only(application: db.OwnConnection, table: str) -> None:
    other = {}
    for way in WAYS:
        try:
            other[way] = await application.execute(way.format(table=table))
        except asyncpg.PostgresError as refused:
            if refused.sqlstate != DENIED:
                other[way] = repr(refused)
    assert other == {}
    for right in ("update", "delete", "truncate", "trigger", "references"):
        assert not await application.fetchval("select has_table_privilege($1, $2)", table, right), right


async def test_a_rows_place_in_the_order_is_not_the_applications_to_choose(application: db.OwnConnection) -> None:
    forged = "insert into audit (id, at, action, object) overriding system value values (-1, now(), 'x', 'x')"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await application.execute(forged)
    written = "insert into audit (at, action, object) values (now(), 'x', 'x') returning id"
    assert await application.fetchval(written) > 1


@pytest.mark.parametrize("file", FILES)
async def test_every_query_is_allowed_to_the_application(application: db.OwnConnection, file: str) -> None:
    """It is planned and begun, with nothing for its parameters; the rights are asked for then."""
    wrong = {}
    for name, query in FILES[file].items():
        sql = str(query)
        asked = await application.prepare(sql)
        nothing = ", ".join(["null"] * len(asked.get_parameters()))
        planned = sql.split()[0].lower() in {"select", "insert", "update", "delete", "with"}
        try:
            async with application.transaction():
                if planned:
                    await application.execute(f"prepare asked as {sql}")
                    await application.execute(f"explain execute asked{f'({nothing})' if nothing else ''}")
                    await application.execute("deallocate asked")
                else:
                    await application.execute(sql)
        except asyncpg.InsufficientPrivilegeError as error:
            wrong[name] = str(error)
    assert wrong == {}


async def test_the_owner_is_said_to_be_too_mighty(database: str, application: db.OwnConnection) -> None:
    owner = await db.connect(database)
    assert await roles.beyond(owner)
    await owner.close()
    assert await roles.beyond(application) == ""


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("grant set on parameter session_replication_role to {}", "revoke set on parameter session_replication_role from {}"),
        ("grant pg_write_all_data to {}", "revoke pg_write_all_data from {}"),
        ("grant pg_execute_server_program to {}", "revoke pg_execute_server_program from {}"),
        ("grant pg_write_server_files to {}", "revoke pg_write_server_files from {}"),
    ],
)
async def test_an_account_that_could_get_round_a_trigger_is_said_to_be_too_mighty(
    database: str, application: db.OwnConnection, given: str, taken: str
) -> None:
    owner = await db.connect(database)
    await owner.execute(given.format(roles.APPLICATION))
    try:
        assert await roles.beyond(application)
    finally:
        await owner.execute(taken.format(roles.APPLICATION))
        await owner.close()
    assert await roles.beyond(application) == ""


async def test_rights_of_before_are_taken_back(postgres: DatabaseServer, database: str) -> None:
    owner = await db.connect(database)
    await owner.execute(
        f"grant all on audit to {roles.APPLICATION}; grant all on audit, ticket_journal to public; "
        f"grant update (action) on ticket_journal to {roles.APPLICATION}"
    )
    await roles.hand_out(owner, roles.APPLICATION)
    await owner.close()
    application = await db.connect(postgres.as_application(database))
    for table in APPEND_ONLY:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await application.execute(f"update {table} set action = 'other'")
    await application.close()
