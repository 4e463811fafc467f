"""The customer table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import asyncpg

from services.customers.model import Customer, CustomerFields
from services.errors import Conflict, NotFound
from services.store.db import Connection
from services.store.queries import load_queries

QUERIES = load_queries(Path(__file__).parent / "customers.sql")
BATCH = 5_000


class NumberTaken(Conflict):
    """The number belongs to another customer."""

    code = "taken"


async def load(connection: Connection, customer_id: int) -> Customer:
    return _found(await connection.fetchrow(QUERIES.by_id, customer_id))


async def page(
    connection: Connection, *, after: int | None, search: str, beginnings: Sequence[str], limit: int
) -> list[Customer]:
    rows = await connection.fetch(QUERIES.page, after, search, limit, beginnings)
    return [Customer(**dict(row)) for row in rows]


async def insert(connection: Connection, new: CustomerFields, at: datetime) -> Customer:
    try:
        return _found(await connection.fetchrow(QUERIES.insert, new.number, new.name, new.tier, new.note, at))
    except asyncpg.UniqueViolationError:
        raise NumberTaken from None


async def update(connection: Connection, customer_id: int, new: CustomerFields, at: datetime) -> Customer:
    try:
        return _found(await connection.fetchrow(QUERIES.update, customer_id, new.number, new.name, new.tier, new.note, at))
    except asyncpg.UniqueViolationError:
        raise NumberTaken from None


async def compare_many(connection: Connection, rows: Sequence[CustomerFields]) -> tuple[int, int]:
    """How many of the rows are new, and how many differ from what is there."""
    created = changed = 0
    for some in _batches(rows):
        found = await connection.fetchrow(QUERIES.compare_many, *_columns(some))
        assert found is not None  # it counts
        created, changed = created + found["created"], changed + found["changed"]
    return created, changed


async def upsert_many(connection: Connection, rows: Sequence[CustomerFields], at: datetime) -> None:
    for some in _batches(rows):
        await connection.execute(QUERIES.upsert_many, *_columns(some), at)


def _batches(rows: Sequence[CustomerFields]) -> Iterator[Sequence[CustomerFields]]:
    """A statement's rows are written out in one go, on the loop: so few that nobody waits for it."""
    return (rows[start : start + BATCH] for start in range(0, len(rows), BATCH))


def _columns(rows: Sequence[CustomerFields]) -> tuple[list[str], list[str], list[str], list[str]]:
    return [r.number for r in rows], [r.name for r in rows], [r.tier for r in rows], [r.note for r in rows]


def _found(row: asyncpg.Record | None) -> Customer:
    if row is None:
        raise NotFound
    return Customer(**dict(row))
