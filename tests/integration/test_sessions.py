"""What happens to sessions by themselves. Logging in and out: test_api_login."""

from __future__ import annotations

import asyncio

import pytest

from services.people import sessions as rooms
from services.people.sessions import KEPT, SessionLimits, Sessions
from services.store import db
from tests.harness.clock import HandClock
from tests.harness.patience import until

SOMEBODY = "insert into person (login, name, role, password_hash, created_at) values ('li', 'Li', 'qa_inspector', 'x', $1)"
OLD = "insert into session (token_hash, person_id, created_at, seen_at) select 'x', id, $1, $1 from person"
WAITING = "select query_start from pg_stat_activity where wait_event_type = 'Lock' and query like 'delete from session%'"


async def test_a_database_that_cannot_forget_now_is_asked_again(
    database: str, pool: db.Pool, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rooms, "SWEEP_S", 0.02)
    await pool.execute(SOMEBODY, clock.now())
    await pool.execute(OLD, clock.now() - 2 * KEPT)
    impatient = await db.open_pool(database, size=2, statement_ms=100)
    tries = set()

    async def two_tries() -> bool:
        tries.update(row["query_start"] for row in await pool.fetch(WAITING))
        return len(tries) > 1

    async with asyncio.TaskGroup() as tasks:
        async with pool.acquire() as other, other.transaction():
            await other.execute("lock table session")
            running = tasks.create_task(Sessions(impatient, clock, SessionLimits()).forget_old(), name="sessions")
            await until(two_tries, "a second try")
        await until(lambda: _forgotten(pool), "the old session is gone")
        running.cancel()
    await impatient.close()


async def _forgotten(pool: db.Pool) -> bool:
    return not await pool.fetchval("select count(*) from session")
