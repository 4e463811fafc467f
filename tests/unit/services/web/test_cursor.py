"""Cursors of lists: what is written is read again, with the order it was written in."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.store.sorting import KeyKind, Value
from services.web.cursor import Cursor, from_cursor, to_cursor

NOON = datetime(2026, 11, 23, 12, 0, 0, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "value"),
    [(KeyKind.MOMENT, NOON), (KeyKind.TEXT, "T2026-11-000001"), (KeyKind.TEXT, ""), (KeyKind.WHOLE, 62_000), (KeyKind.WHOLE, -1)],
)
def test_a_cursor_is_read_as_it_was_written_whatever_order_is_asked_for(kind: KeyKind, value: Value) -> None:
    assert from_cursor(to_cursor("-key", value, 12), "other", lambda _: kind) == Cursor("-key", value, "12")


def test_without_a_cursor_the_list_begins_in_the_order_that_is_asked_for() -> None:
    assert from_cursor(None, "-made", lambda _: KeyKind.MOMENT) == Cursor("-made")
