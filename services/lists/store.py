"""Keeps how each person has their lists."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import asyncpg

from services.errors import Conflict
from services.lists.model import Column, Own, View
from services.store.db import Connection
from services.store.queries import load_queries

QUERIES = load_queries(Path(__file__).parent / "lists.sql")


class NameTaken(Conflict):
    """Another of your views of this list has this name."""

    code = "view_taken"


async def own(connection: Connection, person: int) -> Own:
    chosen = await QUERIES.columns.fetch(connection, person=person)
    columns = {row["list"]: [Column(**column) for column in row["columns"]] for row in chosen}
    return Own(columns, [View(**row) for row in await QUERIES.views.fetch(connection, person=person)])


async def choose_columns(connection: Connection, person: int, of: str, columns: Sequence[Column]) -> None:
    kept = [{"key": column.key, "shown": column.shown} for column in columns]
    await QUERIES.choose_columns.execute(connection, person=person, list=of, columns=kept)


async def count(connection: Connection, person: int, of: str) -> int:
    """How many views there are of a list; until the transaction ends nobody else counts this person's."""
    await QUERIES.lock.execute(connection, person=person)
    found: int = await QUERIES.count.fetchval(connection, person=person, list=of)
    return found


async def save(connection: Connection, person: int, *, of: str, name: str, query: str, at: datetime) -> View:
    """Raises NameTaken."""
    try:
        row = await QUERIES.save.fetchrow(connection, person=person, list=of, name=name, query=query, at=at)
    except asyncpg.UniqueViolationError:
        raise NameTaken from None
    assert row is not None
    return View(**row)


async def remove(connection: Connection, person: int, view: int, at: datetime) -> bool:
    """Whether it was there."""
    return await QUERIES.remove.fetchval(connection, person=person, view=view, at=at) is not None


async def removed(connection: Connection, person: int, view: int) -> View | None:
    row = await QUERIES.of_removed.fetchrow(connection, person=person, view=view)
    return None if row is None else View(**row)


async def restore(connection: Connection, person: int, view: int) -> None:
    """Raises NameTaken when the name was given to another view meanwhile."""
    try:
        await QUERIES.restore.execute(connection, person=person, view=view)
    except asyncpg.UniqueViolationError:
        raise NameTaken from None
