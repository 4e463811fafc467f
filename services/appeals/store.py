"""Keeps supplementary appeals in the database: loading, compare-and-set, keys."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from services.appeals.model import Added, Appeal, State
from services.errors import Conflict, NotFound, Stale
from services.store.db import Connection, Row
from services.store.queries import load_queries

QUERIES = load_queries(Path(__file__).parent / "appeals.sql")

SHOWN = 40  # appeals of one case, the newest; each may hold the longest texts


def appeal_of(row: Row | Mapping[str, Any]) -> Appeal:
    """The appeal in a row that has its columns, among others."""
    return Appeal(**{**{name: row[name] for name in Appeal.__slots__}, "state": State(row["state"])})


async def ticket_of(connection: Connection, appeal: int) -> int:
    """The case that an appeal is about: it never becomes another's. Raises NotFound."""
    ticket: int | None = await QUERIES.ticket_of.fetchval(connection, appeal=appeal)
    if ticket is None:
        raise NotFound("there is no such appeal")
    return ticket


async def load(connection: Connection, appeal: int) -> Appeal:
    """To be called once its ticket is locked."""
    row = await QUERIES.load.fetchrow(connection, appeal=appeal)
    assert row is not None  # no row of this table is ever deleted
    return appeal_of(row)


async def create(
    connection: Connection, ticket: int, text: str, call: str | None, *, while_open: bool, by: int, at: datetime
) -> int:
    """An open one; its id. The call by which it came is about the case from now on."""
    created: int = await QUERIES.create.fetchval(
        connection, ticket=ticket, call=call, text=text, author=by, at=at, while_open=while_open
    )
    if call:
        await QUERIES.link_call.execute(connection, ticket=ticket, call=call)
    return created


async def save(connection: Connection, after: Appeal, *, before: Appeal) -> None:
    """Compare and set on its version. Raises Stale."""
    saved = await QUERIES.save.fetchval(
        connection,
        appeal=after.id,
        seen_version=before.version,
        state=str(after.state),
        version=after.version,
        answer=after.answer,
        paper=after.paper_id,
        settled_by=after.settled_by,
        settled_at=after.settled_at,
    )
    if saved is None:
        raise Stale("somebody else changed the appeal in the meantime")


async def of_key(connection: Connection, person: int, key: str, body: bytes) -> Appeal | None:
    """The appeal that the person's key was taken for. Raises Conflict if it was for something else."""
    first = await QUERIES.of_key.fetchrow(connection, person=person, key=key)
    if first is None:
        return None
    if first["body"] != body:
        raise Conflict("this key was used for another appeal")
    return await load(connection, first["appeal_id"])


async def take_key(connection: Connection, appeal: int, key: str, added: Added, ticket: int, *, by: int, at: datetime) -> None:
    """The same key returns this appeal from now on. Raises Conflict."""
    body = added.digest(ticket)
    if await QUERIES.take_key.fetchval(connection, person=by, key=key, body=body, appeal=appeal, at=at) is None:
        raise Conflict("this key was used for another appeal")
