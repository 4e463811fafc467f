"""Finds the database of a configuration: somebody else's server by its address, or the embedded one, which we run or another
process runs.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from services.config import Config, read_secret
from services.hosted import postgres
from services.hosted.postgres import AlreadyRunning, EmbeddedPostgres, PostgresPlan
from services.store import db, roles
from services.store.db import OwnConnection
from services.store.migrate import migrate
from services.words import said


@dataclass(frozen=True, slots=True)
class Address:
    """For ``services.store.db``; no part is ever logged. ``owner``: who migrates; None if the one account does both."""

    url: str = field(repr=False)
    password: str | None = field(default=None, repr=False)
    owner: Address | None = field(default=None, repr=False)

    @property
    def migrator(self) -> Address:
        """The account that owns the tables."""
        return self.owner or self


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
    if not database.owner_url:
        return Address(database.url, password)
    variable, file = database.owner_password_env, database.owner_password_file
    owners = read_secret(config, variable=variable, file=file, what="password of the database's owner")
    return Address(database.url, password, Address(database.owner_url, owners))


def address_of_embedded(server: EmbeddedPostgres) -> Address:
    """Of the server that we run ourselves."""
    return Address(server.application_url(), owner=Address(server.url()))


async def bring_up_to_date(
    owner: OwnConnection, address: Address, warn: Callable[[str], None], progress: Callable[[str], None] | None = None
) -> list[str]:
    """Migrate as the owner, then say what the application's account may do. The names of what was applied."""
    applied = await migrate(owner, progress=progress)
    if address.owner is None:
        return applied
    application = await db.connect(address.url, password=address.password)
    try:
        name = await application.fetchval("select current_user")
        if name != await owner.fetchval("select current_user"):
            await roles.hand_out(owner, name)
        if reason := await roles.beyond(application):
            pattern = "the application's account of the database may do too much: {why} (README, your own PostgreSQL)"
            warn(said(pattern, why=reason))
    finally:
        await application.close()
    return applied


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
        url, owner = postgres.urls_of_running(plan)
        yield Address(url, owner=Address(owner))
        return
    try:
        yield address_of_embedded(server)
    finally:
        await server.stop()
