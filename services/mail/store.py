"""Keeps mails. Other rooms ``post`` one in the transaction of what happened: undone, nothing leaves; done, it leaves by itself.

await mail.post(connection, cause=f"order:{order.id}:{order.version}", kind="chase", order=order.id, at=now)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from services.store.db import Connection
from services.store.jobs import Line
from services.store.queries import load_queries

QUERIES = load_queries(Path(__file__).parent / "mail.sql")
LINE = Line("mail", claimed="sending", thing="'mail:' || id")


@dataclass(frozen=True, slots=True)
class Standing:
    """What waits, what was given up, and what keeps the oldest back ('' if nothing does)."""

    waiting: int
    failed: int
    error: str


async def post(connection: Connection, *, cause: str, kind: str, order: int, at: datetime) -> None:
    """One mail to the order's department, if it has an address; however often the cause is told."""
    await QUERIES.post.execute(connection, cause=cause, kind=kind, order=order, at=at)


async def post_each(connection: Connection, orders: Sequence[int], *, cause: str, kind: str, at: datetime) -> None:
    """One mail about each of these orders, unless one is to leave anyhow."""
    await QUERIES.post_each.execute(connection, orders=orders, cause=cause, kind=kind, at=at)


async def drop_failed(connection: Connection, orders: Sequence[int]) -> None:
    """What was given up about these orders is not tried again."""
    await QUERIES.drop_failed.execute(connection, orders=orders)


async def drop(connection: Connection, order: int) -> None:
    """What waits about the order says something that is no longer so."""
    await QUERIES.drop_waiting.execute(connection, order=order)


async def standing(connection: Connection) -> Standing:
    row = await QUERIES.standing.fetchrow(connection)
    assert row is not None
    return Standing(row["waiting"], row["failed"], row["error"] or "")
