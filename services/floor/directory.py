"""Remembers who sits at which extension, so that a pop never waits for the database.

It loads at the start, when told that people changed, and every few seconds besides.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from services.errors import WorldFailed
from services.floor import store
from services.floor.store import Seat
from services.store.db import Pool, connection

REFRESH_S = 10.0

log = structlog.get_logger(__name__)


class Directory:
    """Seats by extension and by person. Empty until first loaded."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._by_extension: dict[str, Seat] = {}
        self._by_person: dict[int, Seat] = {}
        self._stale = asyncio.Event()
        self.changed: Callable[[], None] | None = None

    def at(self, extension: str) -> Seat | None:
        return self._by_extension.get(extension)

    def of(self, person: int) -> Seat | None:
        return self._by_person.get(person)

    def seats(self) -> list[Seat]:
        """All, by extension."""
        return list(self._by_extension.values())

    def refresh(self) -> None:
        """People have changed: load again soon."""
        self._stale.set()

    async def load(self) -> None:
        """Raises DatabaseAway, and keeps then what it had."""
        async with connection(self._pool) as taken:
            self.replace(await store.seats(taken))

    def replace(self, seats: list[Seat]) -> None:
        found = {seat.extension: seat for seat in seats}
        if found == self._by_extension:
            return  # the very same objects stay: the board's parts are kept by them
        self._by_extension, self._by_person = found, {seat.person: seat for seat in seats}
        if self.changed:
            self.changed()

    async def run(self) -> None:
        """Loads for ever; owned by the composition root."""
        while True:
            try:
                await self.load()
            except WorldFailed:
                log.debug("floor.people_put_off")
            self._stale.clear()
            try:
                async with asyncio.timeout(REFRESH_S):
                    await self._stale.wait()
            except TimeoutError:
                continue
