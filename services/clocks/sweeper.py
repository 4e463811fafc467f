"""Goes through the clocks that are due: who must be warned, and what has been breached.

What is due is asked of the database, never kept in timers: after a restart, or a day of being down, the next look finds the same.
Each row is a job (``services.store.jobs``), so two sweepers never note the same twice. None is ever given up. What follows of a
warning or a breach is done in the transaction that notes it, by whoever knows the thing (``Effects``).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

import structlog

from services.clocks import store
from services.clocks.model import Deadline, State, looked_at
from services.clocks.store import Whose
from services.errors import WorldFailed
from services.now import Clock
from services.store.db import Connection, Pool, transaction
from services.store.jobs import Job, Patience, Runner, Verdict, for_ever
from services.troubles import Troubles

LOOK_S = 1.0
LEASE = timedelta(minutes=1)  # a look takes milliseconds: who had the row is dead, or the database was away

log = structlog.get_logger(__name__)


class Effects(Protocol):
    """What follows of a clock. Each is asked once for a clock, inside the transaction that notes it."""

    async def warned(self, connection: Connection, whose: Whose, deadline: Deadline, now: datetime) -> None: ...

    async def breached(self, connection: Connection, whose: Whose, deadline: Deadline, now: datetime) -> None: ...


class Sweeper:
    """``run`` looks for ever, ``next`` at one deadline."""

    def __init__(self, pool: Pool, clock: Clock, *, troubles: Troubles, effects: Effects) -> None:
        self._pool = pool
        self._effects = effects
        self._clock = clock
        self._troubles = troubles
        self._runner = Runner(pool, clock, store.LINE, self, Patience(lease=LEASE, tries=None, unended=None))

    async def run(self) -> None:
        """For ever; owned by the composition root."""
        await for_ever(self.next, LOOK_S, part="clocks", troubles=self._troubles)

    async def next(self) -> bool:
        """Looks at the next deadline that is due; False if none is."""
        return await self._runner.next()

    async def do(self, job: Job) -> Verdict:
        """Notes what one deadline has come to. What it does not know is shown on the System page, for it is tried for ever."""
        try:
            await self._look(job)
        except WorldFailed:
            raise
        except Exception as wrong:
            self._troubles.note("clocks", wrong)
            raise
        return None

    async def _look(self, job: Job) -> None:
        async with transaction(self._pool) as taken:
            now = self._clock.now()
            whose, before = await store.load(taken, job.id)
            after = looked_at(before, now)
            noted = await store.write(taken, job.id, after)
            if noted and after.state is State.BREACHED:
                await self._effects.breached(taken, whose, after, now)
            elif noted and after.warned_at != before.warned_at:
                await self._effects.warned(taken, whose, after, now)
        if noted and after.state is State.BREACHED:
            log.warning("clocks.breached", rule=after.rule, about=job.thing)

    async def give_up(self, job: Job, reason: str) -> None:
        """Not asked for: a deadline that nobody looked at would be kept for ever."""
        raise AssertionError(reason)
