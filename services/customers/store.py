"""The customer table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import asyncpg

from services.customers.model import Customer, CustomerFields
from services.errors import Conflict, NotFound
from services.store.db import Connection
from services.store.queries import load_queries

QUERIES = load_queries(Path(__file__).parent / "customers.sql")

# Of a table that lives as long as its transaction: in the .sql file it could not be prepared.
STAGED = "create temporary table staged_customer (number text, name text, tier text, note text) on commit drop"
COMPARE = """
select count(*) filter (where c.id is null) as created,
       count(*) filter (where c.id is not null and (
         c.name, c.tier, c.note) is distinct from (
         s.name, case when $1::bool then c.tier else s.tier end, case when $2::bool then c.note else s.note end)
       ) as changed
from staged_customer s left join customer c on c.number = s.number"""
UPSERT = """
insert into customer as c (number, name, tier, note, changed_at)
select number, name, tier, note, $1 from staged_customer
on conflict (number) do update
  set name = excluded.name, changed_at = excluded.changed_at,
      tier = case when $2::bool then c.tier else excluded.tier end, note = case when $3::bool then c.note else excluded.note end
  where (c.name, c.tier, c.note) is distinct from (
    excluded.name, case when $2::bool then c.tier else excluded.tier end,
    case when $3::bool then c.note else excluded.note end)"""


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


async def stage(connection: Connection, good: Path) -> int:
    """Rows of a file in COPY's own format, beside the table until the transaction ends; how many there are."""
    await connection.execute(STAGED)
    copied = await connection.copy_to_table("staged_customer", source=good)
    await connection.execute("analyze staged_customer")
    return int(copied.rpartition(" ")[2])


async def compare_staged(connection: Connection, *, tier: bool, note: bool) -> tuple[int, int]:
    """How many of the rows are new, and how many differ from what is there. True: the file has no such column."""
    found = await connection.fetchrow(COMPARE, tier, note)
    return (found["created"], found["changed"]) if found else (0, 0)


async def upsert_staged(connection: Connection, at: datetime, *, tier: bool, note: bool) -> None:
    """Write them; those that are the same already are left alone, and so is what the file has no column for."""
    await connection.execute(UPSERT, at, tier, note)


def _found(row: asyncpg.Record | None) -> Customer:
    if row is None:
        raise NotFound
    return Customer(**dict(row))
