"""Rows that stand for work to be done: who takes the next one, when a try is repeated, and when a row is given up.

A job is a row of its room's own table, with its state, the time it is due, its attempts and its last error. ``Line`` names such a
table, ``Work`` is what a room does for one row, ``Runner`` does everything else:

- A row is claimed with SKIP LOCKED and is nobody else's until its lease is over. Two runners never have the same row.
- A try is counted before it is made, so that a try that kills the process is a try.
- ``Later``: the row's time has not come, or the world could not do it (a full disk, a model that is missing). This was no try.
- ``Failed``: the row itself could not be done. It is tried again after a pause that grows, and given up, with its reason, after
  ``tries``. An error that the room does not know is a failed try.
- The row that has waited longest is next, and one that is put off goes behind the others: none keeps another back.
- What the database could not take is written again until it does, as nobody else would before the lease is over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Protocol, TypeVar

import structlog

from services.errors import WorldFailed
from services.now import Clock
from services.store.db import Connection, Pool, connection, transaction
from services.store.queries import Queries, load_queries
from services.troubles import Troubles, reason_of

AGAIN = timedelta(seconds=1)
WORLD_AGAIN = timedelta(seconds=30)
BACK_OFF = timedelta(seconds=5)  # times the attempts made: 5 s after the first, 10 s after the second
LONGEST_BACK_OFF = timedelta(minutes=10)
AWAY_S = 2.0  # between two tries to reach a database that is away
ODD_S = 5.0
GAVE_UP = "gave_up"

T = TypeVar("T")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed row. ``attempts`` counts this try; ``thing`` names what it is about (a call's id), for the log too."""

    id: int
    attempts: int
    thing: str


@dataclass(frozen=True, slots=True)
class Later:
    """Nothing could be done yet: look again after ``wait``. ``error`` is what stood in the way, None if it was too early."""

    wait: timedelta
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """The row could not be done, because of ``reason``. ``final``: no other try could do it."""

    reason: str
    final: bool = False


Verdict = Later | Failed | None
"""What became of a try; None: it is done, and the room has written so itself."""


@dataclass(frozen=True)
class Line:
    """A table of jobs: it has the columns ``state``, ``attempts``, ``due_at`` and ``error``, and new rows are ``waiting``.

    ``claimed`` is the state of a row that somebody has; ``thing``: the SQL of ``Job.thing``. All of it is the program's own text.
    """

    table: str
    thing: str
    key: str = "id"
    claimed: str = "waiting"

    @cached_property
    def queries(self) -> Queries:
        is_open = "state = 'waiting'" if self.claimed == "waiting" else f"state in ('waiting', '{self.claimed}')"
        named = {"table": self.table, "thing": self.thing, "key": self.key, "claimed": self.claimed, "open": is_open}
        return load_queries(Path(__file__).with_name("jobs.sql"), named)

    async def release(self, connection: Connection, now: datetime, *, counts: bool) -> None:
        """Frees what a process claimed that is no more; only while no runner of this line runs. ``counts``: its tries count."""
        await self.queries.release.execute(connection, now=now, counts=counts)


class Work(Protocol):
    """What a room does for a row. Both may raise WorldFailed while the database is away, and are asked again."""

    async def do(self, job: Job) -> Verdict: ...

    async def give_up(self, job: Job, reason: str) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """When a row is given up: after ``tries`` that failed, after more than ``unended`` that came to no end; None: never."""

    lease: timedelta
    tries: int | None
    unended: int | None


class Runner:
    """``next`` does one job of a line."""

    def __init__(self, pool: Pool, clock: Clock, line: Line, work: Work, patience: Patience) -> None:
        self._pool = pool
        self._clock = clock
        self._line = line
        self._work = work
        self._patience = patience

    async def next(self) -> bool:
        """Does the next job that is due; False if none is. Raises WorldFailed while none can be claimed."""
        job = await self._claim()
        if job is None:
            return False
        if self._patience.unended is not None and job.attempts > self._patience.unended:
            log.error("jobs.given_up", line=self._line.table, about=job.thing)
            await until_kept(lambda: self._work.give_up(job, GAVE_UP))
            return True
        verdict = await until_kept(lambda: self._try(job))
        await until_kept(lambda: self._settle(job, verdict))
        return True

    async def _claim(self) -> Job | None:
        now = self._clock.now()
        async with transaction(self._pool) as taken:
            row = await self._line.queries.claim.fetchrow(taken, now=now, until=now + self._patience.lease)
        return None if row is None else Job(row["id"], row["attempts"], row["thing"])

    async def _try(self, job: Job) -> Verdict:
        try:
            return await self._work.do(job)
        except WorldFailed:
            raise
        except Exception as error:  # noqa: BLE001  one row that cannot be done, for whatever reason, is set aside after some tries
            return Failed(reason_of(error))

    async def _settle(self, job: Job, verdict: Verdict) -> None:
        match verdict:
            case Later(wait, error):
                await self._put_off(job, wait, counts=False, error=error)
            case Failed(reason, final):
                log.warning("jobs.failed", line=self._line.table, about=job.thing, error=reason, attempt=job.attempts)
                if final or (self._patience.tries is not None and job.attempts >= self._patience.tries):
                    await self._work.give_up(job, reason)
                else:
                    await self._put_off(job, back_off(job.attempts), counts=True, error=reason)

    async def _put_off(self, job: Job, wait: timedelta, *, counts: bool, error: str | None) -> None:
        async with connection(self._pool) as taken:
            until = self._clock.now() + wait
            await self._line.queries.put_off.execute(taken, job=job.id, until=until, counts=counts, error=error)


def back_off(attempts: int) -> timedelta:
    """The pause after so many failed tries."""
    return min(LONGEST_BACK_OFF, BACK_OFF * attempts)


async def for_ever(step: Callable[[], Awaitable[bool]], pause_s: float, *, part: str, troubles: Troubles) -> None:
    """Step after step while there is something to do, else after a pause; while the database is away, later.

    A step that fails in a way it does not know is noted and tried again: it delays no other part.
    """
    while True:
        try:
            if await step():
                continue
            await asyncio.sleep(pause_s)
        except WorldFailed:
            await asyncio.sleep(AWAY_S)
        except Exception as wrong:  # noqa: BLE001  the other parts go on in any case
            troubles.note(part, wrong)
            await asyncio.sleep(ODD_S)


async def until_kept(work: Callable[[], Awaitable[T]]) -> T:
    """Repeats the work on a claimed row until the database has taken its outcome: nobody else would for hours."""
    while True:
        try:
            return await work()
        except WorldFailed:
            await asyncio.sleep(AWAY_S)
