"""Lets the centre edit its reasons and text blocks, the whole in place of the old, and go back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.access import audit
from services.access.actor import LoggedIn
from services.now import Clock
from services.phrases import store
from services.phrases.model import Edition, back_to, check
from services.store.db import Connection, Pool, connection, transaction

EDITIONS = 50  # shown; all are kept


@dataclass(frozen=True, slots=True)
class Standing:
    """What is in force, and its number."""

    number: int
    edition: Edition


@dataclass(frozen=True, slots=True)
class Edited:
    """One edition: who made it, and when."""

    number: int
    at: datetime
    by: str | None


@dataclass(frozen=True, slots=True)
class Phrases:
    """The use-cases of this room."""

    pool: Pool
    clock: Clock

    async def all(self) -> Standing:
        async with connection(self.pool) as taken:
            return Standing(*await store.present(taken))

    async def editions(self) -> Sequence[Edited]:
        """The newest first."""
        async with connection(self.pool) as taken:
            return [Edited(**row) for row in await store.QUERIES.editions.fetch(taken, limit=EDITIONS)]

    async def replace(self, seen: int, new: Edition, *, by: LoggedIn) -> Standing:
        """Puts ``new`` in place of edition ``seen``. Raises Stale, Invalid."""
        async with transaction(self.pool) as taken:
            await store.QUERIES.lock.execute(taken)
            _, before = await store.present(taken)
            await asyncio.to_thread(check, new, before)
            return await self._put(taken, seen, new, by)

    async def go_back(self, seen: int, to: int, *, by: LoggedIn) -> Standing:
        """The whole as it was in edition ``to``; phrases that came later stay, inactive. Raises Stale, NotFound."""
        async with transaction(self.pool) as taken:
            await store.QUERIES.lock.execute(taken)
            _, before = await store.present(taken)
            return await self._put(taken, seen, back_to(await store.edition(taken, to), before), by)

    async def _put(self, taken: Connection, seen: int, new: Edition, by: LoggedIn) -> Standing:
        now = self.clock.now()
        number = await store.replace(taken, new, seen=seen, by=by.id, at=now)
        detail = {"edition": str(number), "phrases": str(len(new.phrases))}
        await audit.write(taken, now, by=by.id, action="phrases.replace", about="phrases", detail=detail)
        return Standing(*await store.present(taken))
