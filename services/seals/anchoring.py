"""Draws an anchor every minute over the rows that were written meanwhile.

One chain over all rows would have to be written one transaction after the other, each waiting for the commit of the one before.
So a row is chained to its own thing's alone, which the transaction holds anyway, and the anchors come behind, by one writer.

Which rows they are over must be settled by then: a place is given before the commit, and a later one may be committed first. So a
look notes the last place and a transaction's number; the next look, a minute later, takes the rows up to there once every
transaction with a lower number is over. Nobody waits for that, and a transaction that lasts only puts the anchor off.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from pathlib import Path

import structlog

from services.errors import WorldFailed
from services.now import Clock
from services.store.db import Connection, Pool, connection
from services.store.queries import load_queries

QUERIES = load_queries(Path(__file__).with_name("seals.sql"))

LOOK_S = 60.0
MOST = 50_000  # places an anchor goes over, some 2 MB of hashes in the database's memory; what is more has the next one

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Mark:
    """Rows up to ``place`` are settled once no transaction below ``number`` is under way."""

    place: int
    number: int


class Anchoring:
    """``run`` draws for ever; ``next`` looks once."""

    def __init__(self, pool: Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock
        self._mark: Mark | None = None

    async def run(self) -> None:
        """For ever; owned by the composition root."""
        while True:
            with contextlib.suppress(WorldFailed):  # the next look finds the same rows
                await self.next()
            await asyncio.sleep(LOOK_S)

    async def next(self) -> int:
        """Draws the anchors that can be drawn; how many."""
        async with connection(self._pool) as taken:
            drawn = await self._draw(taken, self._mark) if self._mark else 0
            place = await QUERIES.place.fetchval(taken) or 0  # before the number: whoever has a lower place has a lower number
            self._mark = Mark(place, await QUERIES.mine.fetchval(taken))
        return drawn

    async def _draw(self, taken: Connection, mark: Mark) -> int:
        if await QUERIES.oldest.fetchval(taken) < mark.number:
            return 0
        drawn = 0
        while (behind := await QUERIES.anchored.fetchval(taken)) < mark.place:
            through = min(mark.place, behind + MOST)
            anchor = await QUERIES.draw.fetchrow(taken, at=self._clock.now(), through=through)
            assert anchor is not None
            log.info("seals.anchored", number=anchor["n"], rows=anchor["rows"], hash=anchor["hash"].hex())
            drawn += 1
        return drawn
