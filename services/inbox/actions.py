"""Lets everybody read what rang for them, and say that they have read it; whatever one marks can be marked back."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.access.actor import LoggedIn
from services.errors import NotFound, WorldFailed
from services.inbox import store
from services.inbox.model import KEPT
from services.now import Clock
from services.store.db import Pool, Row, connection, transaction

SWEEP_S = 3_600.0


@dataclass(frozen=True, slots=True)
class Page:
    """Notices, the newest first; ``next``: behind which the next page begins, None: nothing more."""

    rows: Sequence[Row]
    next: int | None
    unread: int


@dataclass(frozen=True, slots=True)
class Inbox:
    """The use-cases. Everybody has their own alone: somebody else's notice is not found."""

    pool: Pool
    clock: Clock

    async def page(self, who: LoggedIn, *, after: int | None, limit: int) -> Page:
        async with connection(self.pool) as taken:
            rows = await store.page(taken, who.id, who.person.department, after=after, limit=limit + 1)
            unread = await store.unread(taken, who.id, who.person.department)
        return Page(rows[:limit], rows[limit - 1]["id"] if len(rows) > limit else None, unread)

    async def mark(self, who: LoggedIn, notice: int, *, read: bool) -> None:
        """Read, or unread again. Raises NotFound."""
        async with transaction(self.pool) as taken:
            if not await store.mark(taken, who.id, notice, self.clock.now() if read else None):
                raise NotFound("there is no such notice of yours")
            await store.rung(taken, {who.id: notice})

    async def mark_all(self, who: LoggedIn, upto: int) -> tuple[datetime, int]:
        """Everything up to this notice is read: what came after it was not seen yet. The moment undoes it; how many they were."""
        now = self.clock.now()
        async with transaction(self.pool) as taken:
            count: int = await store.QUERIES.mark_all.fetchval(taken, person=who.id, upto=upto, at=now)
            await store.rung(taken, {who.id: upto})
        return now, count

    async def unmark(self, who: LoggedIn, at: datetime) -> int:
        """What was read at this very moment is unread again; how many they were."""
        async with transaction(self.pool) as taken:
            count: int = await store.QUERIES.unmark.fetchval(taken, person=who.id, at=at)
            await store.rung(taken, {who.id: 0})
        return count

    async def forget(self) -> None:
        """Notices older than KEPT go."""
        async with connection(self.pool) as taken:
            await store.QUERIES.forget.execute(taken, before=self.clock.now() - KEPT)

    async def forget_old(self) -> None:
        """Once an hour, for ever; owned by the composition root."""
        while True:
            with contextlib.suppress(WorldFailed):  # those of the next hour go with them then
                await self.forget()
            await asyncio.sleep(SWEEP_S)
