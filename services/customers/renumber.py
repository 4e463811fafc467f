"""Reads the numbers in the database anew when they were read last by other rules, or with another area code of the centre.

It runs before anybody is served, and can be broken off and begun again. Two customers whose numbers turn out to be one are not
merged: the later keeps the number as it was, and the audit names the pair for a person to decide.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from datetime import datetime
from pathlib import Path

from services.access import audit
from services.customers.numbers import Numbering, completed
from services.store.db import Connection, Row
from services.store.queries import Query, load_queries

QUERIES = load_queries(Path(__file__).parent / "renumber.sql")
RULES = 1  # of services.customers.numbers; count up when they come to read something otherwise
BATCH = 5_000

Reading = Callable[[str], str]
"""What was kept -> what it is now."""


async def renumber(connection: Connection, numbering: Numbering, at: datetime) -> int | None:
    """Reads all numbers anew. Returns how many customers keep an old number because another has theirs; None if there was
    nothing to do.
    """
    before = await QUERIES.read_by.fetchrow(connection)
    if before and (before["rules"], before["area_code"]) == (RULES, numbering.area_code):
        return None
    twins = await _customers(connection, _reading(numbering, dropped_plus=before is None), at)
    await _tickets(connection, numbering, _reading(numbering, dropped_plus=before is None), at)
    await _calls(connection, numbering)
    await QUERIES.note.execute(connection, rules=RULES, area_code=numbering.area_code)
    return twins


def _reading(numbering: Numbering, *, dropped_plus: bool) -> Reading:
    """Before there were rules, a plus and China's code were dropped."""

    def read(kept: str) -> str:
        return numbering.read(completed(kept) if dropped_plus else kept) or kept

    return read


async def _customers(connection: Connection, read: Reading, at: datetime) -> int:
    twins = 0
    async for rows in _batches(connection, QUERIES.customers, 0):
        wanted = {row["id"]: read(row["kept"]) for row in rows if read(row["kept"]) != row["kept"]}
        first = {number: customer for customer, number in reversed(wanted.items())}
        async with connection.transaction():
            moved = await QUERIES.set_customers.fetch(connection, ids=list(first.values()), numbers=list(first))
            left = wanted.keys() - {row["id"] for row in moved}
            owners = {
                row["number"]: row["id"] for row in await QUERIES.whose.fetch(connection, numbers=[wanted[one] for one in left])
            }
            for customer in sorted(left):
                detail = {"like": f"customer:{owners[wanted[customer]]}"}
                about = f"customer:{customer}"
                await audit.write(connection, at, by=None, action="customer.same_number", about=about, detail=detail)
        twins += len(left)
    return twins


async def _tickets(connection: Connection, numbering: Numbering, read: Reading, at: datetime) -> None:
    async for rows in _batches(connection, QUERIES.tickets, 0):
        changed = [
            (row["id"], row["kept"], new) for row in rows if (new := _new(numbering, row) or read(row["kept"])) != row["kept"]
        ]
        if changed:
            ids, kept, numbers = _columns(changed)
            await QUERIES.set_tickets.execute(connection, ids=ids, kept=kept, numbers=numbers, at=at)


async def _calls(connection: Connection, numbering: Numbering) -> None:
    async for rows in _batches(connection, QUERIES.calls, ""):
        changed = [(row["id"], new) for row in rows if (new := _new(numbering, row)) and new != row["kept"]]
        if changed:
            ids, numbers = _columns(changed)
            await QUERIES.set_calls.execute(connection, ids=ids, numbers=numbers)


def _new(numbering: Numbering, row: Row) -> str:
    """Of what the network sent, where that is known."""
    return numbering.read(row["sent"]) if row["sent"] else ""


async def _batches(connection: Connection, query: Query, behind: object) -> AsyncIterator[list[Row]]:
    while rows := await query.fetch(connection, behind=behind, limit=BATCH):
        yield rows
        behind = rows[-1]["id"]


def _columns(rows: Iterable[tuple[object, ...]]) -> Iterable[list[object]]:
    return map(list, zip(*rows, strict=True))
