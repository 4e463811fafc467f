"""Writes and reads the cursor at which a page ended: the time of its last row in microseconds and the row's id,
``1795467869000000~12``.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_cursor(at: datetime, behind: object) -> str:
    return f"{(at - _EPOCH) // timedelta(microseconds=1)}~{behind}"


def from_cursor(after: str | None) -> tuple[datetime | None, str]:
    """(None, "") for the first page. The shapes let 16 digits through: the year 2286 at most."""
    if after is None:
        return None, ""
    microseconds, _, behind = after.partition("~")
    return _EPOCH + timedelta(microseconds=int(microseconds)), behind
