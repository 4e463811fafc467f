"""Fixtures shared by all rooms; each is explained where it is made (tests/harness)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import hypothesis
import pytest
import pytest_asyncio
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from services.store import db
from tests.harness.api import Api, serve
from tests.harness.clock import HandClock
from tests.harness.database import DatabaseServer, database_server
from tests.harness.patience import seconds

hypothesis.settings.register_profile("tingsu", deadline=None)  # a machine may stall for longer than any example takes
hypothesis.settings.load_profile("tingsu")


def pytest_configure(config: pytest.Config) -> None:
    """A test's own limit (pyproject.toml) is a number of patiences too."""
    if config.option.timeout is None:
        config.option.timeout = seconds(float(config.getini("timeout")))


class _Rooms(LoadScopeScheduling):
    """Two processes share the tests (Makefile): all whole calls in one, so that they have a core; a file stays together."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "calls" if file.startswith("tests/acceptance/") else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling | None:
    """In the order of the folders: the calls begin at once, for they take longest."""
    if config.option.dist != "loadscope":
        return None
    config.option.loadscopereorder = False
    return _Rooms(config, log)


@pytest_asyncio.fixture(scope="session")
async def postgres() -> AsyncIterator[DatabaseServer]:
    """One real server for the session, started when the first test asks for it."""
    async with database_server() as server:
        yield server


@pytest_asyncio.fixture
async def database(postgres: DatabaseServer) -> AsyncIterator[str]:
    """The URL of a fresh, migrated database, for its owner."""
    async with postgres.fresh() as url:
        yield url


@pytest_asyncio.fixture
async def owner(database: str) -> AsyncIterator[db.OwnConnection]:
    """A connection of who owns the tables, for what a test does to them and the application may not."""
    connection = await db.connect(database)
    try:
        yield connection
    finally:
        await connection.close()


@pytest_asyncio.fixture
async def pool(database: str) -> AsyncIterator[db.Pool]:
    """A pool on a fresh, migrated database, by its owner: tests break tables. What serves in life is ``shared_api``'s account."""
    opened = await db.open_pool(database, size=5)
    try:
        yield opened
    finally:
        await opened.close()


@pytest.fixture
def clock() -> HandClock:
    """Moved by hand: ``clock.move(minutes=5)``."""
    return HandClock()


@pytest_asyncio.fixture
async def api(pool: db.Pool, clock: HandClock, tmp_path: Path) -> AsyncIterator[Api]:
    """The HTTP door on a real port with all routes, a real database behind it and no switch."""
    async with serve(pool, clock, tmp_path) as served:
        yield served


@pytest_asyncio.fixture(scope="module")
async def shared_api(postgres: DatabaseServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    """The same for all tests of a module that leave nothing behind: half a second less for each."""
    async with postgres.fresh() as url:
        pool = await db.open_pool(postgres.as_application(url), size=5)
        try:
            async with serve(pool, HandClock(), tmp_path_factory.mktemp("api")) as served:
                yield served
        finally:
            await pool.close()
