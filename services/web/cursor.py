"""Where a page ended: the time of its last row in microseconds and the row's id, ``1795467869000000~12``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from services.errors import Invalid, WrongField

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_cursor(at: datetime, behind: object) -> str:
    return f"{(at - _EPOCH) // timedelta(microseconds=1)}~{behind}"


def from_cursor(after: str | None) -> tuple[datetime | None, str]:
    """(None, "") for the first page. Raises Invalid for a time that is none."""
    if after is None:
        return None, ""
    microseconds, _, behind = after.partition("~")
    try:
        return _EPOCH + timedelta(microseconds=int(microseconds)), behind
    except OverflowError:
        raise Invalid((WrongField("after", "bad_cursor", "the next of the page before", after[:40]),)) from None
