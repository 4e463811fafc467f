"""Reads and writes the customer table. Whatever changes a customer rings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import asyncpg

from services.bells import Change, Kind, tell_changed
from services.customers.model import Customer, CustomerFields, Sought
from services.errors import Conflict, NotFound
from services.store.db import Connection
from services.store.queries import load_queries
from services.store.sorting import Key, KeyKind, Sorts, Value

QUERIES = load_queries(Path(__file__).parent / "customers.sql")
SORTS = Sorts(
    Path(__file__).parent / "pages.sql",
    {
        "added": Key("c.id", KeyKind.WHOLE),
        "number": Key("c.number", KeyKind.TEXT),
        "tier": Key(
            "case c.tier when 'dedicated_line' then 3 when 'important' then 2 when 'big' then 1 else 0 end", KeyKind.WHOLE
        ),
    },
)
"""What the list of customers can be sorted by: not by names, for which no order would be everybody's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Rows and where the next page begins; None: nothing more."""

    customers: Sequence[Customer]
    next: tuple[Value, int] | None


COLUMNS = ("id", "number", "name", "tier", "note")


class NumberTaken(Conflict):
    """The number belongs to another customer."""

    code = "taken"


async def load(connection: Connection, customer_id: int) -> Customer:
    return _found(await QUERIES.by_id.fetchrow(connection, customer=customer_id))


async def chosen(connection: Connection, customers: Sequence[int]) -> list[Customer]:
    """Those of them that there are, in no order."""
    return [Customer(**dict(row)) for row in await QUERIES.chosen.fetch(connection, customers=customers)]


async def page(
    connection: Connection, sought: Sought, beginnings: Sequence[str], number: str = "", *, in_names: bool = True
) -> Page:
    """With a search those whose number is ``number`` or begins so, or whose name holds it (else: is it). To be called inside a
    transaction: it pins the planner to real values.
    """
    await connection.execute("set local plan_cache_mode = force_custom_plan")
    at, behind = sought.after or (None, None)
    rows = await SORTS[sought.sort].page.fetch(
        connection,
        at=at,
        behind=behind,
        search=sought.search.strip(),
        beginnings=beginnings,
        number=number,
        in_names=in_names,
        limit=sought.limit + 1,
    )
    shown = [Customer(**{name: row[name] for name in COLUMNS}) for row in rows[: sought.limit]]
    last = rows[sought.limit - 1] if len(rows) > sought.limit else None
    return Page(customers=shown, next=(last["sort_key"], last["id"]) if last else None)


async def insert(connection: Connection, new: CustomerFields, at: datetime) -> Customer:
    try:
        made = _found(
            await QUERIES.insert.fetchrow(connection, number=new.number, name=new.name, tier=new.tier, note=new.note, at=at)
        )
    except asyncpg.UniqueViolationError:
        raise NumberTaken from None
    await tell_changed(connection, Change.of_customer(made.id, at))
    return made


async def update(connection: Connection, customer_id: int, new: CustomerFields, at: datetime) -> Customer:
    try:
        changed = _found(
            await QUERIES.update.fetchrow(
                connection, customer=customer_id, number=new.number, name=new.name, tier=new.tier, note=new.note, at=at
            )
        )
    except asyncpg.UniqueViolationError:
        raise NumberTaken from None
    await tell_changed(connection, Change.of_customer(customer_id, at))
    return changed


async def one_at_a_time(connection: Connection) -> None:
    """Until the transaction ends, whoever imports beside us waits: two that write the same numbers would wait for each other."""
    await QUERIES.one_import_at_a_time.execute(connection)


async def stage(connection: Connection, good: Path) -> int:
    """Rows of a file in COPY's own format, beside the table; how many there are. `unstage` before the transaction ends."""
    copied = await connection.copy_to_table("staged_customer", source=good)
    return int(copied.rpartition(" ")[2])


async def compare_staged(connection: Connection, *, tier: bool, note: bool) -> tuple[int, int]:
    """How many of the rows are new, and how many differ from what is there. True: the file has no such column."""
    found = await QUERIES.compare_staged.fetchrow(connection, without_tier=tier, without_note=note)
    return (found["created"], found["changed"]) if found else (0, 0)


async def upsert_staged(connection: Connection, at: datetime, *, tier: bool, note: bool) -> None:
    """Write them; those that are the same already are left alone, and so is what the file has no column for."""
    await QUERIES.upsert_staged.execute(connection, at=at, without_tier=tier, without_note=note)
    await tell_changed(connection, Change(Kind.CUSTOMER))


async def unstage(connection: Connection) -> None:
    """The rows beside the table are gone, so that no other transaction ever sees them."""
    await QUERIES.unstage.execute(connection)


def _found(row: asyncpg.Record | None) -> Customer:
    if row is None:
        raise NotFound
    return Customer(**dict(row))
