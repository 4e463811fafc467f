"""Verifies all that is sealed, as it stands at one moment: reads each row for its own hash, then all hashes for the anchors.

Rows come through a cursor, some thousand at a time, however many there are.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from services.seals.anchoring import QUERIES
from services.seals.model import Anchor, Anchors, Chain, Fault, Sealed, What, alone
from services.store.db import OwnConnection, Row
from services.store.queries import Query, load_queries

PART = 2_000  # rows fetched at once
SINGLE = Path(__file__).with_name("single.sql")

JOURNALS: Mapping[str, tuple[Query, Query]] = {
    "ticket_journal": (QUERIES.ticket_rows, QUERIES.bare_tickets),
    "order_journal": (QUERIES.order_rows, QUERIES.bare_orders),
}
"""Where each thing has a history: its rows, and the things without any. In every other sealed table the rows stand alone."""

Progress = Callable[[int], None]
"""Is told how many rows more were looked at; each counts twice."""


@dataclass(slots=True)
class Found:
    """What came of it. ``newest``: the last anchor; ``loose``: rows behind it, whose removal none would tell."""

    rows: int = 0
    faults: int = 0
    newest: Anchor | None = None
    loose: int = 0


@dataclass(slots=True)
class Verification:
    """One verification. ``tell`` hears of each fault as it is found."""

    connection: OwnConnection
    tell: Callable[[Fault], None]
    progress: Progress
    known: Mapping[int, bytes] = field(default_factory=dict)
    found: Found = field(default_factory=Found)

    async def count(self) -> int:
        """How many rows there are."""
        return int(await QUERIES.count.fetchval(self.connection))

    async def run(self) -> Found:
        """Looks at everything, in one snapshot: what is written meanwhile is not looked at."""
        async with self.connection.transaction(isolation="repeatable_read", readonly=True):
            for name, (rows, bare) in JOURNALS.items():
                await self._journal(name, rows, bare)
            for row in await QUERIES.single.fetch(self.connection, journals=list(JOURNALS)):
                await self._single(row["table"], load_queries(SINGLE, {"table": row["table"], "key": row["key"]}).rows)
            await self._anchors()
        return self.found

    async def _journal(self, name: str, rows: Query, bare: Query) -> None:
        chain = Chain(name)
        async for part in self._parts(rows):
            self._look_at(part, chain.look)
        self._wrong(chain.end())
        async for part in self._parts(bare):
            self._wrong(Fault(name, row["thing"], 1, What.BARE) for row in part)

    async def _single(self, name: str, rows: Query) -> None:
        async for part in self._parts(rows):
            self._look_at(part, partial(alone, name))

    def _look_at(self, part: list[Row], look: Callable[[Sealed], Iterator[Fault]]) -> None:
        for row in part:
            self._wrong(look(Sealed(**row)))
        self.found.rows += len(part)
        self.progress(len(part))

    async def _anchors(self) -> None:
        rows = self._each(QUERIES.sealed)
        waiting: Row | None = await anext(rows, None)
        anchors = Anchors(self.known)
        async for row in self._each(QUERIES.anchors):
            anchor, hashes = Anchor(**row), []
            while waiting is not None and waiting["place"] <= anchor.through:
                hashes.append(waiting["hash"])
                waiting = await anext(rows, None)
            self._wrong(anchors.look(anchor, hashes))
            self.progress(len(hashes))
            self.found.newest = anchor
        self._wrong(anchors.end())
        while waiting is not None:
            self.found.loose += 1
            waiting = await anext(rows, None)

    def _wrong(self, faults: Iterator[Fault]) -> None:
        for fault in faults:
            self.found.faults += 1
            self.tell(fault)

    async def _each(self, query: Query) -> AsyncIterator[Row]:
        async for part in self._parts(query):
            for row in part:
                yield row

    async def _parts(self, query: Query) -> AsyncIterator[list[Row]]:
        cursor = await self.connection.cursor(str(query))
        while part := await cursor.fetch(PART):
            yield part
