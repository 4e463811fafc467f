"""Keeps the audit: who did what, for ever. A row is added in the transaction of what it tells, and rings; the table refuses every
change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from services.bells import Change, Kind, tell_changed
from services.store.db import Connection, Pool, transaction
from services.store.queries import load_queries
from services.store.sorting import Key, KeyKind, Sorts, Value

QUERIES = load_queries(Path(__file__).parent / "audit.sql")
SORTS = Sorts(
    Path(__file__).parent / "pages.sql",
    {
        "at": Key("audit.id", KeyKind.WHOLE),
        "action": Key("audit.action", KeyKind.TEXT),
        "object": Key("audit.object", KeyKind.TEXT),
    },
)
"""What the audit can be sorted by. Rows are added and never changed: their ids are in the order of time."""


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
    await tell_changed(taken, Change(Kind.AUDIT))


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Rows and where the next page begins; None: nothing more."""

    entries: Sequence[Entry]
    next: tuple[Value, int] | None


@dataclass(frozen=True, slots=True)
class Audit:
    """Reads the audit."""

    pool: Pool

    @staticmethod
    def sorted_by(sort: str) -> KeyKind:
        """What a cursor of this order holds."""
        return SORTS.key(sort).kind

    async def page(self, *, sort: str, after: tuple[Value, int] | None, limit: int) -> Page:
        """From behind ``after`` (what the list is sorted by, and the row's id) on."""
        at, behind = after or (None, None)
        async with transaction(self.pool) as taken:
            await taken.execute("set local plan_cache_mode = force_custom_plan")
            rows = await SORTS[sort].page.fetch(taken, at=at, behind=behind, limit=limit + 1)
        entries = [Entry(**{name: row[name] for name in Entry.__slots__}) for row in rows[:limit]]
        last = rows[limit - 1] if len(rows) > limit else None
        return Page(entries=entries, next=(last["sort_key"], last["id"]) if last else None)
