"""Defines the ladder of reminders about a deadline (SPEC V3, O7): which steps there are, and when each is due. Pure.

A centre writes it as data, ``warning 4 hours before``, ``reminder at deadline``, ``criticism 5 working days after``. Hours
count in the calendar of the deadline's clock. Days are the same time on the wall of the centre so many days on; working days
are those on which time counts in that calendar.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from services.clocks.calendar import DAY, FARTHEST, Calendar, after, before, between

WARNING_SHARE = 4
"""Nothing comes before the last quarter of the time that one has: a warning of an order of two hours is none at its dispatch."""

MOST_STEPS = 12
MOST_AMOUNT = 999

_STEP = re.compile(
    r"(warning|reminder|notice|criticism) (?:at deadline|([0-9]{1,3}) (hour|day|working day)s? (before|after))", re.ASCII
)


class Rung(StrEnum):
    """What is said: 预警, 催办, 书面通知, 通报批评."""

    WARNING = "warning"
    REMINDER = "reminder"
    NOTICE = "notice"
    CRITICISM = "criticism"


class Unit(StrEnum):
    HOUR = "hour"
    DAY = "day"
    WORKING_DAY = "working day"


@dataclass(frozen=True, slots=True)
class Step:
    """``amount`` of ``unit`` from the deadline; negative: before it."""

    rung: Rung
    amount: int = 0
    unit: Unit = Unit.HOUR


@dataclass(frozen=True, slots=True)
class Ladder:
    """The steps as a centre wrote them; ``zone``: of its wall."""

    steps: tuple[Step, ...]
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Planned:
    """A step of a ladder, by its place there, and when it is due."""

    place: int
    rung: Rung
    at: datetime


def read(texts: Iterable[str]) -> tuple[Step, ...]:
    """Raises ValueError for what is no step."""
    return tuple(_step(text) for text in texts)


def _step(text: str) -> Step:
    found = _STEP.fullmatch(text)
    if found is None:
        raise ValueError(text)
    rung, amount, unit, way = found.groups()
    if amount is None:
        return Step(Rung(rung))
    return Step(Rung(rung), -int(amount) if way == "before" else int(amount), Unit(unit))


DEFAULT = ("warning 4 hours before", "reminder at deadline", "notice 1 day after", "criticism 5 working days after")
CENTRE = Ladder(read(DEFAULT), ZoneInfo("Asia/Shanghai"))
"""What a centre has that sets none."""


def planned(ladder: Ladder, began: datetime, ends: datetime, calendar: Calendar) -> list[Planned]:
    """When each step is due for a deadline at ``ends`` of what began at ``began``; in their order."""
    earliest = before(calendar, ends, between(calendar, began, ends) / WARNING_SHARE)
    steps = (Planned(place, step.rung, _at(step, ladder.zone, ends, calendar)) for place, step in enumerate(ladder.steps))
    return sorted((_not_before(step, earliest) for step in steps), key=lambda step: (step.at, step.place))


def warned(plan: Iterable[Planned], ends: datetime) -> datetime | None:
    """When the deadline is warned of first; None: not before it."""
    return min((step.at for step in plan if step.at < ends), default=None)


def _not_before(step: Planned, earliest: datetime) -> Planned:
    return Planned(step.place, step.rung, max(step.at, earliest))


def _at(step: Step, zone: ZoneInfo, ends: datetime, calendar: Calendar) -> datetime:
    if step.unit is Unit.HOUR:
        length = timedelta(hours=abs(step.amount))
        return before(calendar, ends, length) if step.amount < 0 else after(calendar, ends, length)
    wall = ends.astimezone(zone)
    day = _working(wall.date(), step.amount, calendar) if step.unit is Unit.WORKING_DAY else wall.date() + step.amount * DAY
    return datetime.combine(day, wall.time(), zone).astimezone(UTC)


def _working(day: date, amount: int, calendar: Calendar) -> date:
    """The day that is so many working days on, or back; ten years away at most, however few days a centre works."""
    way, left = (DAY if amount > 0 else -DAY), abs(amount)
    for _ in range(FARTHEST // DAY):
        if left == 0:
            break
        day += way
        left -= bool(calendar.spans(day))
    return day
