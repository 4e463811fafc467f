"""Lets the centre edit its departments and the dispatch catalogue (SPEC O8), the whole in place of the old, and go back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.access import audit
from services.access.actor import LoggedIn
from services.departments import store
from services.departments.model import Department, Edition, check
from services.now import Clock
from services.store.db import Connection, Pool, connection, transaction

EDITIONS = 50  # shown; all are kept


@dataclass(frozen=True, slots=True)
class Standing:
    """What is in force: its number, the whole of it, and each department's id."""

    number: int
    edition: Edition
    ids: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Edited:
    """One edition: who made it, and when."""

    number: int
    at: datetime
    by: str | None


Readdressed = Callable[[Connection, Sequence[int], str, datetime], Awaitable[None]]
"""Told, inside the transaction, which departments are mailed elsewhere from now on, or nowhere; by which cause, and when: a room
above has written to the old address.
"""


async def _nobody(_connection: Connection, _departments: Sequence[int], _cause: str, _now: datetime) -> None:
    return


@dataclass(frozen=True, slots=True)
class Departments:
    """The use-cases of this room."""

    pool: Pool
    clock: Clock
    readdressed: Readdressed = _nobody

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
            _, before, _ = await store.present(taken)
            await asyncio.to_thread(check, new, before)
            return await self._put(taken, seen, before, new, by)

    async def go_back(self, seen: int, to: int, *, by: LoggedIn) -> Standing:
        """The whole as it was in edition ``to``; departments that came later stay, inactive. Raises Stale, NotFound.

        Where departments are mailed to stays as it is: an older address may be a wrong one, and the oldest editions have none.
        """
        async with transaction(self.pool) as taken:
            await store.QUERIES.lock.execute(taken)
            _, before, _ = await store.present(taken)
            old = await store.edition(taken, to)
            new = Edition([*_addressed(before, old), *_later(before, old)], old.rules)
            return await self._put(taken, seen, before, new, by)

    async def _put(self, taken: Connection, seen: int, before: Edition, new: Edition, by: LoggedIn) -> Standing:
        now = self.clock.now()
        number = await store.replace(taken, new, seen=seen, by=by.id, at=now)
        detail = {"edition": str(number), "departments": str(len(new.departments)), "rules": str(len(new.rules))}
        await audit.write(taken, now, by=by.id, action="departments.replace", about="departments", detail=detail)
        standing = Standing(*await store.present(taken))
        if elsewhere := [standing.ids[code] for code in _readdressed(before, new)]:
            await self.readdressed(taken, elsewhere, f"departments:{number}", now)
        return standing


def _readdressed(before: Edition, new: Edition) -> list[str]:
    was = {one.code: one.reached_at for one in before.departments}
    return [one.code for one in new.departments if one.reached_at != was.get(one.code, one.reached_at)]


def _addressed(before: Edition, old: Edition) -> list[Department]:
    now = {one.code: one.email for one in before.departments}
    return [replace(one, email=now.get(one.code, "")) for one in old.departments]


def _later(before: Edition, old: Edition) -> list[Department]:
    there = {one.code for one in old.departments}
    return [replace(one, active=False) for one in before.departments if one.code not in there]
