"""Writes and reads the cursor at which a page ended: the order of the list, what its last row was put in order by, and the row's
id, ``-received~1795467869000000~12``. A time is written in microseconds. A list goes on in the order of its cursor.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from services.store.sorting import KeyKind, Value

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page begins: behind the row ``behind``; ``at`` None: at the beginning of the list."""

    sort: str
    at: Value | None = None
    behind: str = ""


def to_cursor(sort: str, value: Value, behind: object) -> str:
    shown = (value - _EPOCH) // timedelta(microseconds=1) if isinstance(value, datetime) else value
    return f"{sort}~{shown}~{behind}"


def from_cursor(after: str | None, sort: str, kind_of: Callable[[str], KeyKind]) -> Cursor:
    """``sort`` is the order that is asked for, if there is no cursor. The shapes let through what can be read alone: 16 digits,
    the year 2286 at most.
    """
    if after is None:
        return Cursor(sort)
    own, value, behind = after.split("~")
    return Cursor(own, _read(value, kind_of(own)), behind)


def _read(value: str, kind: KeyKind) -> Value:
    if kind is KeyKind.TEXT:
        return value
    return int(value) if kind is KeyKind.WHOLE else _EPOCH + timedelta(microseconds=int(value))
