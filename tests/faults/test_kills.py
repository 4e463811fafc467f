"""kill -9 at random moments under calls: of ourselves, of PostgreSQL, of Asterisk, of a Vosk child."""

from __future__ import annotations

import asyncio
from functools import partial

import asyncpg
import psutil
import pytest

from services.hosted.postgres import PostgresFailed
from tests.faults.conftest import AGENTS, Tried
from tests.faults.crowd import Crowd, calling, ready
from tests.faults.invariants import hold, quiet
from tests.harness.centre import Centre
from tests.harness.chance import CHANCE
from tests.harness.patience import until

FEW = 3
BETWEEN_S = (0.5, 4.0)  # kills fall anywhere in the life of a call

times = pytest.mark.parametrize("times", [FEW, pytest.param(20, marks=pytest.mark.long)])


@pytest.mark.parametrize("times", [FEW, pytest.param(30, marks=pytest.mark.long)])
async def test_kills_of_the_application_lose_no_call(centre: Centre, tried: Tried, times: int) -> None:
    tried("kill -9 of the application", times)
    base = await quiet(centre)
    async with calling(centre, AGENTS) as crowd:
        for _ in range(times):
            await _some_time()
            await centre.kill_backend()
            await asyncio.sleep(CHANCE.uniform(0, 2))
            await centre.start()
        await _one_more_is_served(crowd)
    await hold(centre, crowd, base)


@times
async def test_kills_of_postgresql_lose_no_call(centre: Centre, tried: Tried, times: int) -> None:
    tried("kill -9 of PostgreSQL", times)
    base = await quiet(centre)
    async with calling(centre, AGENTS) as crowd:
        for _ in range(times):
            await _some_time()
            before = _postmaster(centre)
            before.kill()
            await until(partial(_another, centre, before), "PostgreSQL to be started again", 30)
        await _one_more_is_served(crowd)
    await hold(centre, crowd, base)


@times
async def test_kills_of_asterisk_lose_no_call(centre: Centre, tried: Tried, times: int) -> None:
    tried("kill -9 of Asterisk", times)
    base = await quiet(centre)
    async with calling(centre, AGENTS) as crowd:
        for _ in range(times):
            await _some_time()
            _switch(centre).kill()
            crowd.line_broke()
            await until(lambda: _link(centre), "the switch and the link to it", 30)
            for login in AGENTS:
                await ready(centre, login)
        await _one_more_is_served(crowd)
    await hold(centre, crowd, base)


@times
async def test_kills_of_a_vosk_child_lose_no_words(centre: Centre, tried: Tried, times: int) -> None:
    tried("kill -9 of a Vosk child", times)
    base = await quiet(centre)
    async with calling(centre, AGENTS) as crowd:
        for _ in range(times):
            await _some_time()
            for child in _workers(centre):
                child.kill()
        await _one_more_is_served(crowd)
    await hold(centre, crowd, base)


async def _some_time() -> None:
    await asyncio.sleep(CHANCE.uniform(*BETWEEN_S))


async def _one_more_is_served(crowd: Crowd) -> None:
    """The fault is over: whoever calls now is talked to."""
    seen = len(crowd.visits)
    await until(lambda: any(visit.talked for visit in crowd.visits[seen:]), "a caller who is served after the fault", 60)


def _postmaster(centre: Centre) -> psutil.Process:
    """A child of the backend; its data, and so its folder, may lie elsewhere when we are root."""
    return next(one for one in psutil.Process(centre.pid).children() if one.name() == "postgres")


async def _another(centre: Centre, before: psutil.Process) -> bool:
    there = [one.pid for one in psutil.Process(centre.pid).children() if one.name() == "postgres"]
    if not there or before.pid in there:
        return False
    try:
        return bool(await centre.query("select 1"))
    except (OSError, PostgresFailed, asyncpg.PostgresError):
        return False


def _switch(centre: Centre) -> psutil.Process:
    """Asterisk, run by its package's own loader: the one that has this centre's configuration."""
    conf = str(centre.folder / "var/asterisk/etc/asterisk.conf")
    return next(process for process in centre.processes() if conf in process.cmdline())


async def _link(centre: Centre) -> bool:
    return bool((await centre.admin.get("/api/board"))["link"]["up"])


def _workers(centre: Centre) -> list[psutil.Process]:
    return [process for process in psutil.Process(centre.pid).children() if "recordings.worker" in " ".join(process.cmdline())]
