"""Gives tests a clock that stands still until the test moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class HandClock:
    """Starts on 2026-11-23 at 09:00 UTC; ``move`` is the only way forward."""

    def __init__(self, start: datetime = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)) -> None:
        self._start = start
        self._now = start

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return (self._now - self._start).total_seconds()

    def move(self, **by: float) -> None:
        self._now += timedelta(**by)


class SetClock(HandClock):
    """One whose wall time somebody sets (``set_by``); the seconds it counts go on."""

    set_by = timedelta()

    def now(self) -> datetime:
        return super().now() + self.set_by
