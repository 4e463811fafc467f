"""The embedded database's disk fills under calls, the database falls, and there is room again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import aiohttp
import asyncpg
import pytest

from services.config_file import load
from services.errors import WorldFailed
from services.hosted import account, database
from tests.demo.desk import Refusal
from tests.faults.conftest import AGENTS, Tried
from tests.faults.crowd import calling
from tests.faults.invariants import hold, quiet
from tests.harness.centre import Centre
from tests.harness.patience import seconds, until
from tests.harness.scarcity import SmallDisk, small_disk

DISK_MB = 256
FULL_S = 6.0  # patiences without a database, under calls
GROW = "select pg_logical_emit_message(false, 'test', repeat('x', 1000000))"


@pytest.fixture
async def on_a_small_disk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Centre, SmallDisk]]:
    """A centre whose database has a disk of its own."""
    settings = {"centre": {"language": "en"}, "recordings": {"orphan_seconds": 4}, "queues.complaints": {"wrap_up_seconds": 1}}
    centre = Centre(tmp_path_factory.mktemp("full"), settings=settings)
    await centre.prepare()
    plan = database.plan_of(load(centre.config))
    with small_disk(account.place_for(plan.folder, account.unprivileged(plan.account)), DISK_MB) as disk:
        async with centre:
            for number, login in enumerate(AGENTS, 1002):
                await centre.hire(login, extension=str(number), phone="sip")
            yield centre, disk


async def test_a_full_disk_of_the_database_loses_no_call(on_a_small_disk: tuple[Centre, SmallDisk], tried: Tried) -> None:
    tried("the database's disk full", 1)
    centre, disk = on_a_small_disk
    base = await quiet(centre)
    async with calling(centre, AGENTS) as crowd:
        await until(lambda: any(visit.talked for visit in crowd.visits), "a caller who is served before", 60)
        disk.fill()
        await until(lambda: _said(centre, "database", "no_room"), "the system page says that the disk is full", 10)
        await until(lambda: _fallen(centre), "the database falls for want of room", 60)
        seen = len(crowd.visits)
        await asyncio.sleep(seconds(FULL_S))
        await until(lambda: any(visit.talked for visit in crowd.visits[seen:]), "a caller who is served without it", 60)
        assert not centre.dead
        disk.empty()
        await until(lambda: _said(centre, "journal", "ok"), "everything of that time is in the database", 60)
        seen = len(crowd.visits)
        await until(lambda: any(visit.talked for visit in crowd.visits[seen:]), "a caller who is served after", 60)
    assert "it is tried again and again" in centre.tail(10_000)
    await hold(centre, crowd, base)


async def _said(centre: Centre, name: str, code: str) -> bool:
    with suppress(Refusal, aiohttp.ClientError, TimeoutError):
        parts: list[dict[str, Any]] = (await centre.admin.get("/api/system"))["parts"]
        return any(part["name"] == name and part["code"] == code for part in parts)
    return False


async def _fallen(centre: Centre) -> bool:
    """Its log grows until there is no room for the next piece."""
    with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError, WorldFailed):
        await centre.query(GROW)
        return False
    return "does not come back" in centre.tail(10_000)
