"""Lets the centre edit its calendars, the whole in place of the old, and go back; keeps the law's days; puts all of it in force.

An edition is in force once its transaction is done: every room reads the table of clocks anew (``clocks.current``). Clocks that
ran before are counted anew by ``recounting``. Settings, other days of the law and a new year make an edition too, by nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.access import audit
from services.access.actor import LoggedIn
from services.calendars import store
from services.calendars.model import Base, Edition, check, digest, table
from services.calendars.store import Kept
from services.clocks import store as deadlines
from services.clocks.current import Current
from services.clocks.law import LawDay, Year, year_of
from services.errors import Stale
from services.now import Clock
from services.store.db import Connection, Pool, connection, transaction

EDITIONS = 50  # shown; all are kept


@dataclass(frozen=True, slots=True)
class Standing:
    """What is in force: the edition, the law, which years of it are published. ``left``: clocks still to be counted anew."""

    number: int
    edition: Edition
    law: Sequence[LawDay]
    years: Sequence[Year]
    left: int


@dataclass(frozen=True, slots=True)
class Edited:
    """One edition: who made it, and when; how many days of its own it has, and how many deadlines it moved."""

    number: int
    at: datetime
    by: str | None
    days: int
    moved: int


@dataclass(frozen=True, slots=True)
class Calendars:
    """The use-cases of this room. ``current`` is what all rooms count by."""

    pool: Pool
    clock: Clock
    base: Base = field(default_factory=Base)
    current: Current = field(default_factory=Current)

    async def all(self) -> Standing:
        async with connection(self.pool) as taken:
            return await self._standing(taken)

    async def editions(self) -> Sequence[Edited]:
        """The newest first."""
        async with connection(self.pool) as taken:
            return [Edited(**row) for row in await store.QUERIES.editions.fetch(taken, limit=EDITIONS)]

    async def replace(self, seen: int, new: Edition, *, by: LoggedIn) -> Standing:
        """Puts ``new`` in place of edition ``seen``. Raises Stale, Invalid."""
        return await self._put(seen, new, by=by)

    async def go_back(self, seen: int, to: int, *, by: LoggedIn) -> Standing:
        """The whole as it was in edition ``to``, but for calendars that are no more. Raises Stale, NotFound."""
        async with connection(self.pool) as taken:
            old = await store.edition(taken, to)
        names = {one.name for one in self.base.calendars}
        return await self._put(seen, Edition(old.days, {name: week for name, week in old.weeks.items() if name in names}), by=by)

    async def settle(self) -> int:
        """At the start, and when a year begins: the law's days of the years around this one are brought up to date, and what
        follows from all of it is put in force. Returns the year. After a fail-over to an older database the editions that it does
        not have are lost: what is in force is an edition behind them, so that whatever was counted by them is counted anew.
        """
        now = self.clock.now()
        year = now.astimezone(self.base.zone).year
        found = await asyncio.to_thread(lambda: [year_of(self.base.country, one) for one in range(year - 1, year + 2)])
        async with transaction(self.pool) as taken:
            await store.QUERIES.lock.execute(taken)
            await store.write_years(taken, found, now)
            before, law = await store.present(taken), await store.law(taken)
            above = await self._highest(taken, before)
            kept = await asyncio.to_thread(self._kept, above, before.edition, law)
            if kept.digest == before.digest and above == before.number:
                kept = before
            else:
                await store.keep(taken, kept, by=None, at=now)
        await self._in_force(kept, law)
        return year

    async def _put(self, seen: int, new: Edition, *, by: LoggedIn) -> Standing:
        now = self.clock.now()
        async with transaction(self.pool) as taken:
            await store.QUERIES.lock.execute(taken)
            before, law = await store.present(taken), await store.law(taken)
            if before.number != seen:
                raise Stale("somebody else changed the calendar in the meantime")
            await asyncio.to_thread(check, self.base, law, new, now)
            kept = await asyncio.to_thread(self._kept, await self._highest(taken, before), new, law)
            await store.keep(taken, kept, by=by.id, at=now)
            detail = {"edition": str(kept.number), "days": str(len(new.days))}
            await audit.write(taken, now, by=by.id, action="calendar.replace", about="calendar", detail=detail)
        await self._in_force(kept, law)
        async with connection(self.pool) as taken:
            return await self._standing(taken)

    async def _highest(self, taken: Connection, before: Kept) -> int:
        """The highest number that any edition had, also one that is not in this database: no number is given twice."""
        return max(before.number, self.current.edition, await deadlines.newest_edition(taken))

    def _kept(self, above: int, new: Edition, law: Sequence[LawDay]) -> Kept:
        return Kept(above + 1, new, digest(self.base, table(self.base, law, new)))

    async def _in_force(self, kept: Kept, law: Sequence[LawDay]) -> None:
        made = await asyncio.to_thread(table, self.base, law, kept.edition, kept.number)
        self.current.put(made, kept.number)

    async def _standing(self, taken: Connection) -> Standing:
        kept = await store.present(taken)
        left = await deadlines.uncounted(taken, self.current.edition)
        return Standing(kept.number, kept.edition, await store.law(taken), await store.years(taken), left)
