"""Which stretch of time a figure is counted over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from services.figures.model import LONGEST, Span, span

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def test_what_is_left_open_is_the_last_thirty_days() -> None:
    assert span(None, None, NOW) == Span(NOW - timedelta(days=30), NOW)
    assert span(None, NOW - timedelta(days=3), NOW) == Span(NOW - timedelta(days=33), NOW - timedelta(days=3))


def test_what_is_asked_for_is_what_is_counted() -> None:
    begin = NOW - timedelta(hours=5)
    assert span(begin, NOW, NOW) == Span(begin, NOW)


def test_nothing_longer_than_is_counted_at_once() -> None:
    assert span(datetime(2001, 1, 1, tzinfo=UTC), NOW, NOW) == Span(NOW - LONGEST, NOW)


def test_the_beginning_of_the_calendar_is_no_error() -> None:
    first = datetime(1, 1, 2, tzinfo=UTC)
    assert span(None, first, NOW) == Span(first, first)
