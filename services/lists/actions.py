"""Lets everybody have their lists as they want them. It is kept here and not in the browser, because people of several shifts
share a desk and sit at another one tomorrow: what is theirs comes with their log-in and with nobody else's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.access.actor import LoggedIn
from services.errors import Conflict, NotFound
from services.lists import store
from services.lists.model import MOST_VIEWS, Column, Own, View
from services.now import Clock
from services.store.db import Connection, Pool, connection, transaction


class TooManyViews(Conflict):
    """You have as many views of this list as there can be; remove one."""

    code = "too_many_views"


@dataclass(frozen=True, slots=True)
class Lists:
    """The use-cases of this room. Everybody has their own alone: somebody else's view is not found."""

    pool: Pool
    clock: Clock

    async def own(self, who: LoggedIn) -> Own:
        async with connection(self.pool) as taken:
            return await store.own(taken, who.id)

    async def choose_columns(self, who: LoggedIn, of: str, columns: Sequence[Column]) -> None:
        async with transaction(self.pool) as taken:
            await store.choose_columns(taken, who.id, of, columns)

    async def save(self, who: LoggedIn, of: str, *, name: str, query: str) -> View:
        """Raises NameTaken, and TooManyViews beyond MOST_VIEWS of a list."""
        async with transaction(self.pool) as taken:
            await self._check_room(taken, who, of)
            return await store.save(taken, who.id, of=of, name=name, query=query, at=self.clock.now())

    async def remove(self, who: LoggedIn, view: int) -> None:
        """``restore`` undoes it. Raises NotFound."""
        async with transaction(self.pool) as taken:
            if not await store.remove(taken, who.id, view, self.clock.now()):
                raise NotFound("there is no such view of yours")

    async def restore(self, who: LoggedIn, view: int) -> View:
        """Raises NotFound, NameTaken, TooManyViews as ``save`` does."""
        async with transaction(self.pool) as taken:
            found = await store.removed(taken, who.id, view)
            if found is None:
                raise NotFound("there is no such removed view of yours")
            await self._check_room(taken, who, found.list)
            await store.restore(taken, who.id, view)
            return found

    @staticmethod
    async def _check_room(taken: Connection, who: LoggedIn, of: str) -> None:
        if await store.count(taken, who.id, of) >= MOST_VIEWS:
            raise TooManyViews
