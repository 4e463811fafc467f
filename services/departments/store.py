"""Reads and writes the departments and the dispatch catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from services.departments.model import Department, Edition, Rule
from services.errors import NotFound, Stale
from services.store.db import Connection
from services.store.queries import load_queries

QUERIES = load_queries(Path(__file__).parent / "departments.sql")


async def present(connection: Connection) -> tuple[int, Edition, Mapping[str, int]]:
    """The number of the edition in force, the edition, and the id of each department by its code."""
    number: int = await QUERIES.newest.fetchval(connection)
    rows = await QUERIES.departments.fetch(connection)
    departments = [Department(**{name: row[name] for name in Department.__slots__}) for row in rows]
    rules = [Rule(**row) for row in await QUERIES.rules.fetch(connection)]
    return number, Edition(departments, rules), {row["code"]: row["id"] for row in rows}


async def replace(connection: Connection, new: Edition, *, seen: int, by: int | None, at: datetime) -> int:
    """The new edition in place of number ``seen``; its number. Inside a transaction that holds ``lock``. Raises Stale."""
    number: int = await QUERIES.newest.fetchval(connection)
    if number != seen:
        raise Stale("somebody else changed the departments in the meantime")
    await QUERIES.write_department.execute_each(connection, [asdict(one) for one in new.departments])
    await QUERIES.forget_rules.execute(connection)
    await QUERIES.write_rule.execute_each(connection, [asdict(one) for one in new.rules])
    await QUERIES.keep_edition.execute(connection, number=number + 1, at=at, person=by, content=new.as_json())
    return number + 1


async def edition(connection: Connection, number: int) -> Edition:
    """The whole as it was. Raises NotFound."""
    content = await QUERIES.edition.fetchval(connection, number=number)
    if content is None:
        raise NotFound("there is no such edition")
    return Edition.from_json(content)
