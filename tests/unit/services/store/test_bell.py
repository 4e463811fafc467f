from __future__ import annotations

import asyncio

from services.store import db
from services.store.bell import Bell
from tests.harness.database import DatabaseServer


async def test_a_ring_arrives_and_after_a_lost_connection_everybody_looks_again(
    postgres: DatabaseServer, database: str, pool: db.Pool
) -> None:
    heard: asyncio.Queue[str | None] = asyncio.Queue()
    bell = Bell(postgres.as_application(database))
    bell.on("floor", heard.put)
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        ringing = group.create_task(bell.run(), name="bell")
        assert await heard.get() is None
        await pool.execute("select pg_notify('floor', 'one')")
        assert await heard.get() == "one"
        await pool.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where query like 'LISTEN%' and datname = current_database()"
        )
        assert await heard.get() is None
        await pool.execute("select pg_notify('floor', 'two')")
        assert await heard.get() == "two"
        ringing.cancel()
