"""Reads from the database what we remember of a caller."""

from __future__ import annotations

from pathlib import Path

from cti.ids import CallId
from services.store.db import Connection, Row
from services.store.queries import load_queries

QUERIES = load_queries(Path(__file__).parent / "pops.sql")


async def known_customer(connection: Connection, number: str) -> Row | None:
    return await QUERIES.known_customer.fetchrow(connection, number=number)


async def remember(connection: Connection, number: str, *, but: CallId) -> Row:
    """``customer`` (or None), ``tickets`` and ``calls`` as JSON values."""
    row = await QUERIES.remember.fetchrow(connection, number=number, but=but)
    assert row is not None
    return row
