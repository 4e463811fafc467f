from __future__ import annotations

import asyncio

import asyncpg
import pytest

from services.errors import DatabaseAway, DatabaseBusy
from services.store import db
from tests.harness.database import DatabaseServer


async def test_a_fresh_database_speaks_utc_and_jsonb(pool: db.Pool) -> None:
    async with db.transaction(pool) as connection:
        assert await connection.fetchval("show timezone") == "UTC"
        assert await connection.fetchval("select $1::jsonb", {"名": [1, None]}) == {"名": [1, None]}


async def test_each_test_has_a_database_of_its_own(postgres: DatabaseServer) -> None:
    async with postgres.fresh() as one, postgres.fresh() as two:
        first, second = await db.connect(one), await db.connect(two)
        await first.execute("create table only_here ()")
        assert await second.fetchval("select to_regclass('only_here')") is None
        await first.close()
        await second.close()


async def test_a_statement_that_takes_too_long_is_broken_off(database: str) -> None:
    pool = await db.open_pool(database, size=1, statement_ms=50)
    with pytest.raises(DatabaseBusy):
        async with db.connection(pool) as connection:
            await connection.execute("select pg_sleep(5)")
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
        await db.open_pool(f"postgresql://x:y@/z?host={tmp_path}", waiting=tries.append, patience_s=0.5)
    assert len(tries) >= 2


async def test_a_wrong_password_is_not_waited_for(postgres: DatabaseServer) -> None:
    async with asyncio.timeout(5):
        with pytest.raises(asyncpg.InvalidPasswordError):
            await db.open_pool(postgres.server.url("postgres"), password="wrong")
