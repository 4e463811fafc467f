"""Makes time an argument: whoever needs the time is handed a clock, and tests move theirs by hand."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Aware wall time in UTC, and a monotonic counter of seconds for measuring."""

    def now(self) -> datetime:
        """The present moment, aware, UTC."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary point; never goes back."""


class SteadyClock:
    """The machine's clock as it was at our start, counted on by the monotonic one: whoever sets the clock ends no session."""

    def __init__(self) -> None:
        self._began, self._from = datetime.now(UTC), time.monotonic()

    def now(self) -> datetime:
        return self._began + timedelta(seconds=time.monotonic() - self._from)

    def monotonic(self) -> float:
        return time.monotonic()


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()
