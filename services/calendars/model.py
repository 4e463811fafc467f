"""Defines the centre's calendars: what the configuration says, what the country's law says, and what the centre changed. Pure.

Of a day the centre's own word goes first, then the configuration's, then the law's. Own days and hours are one edition that is
edited as a whole, and every one is kept.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.clocks import written
from services.clocks.calendar import Calendar, NoTime, Span, Spans, after
from services.clocks.ladder import CENTRE, Ladder
from services.clocks.law import NO_COUNTRY, Counts, LawDay
from services.clocks.table import Clocks, in_calendars, with_norms
from services.errors import Invalid, WrongField

LEAST_WEEK = timedelta(hours=8)
LONGEST = timedelta(hours=2160)
"""What an order may have at most: it must come to its end."""

Week = tuple[tuple[str, ...], ...]
"""The hours of Monday to Sunday, as they are written: ``08:30-12:00``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A calendar as the configuration has it (``clocks.written``). ``law``: the days that the country has off are off in it."""

    name: str
    week: Week
    off: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    clocks: tuple[str, ...] = ()
    law: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """What the configuration says of time."""

    zone: ZoneInfo = CENTRE.zone
    country: str = NO_COUNTRY
    calendars: tuple[Written, ...] = ()
    answer_days: int = 0
    ladder: Ladder = CENTRE


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnDay:
    """What the centre says of a day, and why. ``like``: the weekday (0: Monday) whose hours a working day has; None: its own."""

    day: date
    counts: Counts
    like: int | None = None
    reason: str


@dataclass(frozen=True, slots=True)
class Edition:
    """What the centre changed: its own days, and the hours of calendars that have others than in the configuration."""

    days: Sequence[OwnDay] = ()
    weeks: Mapping[str, Week] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """As kept with each edition."""
        return {"days": [{**asdict(one), "day": one.day.isoformat()} for one in self.days], "weeks": dict(self.weeks)}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Edition:
        days = [OwnDay(**{**one, "day": date.fromisoformat(one["day"])}) for one in kept["days"]]
        return cls(days, {name: tuple(tuple(hours) for hours in week) for name, week in kept["weeks"].items()})


def table(base: Base, law: Sequence[LawDay], edition: Edition, number: int = 0) -> Clocks:
    """The clocks, each in its calendar as it is by this edition."""
    made = {one.name: calendar(base, one, law, edition, number) for one in base.calendars}
    by_clock = {rule: made[one.name] for one in base.calendars for rule in one.clocks}
    clocks = with_norms(in_calendars(by_clock), answer_days=base.answer_days)
    return {rule: replace(clock, calendar=_numbered(clock.calendar, number)) for rule, clock in clocks.items()}


def _numbered(calendar: Calendar, number: int) -> Calendar:
    return calendar if calendar.edition == number else replace(calendar, edition=number)


def calendar(base: Base, one: Written, law: Sequence[LawDay], edition: Edition, number: int = 0) -> Calendar:
    """One of the centre's calendars. Raises NoTime for one in which nothing counts."""
    week = dict(zip(written.WEEKDAYS, edition.weeks.get(one.name, one.week), strict=True))
    plain = written.calendar(base.zone, week, one.off, one.moved, one.name)
    by_law = {each.day: _spans(plain.week, each.day, each.counts, each.like) for each in law if one.law}
    own = {each.day: _spans(plain.week, each.day, each.counts, each.like) for each in edition.days}
    return replace(plain, dates={**by_law, **plain.dates, **own}, edition=number)


def _spans(week: Sequence[Spans], day: date, counts: Counts, like: int | None) -> Spans:
    """A day at work has the hours of its weekday, or of the one that is named; of the first that has any, where it has none."""
    if counts == "off":
        return ()
    own = week[day.weekday() if like is None else like]
    return own or next(spans for spans in week if spans)


def digest(base: Base, clocks: Clocks) -> str:
    """Of all from which the end of a clock follows: with another one deadlines have to be counted anew."""
    said = {
        rule: [
            _seconds(clock.within), _seconds(clock.warning), clock.calendar.zone.key,
            [_edges(spans) for spans in clock.calendar.week],
            {day.isoformat(): _edges(spans) for day, spans in clock.calendar.dates.items()},
        ]
        for rule, clock in clocks.items()
    }  # fmt: skip
    ladder = [[step.rung, step.amount, step.unit] for step in base.ladder.steps]
    return hashlib.sha256(json.dumps([said, ladder, base.ladder.zone.key], sort_keys=True).encode()).hexdigest()


def _seconds(length: timedelta | None) -> float | None:
    return None if length is None else length.total_seconds()


def _edges(spans: Spans) -> list[list[float]]:
    return [[span.begin.total_seconds(), span.end.total_seconds()] for span in spans]


def check(base: Base, law: Sequence[LawDay], edition: Edition, now: datetime) -> None:
    """Raises Invalid, with everything that is wrong: a day twice, hours that are none, a calendar in which no order would end."""
    wrong = tuple(_wrong(base, law, edition, now))[:50]
    if wrong:
        raise Invalid(wrong)


def _wrong(base: Base, law: Sequence[LawDay], edition: Edition, now: datetime) -> Iterator[WrongField]:
    seen: set[date] = set()
    for at, one in enumerate(edition.days):
        if one.day in seen:
            yield WrongField(f"days.{at}.day", "repeated", "each day once", one.day.isoformat())
        if not one.reason.strip():
            yield WrongField(f"days.{at}.reason", "required", "why the day is another one")
        seen.add(one.day)
    unread = tuple(_unread(base, edition))
    yield from unread
    if not unread:
        yield from _endless(base, law, edition, now)


def _unread(base: Base, edition: Edition) -> Iterator[WrongField]:
    names = {one.name for one in base.calendars}
    for at, (name, week) in enumerate(edition.weeks.items()):
        if name not in names:
            yield WrongField(f"weeks.{at}.calendar", "unknown_calendar", "a calendar of the configuration", name)
        days: list[tuple[Span, ...]] = []
        for day, texts in enumerate(week):
            try:
                days.append(written.hours(texts))
            except ValueError:
                yield WrongField(f"weeks.{at}.hours.{day}", "no_hours", "hours one behind the other", ", ".join(texts))
        if len(days) == len(week) and sum((span.end - span.begin for one in days for span in one), timedelta(0)) < LEAST_WEEK:
            yield WrongField(f"weeks.{at}.hours", "few_hours", "8 hours or more in a week", name)


def _endless(base: Base, law: Sequence[LawDay], edition: Edition, now: datetime) -> Iterator[WrongField]:
    for one in base.calendars:
        try:
            after(calendar(base, one, law, edition), now.astimezone(UTC), LONGEST)
        except NoTime:
            yield WrongField("days", "no_time", "a calendar in which every order comes to its end", one.name)
