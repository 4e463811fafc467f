"""Reads and writes the centre's phrases."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from services.errors import NotFound, Stale
from services.phrases.model import Edition, Phrase
from services.store.db import Connection
from services.store.queries import load_queries

QUERIES = load_queries(Path(__file__).parent / "phrases.sql")


async def present(connection: Connection) -> tuple[int, Edition]:
    """The number of the edition in force, and the edition."""
    number: int = await QUERIES.newest.fetchval(connection)
    return number, Edition([Phrase(**row) for row in await QUERIES.phrases.fetch(connection)])


async def replace(connection: Connection, new: Edition, *, seen: int, by: int | None, at: datetime) -> int:
    """The new edition in place of number ``seen``; its number. Inside a transaction that holds ``lock``. Raises Stale."""
    number: int = await QUERIES.newest.fetchval(connection)
    if number != seen:
        raise Stale("somebody else changed the phrases in the meantime")
    await QUERIES.write_phrase.execute_each(connection, [asdict(one) for one in new.phrases])
    await QUERIES.keep_edition.execute(connection, number=number + 1, at=at, person=by, content=new.as_json())
    return number + 1


async def edition(connection: Connection, number: int) -> Edition:
    """The whole as it was. Raises NotFound."""
    content = await QUERIES.edition.fetchval(connection, number=number)
    if content is None:
        raise NotFound("there is no such edition")
    return Edition.from_json(content)
