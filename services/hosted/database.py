"""The database of a configuration: somebody else's server by its address, or the embedded one, ours or a running process's."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from services.config import Config, read_secret
from services.hosted import postgres
from services.hosted.postgres import AlreadyRunning, PostgresPlan


@dataclass(frozen=True, slots=True)
class Address:
    """For ``services.store.db``; neither part is ever logged."""

    url: str = field(repr=False)
    password: str | None = field(default=None, repr=False)


def plan_of(config: Config) -> PostgresPlan:
    """The embedded server of this instance."""
    database = config.database
    bin_dir = config.path(database.program_folder) if database.program_folder else None
    signs = (config.folder / "journal/identity",)
    return PostgresPlan(folder=config.folder / "postgres", bin_dir=bin_dir, account=database.account, signs=signs)


def address_of(config: Config) -> Address:
    """Of a configured server."""
    database = config.database
    password = read_secret(config, variable=database.password_env, file=database.password_file, what="database password")
    return Address(database.url, password)


@contextlib.asynccontextmanager
async def reachable(config: Config, progress: Callable[[str], None]) -> AsyncIterator[Address]:
    """For a command beside a running ``tingsu run``, or without one: then the embedded server is started for the block."""
    if not config.database.embedded:
        yield address_of(config)
        return
    plan = plan_of(config)
    try:
        server = await postgres.start(plan, progress)
    except AlreadyRunning:
        yield Address(postgres.url_of_running(plan))
        return
    try:
        yield Address(server.url())
    finally:
        await server.stop()
