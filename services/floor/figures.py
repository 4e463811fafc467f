"""Computes today's caller service level of each queue, exactly by SPEC "How to count".

It is the visits (a call's stays in a queue) that a person answered at most 15.000 s after queue entry, divided by the visits
answered plus those abandoned, without those abandoned within 5 s. A visit belongs to the day (of the centre's time zone,
half-open) in which it began; time in the IVR is outside; callers still waiting are in neither part. A caller who moves on to
another queue unanswered is counted where the wait ended, with the wait since the first queue; visits after an answer are lines
of their own. Computed from the rows each time, so that a restart or a replay changes nothing. Calls that were taken while we were
dead count as far as their end is known; the waits of those are whole seconds (services.diary).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import structlog

from services.errors import WorldFailed
from services.floor import own
from services.floor.store import QUERIES
from services.now import Clock
from services.store.db import Connection, Pool, connection

FORMULA = "tingsu-1"
"""Name and version of the formula with SPEC's limits; a change of it gets a new name."""

OWN_LIMITS = "*"
"""After the formula's name: each queue by its own limits."""

AGAIN_S = 1.0  # computed at most so often
AT_LEAST_S = 60.0  # and at least so often: a day may begin without a call

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """SPEC A1 and "How to count": both limits belong to the interval (at most 15.000 s, within 5 s)."""

    in_time_ms: int = 15_000
    short_abandon_ms: int = 5_000

    @property
    def formula(self) -> str:
        """Every figure names its formula, and other limits make another formula."""
        if self == Limits():
            return FORMULA
        return f"{FORMULA} {self.in_time_ms / 1000:g}/{self.short_abandon_ms / 1000:g} s"


@dataclass(frozen=True, slots=True)
class Figures:
    """The parts of the formula for one queue and one interval.

    ``answered_again`` and ``abandoned_again`` are lines of their own beside them: callers who had been answered (and were
    transferred, or lost their agent) waited once more, and were answered or gave up then.
    """

    answered: int = 0
    answered_in_time: int = 0
    abandoned: int = 0
    short_abandons: int = 0
    abandoned_again: int = 0
    answered_again: int = 0

    def __add__(self, other: Figures) -> Figures:
        """Of two queues together; every visit is counted in one queue."""
        return Figures(*(getattr(self, part.name) + getattr(other, part.name) for part in fields(self)))

    @property
    def service_level(self) -> float | None:
        """0 to 1; None when there is nothing to divide by."""
        counted = self.answered + self.abandoned - self.short_abandons
        return self.answered_in_time / counted if counted else None


def day_of(moment: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Beginning and end (UTC, half-open) of the centre's calendar day; 23 or 25 hours where clocks change."""
    today = moment.astimezone(zone).date()
    first, after = (datetime.combine(day, time(), zone) for day in (today, today + timedelta(days=1)))
    return first.astimezone(UTC), after.astimezone(UTC)


async def compute(connection: Connection, queue: str, interval: tuple[datetime, datetime], limits: Limits) -> Figures:
    """The figures of visits that began in ``queue`` in the half-open interval."""
    begin, end = interval
    within = {"in_time_ms": limits.in_time_ms, "short_abandon_ms": limits.short_abandon_ms}
    row = await QUERIES.figures.fetchrow(connection, queue=queue, begin=begin, end=end, **within)
    assert row is not None
    return Figures(**row)


class Today:
    """Today's figures of each queue and of each agent, kept fresh. While the database is away the last ones stand."""

    def __init__(self, pool: Pool, clock: Clock, *, queues: Mapping[str, Limits], zone: ZoneInfo) -> None:
        self._pool = pool
        self._clock = clock
        self._queues = queues
        self._zone = zone
        self._stale = asyncio.Event()
        self.of = dict.fromkeys(queues, Figures())
        self.own: dict[int, own.OwnFigures] = {}
        self.changed: Callable[[], None] | None = None

    @property
    def together(self) -> Figures:
        """Of all queues. A caller who moved on from one to another unanswered is in one of them, where the wait ended."""
        return sum(self.of.values(), Figures())

    def formula(self, queue: str) -> str:
        return self._queues[queue].formula

    @property
    def formula_together(self) -> str:
        """The queues' own, where they have the same; else each was counted by its own, which the name says."""
        formulas = {limits.formula for limits in self._queues.values()}
        return formulas.pop() if len(formulas) == 1 else f"{FORMULA} {OWN_LIMITS}"

    def refresh(self) -> None:
        """Something was written that may count."""
        self._stale.set()

    async def load(self) -> None:
        """Raises DatabaseAway."""
        before, day = (self.of, self.own), day_of(self._clock.now(), self._zone)
        in_time = {queue: limits.in_time_ms for queue, limits in self._queues.items()}
        async with connection(self._pool) as taken:
            self.of = {queue: await compute(taken, queue, day, limits) for queue, limits in self._queues.items()}
            self.own = await own.compute(taken, in_time, day)
        if self.changed and (self.of, self.own) != before:
            self.changed()

    async def run(self) -> None:
        """Keeps them fresh for ever; owned by the composition root."""
        while True:
            try:
                await self.load()
            except WorldFailed:
                log.debug("floor.figures_put_off")
            await asyncio.sleep(AGAIN_S)
            try:
                async with asyncio.timeout(AT_LEAST_S):
                    await self._stale.wait()
            except TimeoutError:
                pass  # the day may have changed
            self._stale.clear()
