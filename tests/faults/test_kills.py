"""kill -9 at random moments under calls: of ourselves, of PostgreSQL, of Asterisk, of a Vosk child."""

from __future__ import annotations

import asyncio
from contextlib import suppress
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
            before = await until(lambda: _postmaster(centre), "PostgreSQL to run", 30)
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
            before = await until(centre.asterisk, "Asterisk to run", 30)
            before.kill()
            crowd.line_broke()
            await until(partial(_another_switch, centre, before), "Asterisk to be started again, and the link to it", 30)
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
            for child in await until(lambda: _workers(centre), "children that listen", 30):
                child.kill()
        await _one_more_is_served(crowd)
    await hold(centre, crowd, base)


async def _some_time() -> None:
    await asyncio.sleep(CHANCE.uniform(*BETWEEN_S))


async def _one_more_is_served(crowd: Crowd) -> None:
    """The fault is over: whoever calls now is talked to."""
    seen = len(crowd.visits)
    await until(lambda: any(visit.talked for visit in crowd.visits[seen:]), "a caller who is served after the fault", 60)


def _postmaster(centre: Centre) -> psutil.Process | None:
    """A child of the backend; its data, and so its folder, may lie elsewhere when we are root."""
    return next((one for one, line in _children(centre) if "postgres" in line[0]), None)


async def _another(centre: Centre, before: psutil.Process) -> bool:
    now = _postmaster(centre)
    if now is None or now.pid == before.pid:
        return False
    try:
        return bool(await centre.query("select 1"))
    except (OSError, PostgresFailed, asyncpg.PostgresError):
        return False


async def _another_switch(centre: Centre, before: psutil.Process) -> bool:
    """The board's word alone is not enough: it may not have heard of the kill yet."""
    now = centre.asterisk()
    return now is not None and now.pid != before.pid and bool((await centre.admin.get("/api/board"))["link"]["up"])


def _workers(centre: Centre) -> list[psutil.Process]:
    return [one for one, line in _children(centre) if "recordings.worker" in " ".join(line)]


def _children(centre: Centre) -> list[tuple[psutil.Process, list[str]]]:
    """Of the backend, with their command lines; without those that are gone or going."""
    found = []
    for one in psutil.Process(centre.pid).children():
        with suppress(psutil.Error):
            if line := one.cmdline():
                found.append((one, line))
    return found
