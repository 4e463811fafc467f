"""Shows which earlier cases a case may be a repeat of (SPEC A4), and keeps what a person says to that."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from services.customers.numbers import Numbering
from services.errors import NotFound
from services.repeats.model import REACH, Case, Likeness, likely
from services.store.db import Connection, Pool, Row, transaction
from services.store.queries import load_queries

QUERIES = load_queries(Path(__file__).parent / "repeats.sql")

LOOKED_AT = 30  # earlier cases of each number, the newest
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Found:
    """An earlier case, how likely it is repeated (None: only a person's word says so), and what a person said to that."""

    row: Row
    likeness: Likeness | None
    verdict: Row | None


@dataclass(frozen=True, slots=True)
class Repeats:
    """The use-cases of this room."""

    pool: Pool
    numbering: Numbering

    async def of_ticket(self, ticket: int) -> Sequence[Found]:
        """What it is likely to repeat, the likeliest first; then what a person has said something to. Raises NotFound."""
        async with transaction(self.pool) as connection:
            await connection.execute("set local plan_cache_mode = force_custom_plan")
            row = await QUERIES.case_of.fetchrow(connection, ticket=ticket)
            if row is None:
                raise NotFound("there is no such ticket")
            rows = await self._candidates(connection, row)
            said = {one["of_id"]: one for one in await QUERIES.verdicts.fetch(connection, ticket=ticket, limit=LOOKED_AT)}
        cases, case = {one["id"]: one for one in rows}, self._case(row)
        found = await asyncio.to_thread(likely, case, [self._case(one) for one in rows])
        shown = [Found(cases[one.of], one, said.pop(one.of, None)) for one in found[:SHOWN]]
        return [*shown, *(Found(one, None, one) for one in said.values())]

    async def _candidates(self, connection: Connection, row: Row) -> list[Row]:
        case = self._case(row)
        numbers = sorted({case.customer_number, *case.numbers} - {""})
        if not numbers:
            return []
        since, before = row["received_at"] - REACH, row["received_at"]
        return await QUERIES.candidates.fetch(
            connection, ticket=row["id"], numbers=numbers, since=since, before=before, limit=LOOKED_AT
        )

    def _case(self, row: Row) -> Case:
        reached = self.numbering.read(row["contact_number"]) if row["contact_number"] else ""
        same = {name: row[name] for name in ("id", "received_at", "customer_number", "business", "nature", "text")}
        return Case(**same, numbers=frozenset({row["caller"], reached or ""} - {""}))
