"""Keeps the clock of a case's supplementary appeals (SPEC A5): one at a time, the oldest open appeal's.

The rules say "in time" and name no length: here it is a day, counted day and night, and whoever has the case is
warned two hours before.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from services.appeals.store import QUERIES
from services.clocks import store as deadlines
from services.clocks.calendar import ALWAYS, after, before
from services.clocks.model import Deadline
from services.clocks.store import Settled
from services.store.db import Connection

APPEAL = "A5"
WITHIN = timedelta(hours=24)
WARNING = timedelta(hours=2)


def deadline(made_at: datetime) -> Deadline:
    """The clock of an appeal that was made then."""
    ends_at = after(ALWAYS, made_at, WITHIN)
    warns_at = before(ALWAYS, ends_at, WARNING)
    return Deadline(rule=APPEAL, because="appeal", starts_at=made_at, ends_at=ends_at, warns_at=warns_at, due_at=warns_at)


async def begin(connection: Connection, ticket: int, made_at: datetime) -> None:
    """Runs for the appeal, unless it runs for an older one."""
    await deadlines.start(connection, ticket, deadline(made_at))


async def settle(connection: Connection, ticket: int, how: Settled, now: datetime) -> None:
    """An appeal has its end. If it was the oldest so has the clock, which runs for the oldest that is left."""
    oldest = await QUERIES.first_open.fetchval(connection, ticket=ticket)
    running = await QUERIES.running_since.fetchval(connection, ticket=ticket, rule=APPEAL)
    if running == oldest:
        return
    await deadlines.settle(connection, ticket, {APPEAL}, how, now)
    if oldest is not None:
        await begin(connection, ticket, oldest)


async def resume(connection: Connection, ticket: int, now: datetime) -> None:
    """Runs for the oldest that is open, if any is: also for one that is open again, because what it had led to never left."""
    await settle(connection, ticket, "stopped", now)
