"""Tells what time it is on the switch: measured by the switch's answers, counted on by our monotonic clock in between.

Everything that is told of a call carries the switch's time: events, the queue's diary, names and ages of recordings. Whatever is
compared with them is therefore asked of this clock and not of the machine's, which may be minutes off, or be set anew under us.
Until something was measured, and where it cannot be, the machine's own clock has to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

JUMP = timedelta(seconds=1)
"""Clocks that are kept right are slewed by thousandths; a second between two looks means that one of them was set."""
APART = timedelta(seconds=2)
"""More is worth an operator's look: what people type and what the switch says are then minutes of one report apart."""


class OwnClock(Protocol):
    """Aware wall time, UTC, and a counter of seconds that never goes back."""

    def now(self) -> datetime: ...
    def monotonic(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Jump:
    """Somebody set a clock: which one (``ours``, ``switch``), when by the switch's time, and by how much."""

    whose: str
    at: datetime
    by: timedelta


@dataclass(frozen=True, slots=True)
class _Mark:
    """Three clocks at one moment."""

    switch: datetime
    ours: datetime
    counter: float


class SwitchTime:
    """A clock like any other (``now``, ``monotonic``), right by the switch as often as ``heard`` is called."""

    def __init__(self, own: OwnClock) -> None:
        self._own = own
        self._mark: _Mark | None = None
        self.jump: Jump | None = None
        """The last one."""

    def now(self) -> datetime:
        """The switch's time."""
        if self._mark is None:
            return self._own.now()
        return self._mark.switch + timedelta(seconds=self._own.monotonic() - self._mark.counter)

    def monotonic(self) -> float:
        """A counter of seconds for waits: nobody can set it."""
        return self._own.monotonic()

    @property
    def offset(self) -> timedelta | None:
        """By how much the switch's clock is ahead of ours; None until it was measured."""
        return None if self._mark is None else self._mark.switch - self._mark.ours

    @property
    def apart(self) -> bool:
        """Whether the two clocks differ by more than the time an answer takes explains."""
        return self.offset is not None and abs(self.offset) > APART

    def heard(self, said: datetime, asked: float) -> None:
        """The switch said its time in the answer to what was asked at ``asked`` (monotonic): half the way ago."""
        counter = self._own.monotonic()
        half = timedelta(seconds=(counter - asked) / 2)
        mark, before = _Mark(said + half, self._own.now(), counter), self._mark
        self._mark = mark
        if before is None:
            return
        gone, doubt = timedelta(seconds=counter - before.counter), JUMP + half
        for whose, by in (("switch", mark.switch - before.switch - gone), ("ours", mark.ours - before.ours - gone)):
            if abs(by) > doubt:
                self.jump = Jump(whose, mark.switch, by)
