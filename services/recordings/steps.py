"""Shares among the three workers of the intake their settings and the spool as it stands."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from cti.changes import Change
from cti.ids import MAIN, CallId, Node
from recordings import spool
from recordings.spool import Spooled
from services.recordings import store
from services.store.db import Connection, Pool, connection

Apply = Callable[[Connection, Change], Awaitable[object]]

Tell = Callable[[CallId, str], Awaitable[None]]
"""Whom a call's draft concerns hears how far its words are: done, no_speech, failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeSettings:
    """``spool``: where the switch writes. ``work``: for files on their way. ``listeners``: as many as the crew has.

    ``apply``: what brings a change that nobody heard into the database (``following.apply``).
    """

    spool: Path
    work: Path
    apply: Apply
    listeners: int = 1
    settle: timedelta = timedelta(seconds=1)  # a leg file untouched for so long is closed, once its call is over
    archive_tries: int = 3
    listen_tries: int = 3
    orphan_age: timedelta = timedelta(minutes=2)  # the switch was called while we were dead; who is on hold writes little
    diary: Path | None = None  # the switch's queue_log, where it is known
    node: Node = MAIN  # the switch that writes both

    async def bring(self, connection: Connection, change: Change) -> None:
        """Brings a change that nobody heard into the database, as one of this switch."""
        await self.apply(connection, replace(change, node=self.node))


async def look(pool: Pool, folder: Path) -> Spooled:
    """The spool, with the legs of consulted colleagues where the database has them: with the caller they came to talk with.

    OSError if the folder cannot be read, WorldFailed if the database is needed and away.
    """
    spooled = await asyncio.to_thread(spool.look, folder)
    if rung := spool.colleagues(spooled):
        async with connection(pool) as taken:
            spooled = spool.handed_over(spooled, await store.calls_of_legs(taken, rung))
    return spooled
