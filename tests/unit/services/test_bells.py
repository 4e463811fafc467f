from __future__ import annotations

import asyncio

import pytest

from services.bells import Bell, Change, Channel, Kind, tell_changed
from services.store import db
from tests.harness.database import DatabaseServer


async def test_a_ring_arrives_and_after_a_lost_connection_everybody_looks_again(
    postgres: DatabaseServer, database: str, pool: db.Pool
) -> None:
    heard: asyncio.Queue[str | None] = asyncio.Queue()
    bell = Bell(postgres.as_application(database))
    bell.on(Channel.PHONES_CHANGED, heard.put)
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        ringing = group.create_task(bell.run(), name="bell")
        assert await heard.get() is None
        await pool.execute("select pg_notify('phones_changed', 'one')")
        assert await heard.get() == "one"
        await pool.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where query like 'LISTEN%' and datname = current_database()"
        )
        assert await heard.get() is None
        await pool.execute("select pg_notify('phones_changed', 'two')")
        assert await heard.get() == "two"
        ringing.cancel()


async def test_a_change_is_heard_when_it_is_committed_and_not_when_it_is_undone(
    postgres: DatabaseServer, database: str, pool: db.Pool
) -> None:
    heard: asyncio.Queue[str | None] = asyncio.Queue()
    bell = Bell(postgres.as_application(database))
    bell.on(Channel.THING_CHANGED, heard.put)
    kept, undone = Change(Kind.TICKET, "7", 2), Change(Kind.TICKET, "8", 1)
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        ringing = group.create_task(bell.run(), name="bell")
        assert await heard.get() is None
        async with pool.acquire() as connection:
            undoing = connection.transaction()
            await undoing.start()
            await tell_changed(connection, undone)
            await undoing.rollback()
        async with db.transaction(pool) as connection:
            await tell_changed(connection, kept, kept)
            assert heard.empty()
        payload = await heard.get()
        assert payload is not None
        assert Change.read(payload) == kept
        ringing.cancel()


@pytest.mark.parametrize(
    "payload", ["", "ticket", "ticket 7", "ticket 7 x", "letter 7 1", "ticket 7 1 1", "order 7 1 x", "order 7 1 2 3"]
)
def test_what_is_no_change_of_ours_is_read_as_none(payload: str) -> None:
    assert Change.read(payload) is None


@pytest.mark.parametrize(
    "change", [Change(Kind.TICKET, "7", 2), Change(Kind.CUSTOMER), Change(Kind.AUDIT), Change(Kind.ORDER, "7", 2, 5)]
)
def test_a_change_comes_out_of_its_payload_as_it_went_in(change: Change) -> None:
    assert Change.read(change.payload) == change
