"""Defines working calendars: which time counts for a clock, and when a stretch of it is over.

Pure. A calendar says for each day of the week, and for single dates, between which hours on the wall of the centre time counts.
An instant counts when the wall shows an hour that does. So an hour that the clocks skip in spring counts for nothing, and one
that they show twice in autumn counts twice. Spans are half-open: one that ends at 12:00 does not have 12:00 in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
FARTHEST = timedelta(days=3660)  # no deadline is ten years away


class NoTime(ValueError):
    """A calendar in which no time counts, or none for ten years: a clock in it would never end."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """From ``begin`` until just before ``end``, both counted from midnight on the wall; the latest end is 24 hours."""

    begin: timedelta
    end: timedelta

    def __post_init__(self) -> None:
        if not timedelta(0) <= self.begin < self.end <= DAY:
            raise ValueError("a span lies within one day, and begins before it ends")


Spans = tuple[Span, ...]

WHOLE_DAY: Spans = (Span(timedelta(0), DAY),)


@dataclass(frozen=True)
class Calendar:
    """``week``: the spans of Monday to Sunday. ``dates``: days that have others: none on a holiday, some on a Sunday at work.
    ``name``: what the centre calls it; '' for day and night. ``edition``: of the centre's calendars, by which it was made.
    """

    zone: ZoneInfo
    week: tuple[Spans, Spans, Spans, Spans, Spans, Spans, Spans] = (WHOLE_DAY,) * 7
    dates: Mapping[date, Spans] = field(default_factory=dict)
    name: str = ""
    edition: int = 0

    def __post_init__(self) -> None:
        if not any(self.week):
            raise NoTime("no time counts on any day of the week")
        for spans in (*self.week, *self.dates.values()):
            if any(later.begin < earlier.end for earlier, later in pairwise(spans)):
                raise ValueError("the spans of a day lie one behind the other")

    def spans(self, day: date) -> Spans:
        """What counts on that day."""
        return self.dates.get(day, self.week[day.weekday()])

    def counts(self, moment: datetime) -> bool:
        """Whether time counts at this moment."""
        wall = moment.astimezone(self.zone).replace(tzinfo=None)
        since = wall - datetime.combine(wall, time.min)
        return any(span.begin <= since < span.end for span in self.spans(wall.date()))


ALWAYS = Calendar(ZoneInfo("UTC"))
"""Day and night, every day: what a clock has unless the centre says otherwise."""


def after(calendar: Calendar, start: datetime, length: timedelta) -> datetime:
    """The first moment, in UTC, by which ``length`` of counting time has passed since ``start``. Raises NoTime.

    Nothing has to pass for a length of zero: it is over at ``start`` itself, also at night.
    """
    left = length
    if left <= timedelta(0):
        return start.astimezone(UTC)
    for begin, end in pieces(calendar, start, start + FARTHEST):
        if left <= end - begin:
            return begin + left
        left -= end - begin
    raise NoTime("too little time counts in the next ten years")


def before(calendar: Calendar, end: datetime, length: timedelta) -> datetime:
    """The last moment, in UTC, from which on ``length`` of counting time passes until ``end``. Raises NoTime."""
    left = length
    if left <= timedelta(0):
        return end.astimezone(UTC)
    upper = end.astimezone(UTC)
    while upper > end - FARTHEST:
        lower = upper - 7 * DAY
        for begun, ended in reversed(list(pieces(calendar, lower, upper))):
            if left <= ended - begun:
                return ended - left
            left -= ended - begun
        upper = lower
    raise NoTime("too little time counts in the ten years before")


def between(calendar: Calendar, start: datetime, end: datetime) -> timedelta:
    """How much time counts from ``start`` until just before ``end``."""
    return sum((ended - begun for begun, ended in pieces(calendar, start, end)), timedelta(0))


def pieces(calendar: Calendar, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The stretches of counting time in [``start``, ``end``), in UTC and in order; neighbours may touch."""
    for begun, ended, offset in _steady(calendar.zone, start.astimezone(UTC), end.astimezone(UTC)):
        wall = begun.replace(tzinfo=None) + offset
        until = ended.replace(tzinfo=None) + offset
        midnight = datetime.combine(wall, time.min)  # of the wall, like the two
        while midnight < until:
            for span in calendar.spans(midnight.date()):
                first, last = max(wall, midnight + span.begin), min(until, midnight + span.end)
                if first < last:
                    yield (first - offset).replace(tzinfo=UTC), (last - offset).replace(tzinfo=UTC)
            midnight += DAY


def _steady(zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """[``start``, ``end``) cut where the clocks are set, each part with its distance from UTC. No zone sets them twice a day."""
    begin = start
    while begin < end:
        until = min(begin + DAY, end)
        offset = _offset(zone, begin)
        if _offset(zone, until - timedelta.resolution) != offset:
            until = _change(zone, begin, until)
        yield begin, until, offset
        begin = until


def _change(zone: ZoneInfo, steady: datetime, changed: datetime) -> datetime:
    """The moment at which the clocks are set, after ``steady`` and before ``changed``: always a whole second."""
    offset = _offset(zone, steady)
    low, high = int(steady.timestamp()), int(changed.timestamp()) + 1
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, datetime.fromtimestamp(middle, UTC)) == offset:
            low = middle
        else:
            high = middle
    return datetime.fromtimestamp(high, UTC)


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    offset = moment.astimezone(zone).utcoffset()
    assert offset is not None
    return offset
