"""Defines the shapes of a clock that runs on the wire: how it stands, and why."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field

from services.clocks.explaining import Explained
from services.web.shapes import Wire

MS = timedelta(milliseconds=1)


class Deadline(Wire):
    """``breached`` stands however it went on; ``settled_at`` tells whether it was done, or stopped, late."""

    rule: str = Field(description="a clock of the rules: N2, A3")
    because: str = Field(description="why it counts from starts_at: receipt, confirmed")
    starts_at: datetime
    ends_at: datetime = Field(description="done at this moment is late")
    standing: Literal["running", "met", "stopped", "breached"]
    warned_at: datetime | None
    settled_at: datetime | None


class ClockEvent(Wire):
    """What the clock came to; ``warns`` and ``ends`` are still ahead."""

    at: datetime
    what: Literal["started", "warned", "warns", "ends", "ended", "met", "late", "stopped"]


class ClockStretch(Wire):
    begin: datetime
    end: datetime


class ClockMove(Wire):
    """A change of the calendars gave it another end."""

    at: datetime
    was: datetime
    became: datetime
    by: str | None = Field(description="who changed the calendar; null: the settings, or the days that the country has off")


class ClockExplained(Wire):
    """Why a clock ends when it does. ``order``: the number of the order whose clock it is; null: the ticket's own."""

    rule: str
    because: str
    order: str | None
    standing: Literal["running", "met", "stopped", "breached"]
    calendar: str | None = Field(description="the working calendar in which it counts; null: day and night")
    length_ms: int | None = Field(
        description="counting time from its start to its end; null: it is over, and its calendar is another one since"
    )
    counted_ms: int | None = Field(description="how much of it has passed, or had when it was settled; null as above")
    events: list[ClockEvent] = Field(description="in the order of time")
    stretches: list[ClockStretch] = Field(description="the time that counts, the first of it")
    more: bool = Field(description="there are more stretches than these")
    moves: list[ClockMove] = Field(description="in the order of time")


def explained(clock: Explained, order: str | None) -> ClockExplained:
    """A clock's explanation as it is told."""
    return ClockExplained(
        rule=clock.deadline.rule,
        because=clock.deadline.because,
        order=order,
        standing=clock.standing,
        calendar=clock.calendar,
        length_ms=None if clock.length is None else clock.length // MS,
        counted_ms=None if clock.counted is None else clock.counted // MS,
        events=[ClockEvent(at=event.at, what=event.what) for event in clock.events],
        stretches=[ClockStretch(begin=one.begin, end=one.end) for one in clock.stretches],
        more=clock.more,
        moves=[ClockMove(at=one.at, was=one.was, became=one.became, by=one.by) for one in clock.moves],
    )
