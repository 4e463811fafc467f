from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import asyncpg
import pytest

from services.errors import DatabaseAway, DatabaseBusy
from services.store import db
from tests.harness import patience
from tests.harness.database import DatabaseServer


async def test_a_fresh_database_speaks_utc_and_jsonb(pool: db.Pool) -> None:
    async with db.transaction(pool) as connection:
        assert await connection.fetchval("show timezone") == "UTC"
        assert await connection.fetchval("select $1::jsonb", {"名": [1, None]}) == {"名": [1, None]}


async def test_how_a_row_is_written_as_text_is_ours_whatever_the_server_was_told(owner: db.OwnConnection, database: str) -> None:
    """The seals are over that text: written otherwise, every row would be called altered."""
    await owner.execute("do $$ begin execute format('alter database %I set bytea_output to escape', current_database()); end $$")
    fresh = await db.connect(database)
    try:
        assert await fresh.fetchval("select to_jsonb('\\x00ff'::bytea)") == "\\x00ff"
    finally:
        await fresh.close()


async def test_each_test_has_a_database_of_its_own(postgres: DatabaseServer) -> None:
    async with postgres.fresh() as one, postgres.fresh() as two:
        first, second = await db.connect(one), await db.connect(two)
        await first.execute("create table only_here ()")
        assert await second.fetchval("select to_regclass('only_here')") is None
        await first.close()
        await second.close()


async def test_a_statement_that_takes_too_long_is_broken_off(database: str) -> None:
    pool = await db.open_pool(database, size=1, statement_ms=1000)  # also of what the pool asks for itself
    with pytest.raises(DatabaseBusy):
        async with db.connection(pool) as connection:
            await connection.execute("select pg_sleep(30)")
    await pool.close()


async def test_a_connection_lost_on_the_way_is_a_database_away(pool: db.Pool) -> None:
    with pytest.raises(DatabaseAway):  # noqa: PT012  # the loss must happen inside
        async with db.transaction(pool) as connection:
            own = await connection.fetchval("select pg_backend_pid()")
            await pool.execute("select pg_terminate_backend($1)", own)
            await connection.fetchval("select 1")
    async with db.connection(pool) as connection:
        assert await connection.fetchval("select 1") == 1


async def test_somebody_elses_os_error_inside_a_transaction_stays_what_it_is(pool: db.Pool) -> None:
    with pytest.raises(FileNotFoundError):
        async with db.transaction(pool):
            raise FileNotFoundError("not the database's")


async def test_the_pool_waits_for_a_database_that_is_away(tmp_path: object) -> None:
    tries: list[str] = []
    with pytest.raises(TimeoutError):
        await db.open_pool(f"postgresql://x:y@/z?host={tmp_path}", waiting=tries.append, patience_s=2)
    assert len(tries) >= 2


async def test_a_wrong_password_is_not_waited_for(postgres: DatabaseServer) -> None:
    async with asyncio.timeout(5):
        with pytest.raises(asyncpg.InvalidPasswordError):
            await db.open_pool(postgres.server.url("postgres"), password="wrong")


Taking = Callable[[db.Pool], AbstractAsyncContextManager[db.Connection]]


@contextlib.asynccontextmanager
async def frozen(taken: db.Connection) -> AsyncIterator[None]:
    """The server's process behind a connection stands still: it neither answers nor hears that a statement is cancelled."""
    process = await taken.fetchval("select pg_backend_pid()")
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


async def give_up(pool: db.Pool, take: Taking, *statements: str, ice: contextlib.AsyncExitStack | None = None) -> None:
    """Run these and wait for ever, for a fifth of a second; with ``ice`` the database freezes first. TimeoutError."""
    async with asyncio.timeout(0.2), take(pool) as taken:
        if ice:
            await ice.enter_async_context(frozen(taken))
        for statement in statements:
            await taken.execute(statement)
        await asyncio.Event().wait()


@pytest.mark.parametrize("take", [db.connection, db.transaction])
async def test_who_gives_up_on_a_frozen_database_is_free_at_once(pool: db.Pool, take: Taking) -> None:
    async with contextlib.AsyncExitStack() as ice, asyncio.timeout(patience.seconds(db.ACQUIRE_S / 2)):
        with pytest.raises(TimeoutError):
            await give_up(pool, take, "select 1", ice=ice)
    assert await pool.fetchval("select 1") == 1


@pytest.mark.parametrize("take", [db.connection, db.transaction])
async def test_what_was_given_up_leaves_neither_a_statement_nor_a_connection_behind(database: str, take: Taking) -> None:
    pool = await db.open_pool(database, size=1, statement_ms=2_000)
    with pytest.raises(TimeoutError):
        await give_up(pool, take, "select pg_sleep(60)")

    async def awake() -> bool:
        sql = "select count(*) from pg_stat_activity where query = 'select pg_sleep(60)' and state = 'active'"
        return int(await pool.fetchval(sql)) == 0

    await patience.until(awake, "the end of the statement")
    await pool.close()


@pytest.mark.parametrize("statements", [("insert into login_failure values ('half done', now())",), ()])
async def test_a_transaction_given_up_is_undone(pool: db.Pool, statements: tuple[str, ...]) -> None:
    with pytest.raises(TimeoutError):
        await give_up(pool, db.transaction, *statements)
    assert await pool.fetchval("select count(*) from login_failure") == 0
