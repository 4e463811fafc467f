from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio

from services.store import db
from services.store.migrate import Migration, MigrationRefused, migrate, read_migrations
from tests.harness.database import DatabaseServer

ONE = Migration(1, "0001_one.sql", "create table one (id int)")
TWO = Migration(2, "0002_two.sql", "create table two (id int); select 1/0")
INDEX = Migration(2, "0002_index.sql", "-- migrate: no-transaction\ncreate index concurrently one_id on one (id)")


@pytest_asyncio.fixture
async def empty(postgres: DatabaseServer) -> AsyncIterator[str]:
    async with postgres.fresh("template0") as url:
        yield url


async def test_each_file_is_applied_once(empty: str) -> None:
    connection = await db.connect(empty)
    assert await migrate(connection, migrations=[ONE]) == ["0001_one.sql"]
    assert await migrate(connection, migrations=[ONE]) == []
    await connection.close()


async def test_a_file_that_fails_leaves_nothing_behind(empty: str) -> None:
    connection = await db.connect(empty)
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(connection, migrations=[ONE, TWO])
    assert await connection.fetchval("select to_regclass('two')") is None
    assert await connection.fetchval("select max(version) from schema_migration") == 1
    await connection.close()


async def test_a_newer_database_and_an_altered_file_are_refused(empty: str) -> None:
    connection = await db.connect(empty)
    await migrate(connection, migrations=[ONE, Migration(2, "0002_x.sql", "select 1")])
    with pytest.raises(MigrationRefused, match="newer program"):
        await migrate(connection, migrations=[ONE])
    altered = Migration(1, "0001_one.sql", "create table one (id bigint)")
    with pytest.raises(MigrationRefused, match="not the file that was applied"):
        await migrate(connection, migrations=[altered, Migration(2, "0002_x.sql", "select 1")])
    await connection.close()


async def test_several_at_once_with_a_concurrent_index_do_not_deadlock(empty: str) -> None:
    async def one() -> list[str]:
        connection = await db.connect(empty)
        try:
            return await migrate(connection, migrations=[ONE, INDEX])
        finally:
            await connection.close()

    async with asyncio.timeout(20):
        applied = await asyncio.gather(one(), one(), one(), one())
    assert sorted(map(len, applied)) == [0, 0, 0, 2]


def test_the_files_are_numbered_without_gaps() -> None:
    found = read_migrations()
    assert [migration.version for migration in found] == list(range(1, len(found) + 1))
