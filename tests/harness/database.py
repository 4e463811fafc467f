"""Starts a real PostgreSQL per test session, by the project's own launcher; a migrated template is cloned per test."""

from __future__ import annotations

import contextlib
import itertools
import shutil
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from services.hosted.postgres import EmbeddedPostgres, PostgresPlan, running
from services.store import db, roles
from services.store.migrate import migrate

QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off", "max_wal_size": "4GB"}
"""No test pulls the plug on this server: durability is given up for speed here and nowhere else."""


@dataclass(slots=True)
class DatabaseServer:
    """A server with a migrated template."""

    server: EmbeddedPostgres
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    @contextlib.asynccontextmanager
    async def fresh(self, template: str = "template_migrated") -> AsyncIterator[str]:
        """The URL of a new database like the template; dropped afterwards even if connections are left."""
        name = f"test_{next(self._numbers)}"
        await self.run(f"create database {name} template {template} strategy file_copy")
        await self.run(f"revoke temporary on database {name} from public")  # as in life: a clone has not its template's rights
        try:
            yield self.server.url(name)
        finally:
            await self.run(f"drop database {name} with (force)")

    def as_application(self, url: str) -> str:
        """The same database for the account that serves requests."""
        return self.server.application_url(url.partition("?")[0].rpartition("/")[2])

    async def run(self, sql: str) -> None:
        connection = await asyncpg.connect(self.server.url("postgres"))
        try:
            await connection.execute(sql)
        finally:
            await connection.close()

    async def make_template(self) -> None:
        await self.run("create database template_migrated")
        connection = await db.connect(self.server.url("template_migrated"))
        try:
            await migrate(connection)
            await roles.hand_out(connection, roles.APPLICATION)
        finally:
            await connection.close()


@contextlib.asynccontextmanager
async def database_server() -> AsyncIterator[DatabaseServer]:
    """For a test session, a bench or a demonstration."""
    folder = Path(tempfile.mkdtemp(prefix="tingsu-test-pg-"))
    folder.chmod(0o755)  # ours: the database's account must be able to walk in; the database folder inside is 0700
    try:
        async with running(PostgresPlan(folder=folder / "postgres", settings=QUICK), progress=lambda _: None) as server:
            made = DatabaseServer(server)
            await made.make_template()
            yield made
    finally:
        shutil.rmtree(folder, ignore_errors=True)
