"""The application itself for benches, as ``tingsu run`` starts it, on a core of its own; and people who are logged in."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from services.access.sessions import SessionLimits, Sessions
from services.now import SystemClock
from services.store import db
from services.store.roles import APPLICATION
from tests.harness.centre import Centre
from tests.harness.database import DatabaseServer
from tests.harness.patience import until

CORES = sorted(os.sched_getaffinity(0))


async def hire(url: str, first: int, count: int, role: str = "junior_agent") -> dict[str, str]:
    """People at SIP telephones, each with a session: extension to token."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(
            "insert into person (login, name, roles, extension, phone_kind, password_hash, created_at)"
            " select 'a' || n, '话务员' || n, array[$3::text], n::text, 'sip', 'x', now()"
            " from generate_series($1::int, $2::int) n",
            first,
            first + count - 1,
            role,
        )
    finally:
        await connection.close()
    pool = await db.open_pool(url, size=2)
    try:
        sessions = Sessions(pool, SystemClock(), SessionLimits())
        async with db.transaction(pool) as taken:
            people = await taken.fetch(
                "select id, extension from person where extension between $1::int::text and $2::int::text",
                first,
                first + count - 1,
            )
            return {row["extension"]: await sessions.begin(taken, row["id"]) for row in people}
    finally:
        await pool.close()


@asynccontextmanager
async def application(
    port: int, server: DatabaseServer, url: str, folder: Path, tokens: dict[str, str]
) -> AsyncIterator[dict[str, object]]:
    """``tingsu run`` on the other core, at a switch and a database of one's own."""
    name = url.partition("?")[0].rpartition("/")[2]
    settings = {
        "asterisk": {"managed": False, "ami_port": port},
        "database": {"url": f"postgresql://{APPLICATION}@/{name}?host={server.server.sockets}"},
        "log": {"level": "warning"},
    }
    secrets = {"TINGSU_AMI_SECRET": "the bench's own switch", "TINGSU_DATABASE_PASSWORD": server.server.passwords.application}
    centre = Centre(folder, settings=settings, secrets=secrets)
    await centre.prepare()
    try:
        await centre.launch()
        os.sched_setaffinity(centre.pid, {CORES[-1]})
        await until(lambda: centre.dead or centre.healthy(), "the application", 60)
        assert not centre.dead, centre.tail()
        yield {
            "url": centre.url,
            "path": "/api/live",
            "cookies": {ext: f"tingsu_session={token}" for ext, token in tokens.items()},
        }
        await centre.stop()
    except BaseException:
        print(centre.tail())  # what it says of itself is gone with its folder
        raise
    finally:
        await centre.sweep()
