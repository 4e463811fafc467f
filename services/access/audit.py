"""Keeps the audit: who did what, for ever. A row is added in the transaction of what it tells; the table refuses every change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from services.store.db import Connection, Pool, connection
from services.store.queries import load_queries

QUERIES = load_queries(Path(__file__).parent / "audit.sql")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row, as read."""

    id: int
    at: datetime
    by: str | None
    action: str
    object: str
    detail: Mapping[str, str]


async def write(
    taken: Connection,
    at: datetime,
    *,
    by: int | None,
    action: str,
    about: str,
    detail: Mapping[str, str] | None = None,
) -> None:
    """``action`` like ``recording.listen``, ``about`` like ``call:<id>``; ``by`` None for the system or a stranger."""
    await QUERIES.write.execute(taken, at=at, person=by, action=action, object=about, detail=dict(detail or {}))


@dataclass(frozen=True, slots=True)
class Audit:
    """Reads the audit."""

    pool: Pool

    async def page(self, *, before: int | None, limit: int) -> list[Entry]:
        """Newest first, below the row id ``before``."""
        async with connection(self.pool) as taken:
            rows = await QUERIES.page.fetch(taken, before=before, limit=limit)
        return [Entry(**dict(row)) for row in rows]
