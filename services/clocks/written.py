"""Reads a working calendar as a centre writes it: hours ``08:30-12:00``, holidays ``2026-10-01..2026-10-07``, days moved (调休)
``2026-10-10 friday``. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from services.clocks.calendar import DAY, Calendar, Span, Spans

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
LONGEST_HOLIDAY = timedelta(days=366)

_HOURS = re.compile(r"([0-9]{2}):([0-5][0-9])-([0-9]{2}):([0-5][0-9])", re.ASCII)
_HOLIDAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:\.\.([0-9]{4}-[0-9]{2}-[0-9]{2}))?", re.ASCII)
_WORKDAY = re.compile(rf"([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}) ({'|'.join(WEEKDAYS)})", re.ASCII)


def hours(texts: Iterable[str]) -> Spans:
    """The spans of one day, in order. Raises ValueError for what is none, and for spans that overlap."""
    spans = tuple(_span(text) for text in texts)
    if any(later.begin < earlier.end for earlier, later in pairwise(spans)):
        raise ValueError("the spans of a day lie one behind the other")
    return spans


def holidays(texts: Iterable[str]) -> frozenset[date]:
    """Every day that is named. Raises ValueError."""
    found: set[date] = set()
    for text in texts:
        read = _match(_HOLIDAY, text)
        first, last = date.fromisoformat(read[1]), date.fromisoformat(read[2] or read[1])
        if not first <= last < first + LONGEST_HOLIDAY:
            raise ValueError("a holiday ends on the day on which it begins, or later within a year")
        found |= {first + days * DAY for days in range((last - first).days + 1)}
    return frozenset(found)


def workdays(texts: Iterable[str]) -> dict[date, str]:
    """Which day counts like which day of the week. Raises ValueError, also for a day that is named twice."""
    found: dict[date, str] = {}
    for text in texts:
        read = _match(_WORKDAY, text)
        if found.setdefault(date.fromisoformat(read[1]), read[2]) != read[2]:
            raise ValueError("one day counts like one day of the week")
    return found


def calendar(
    zone: ZoneInfo, week: Mapping[str, Sequence[str]], off: Iterable[str], moved: Iterable[str], name: str = ""
) -> Calendar:
    """``week``: the hours of each day of ``WEEKDAYS``. A day that is moved counts also in the middle of a holiday."""
    by_name = {name: hours(week[name]) for name in WEEKDAYS}
    monday, tuesday, wednesday, thursday, friday, saturday, sunday = by_name.values()
    dates: dict[date, Spans] = dict.fromkeys(holidays(off), ())
    dates |= {day: by_name[like] for day, like in workdays(moved).items()}
    return Calendar(zone, (monday, tuesday, wednesday, thursday, friday, saturday, sunday), dates, name)


def _span(text: str) -> Span:
    read = _match(_HOURS, text)
    begin, end = (timedelta(hours=int(read[at]), minutes=int(read[at + 1])) for at in (1, 3))
    return Span(begin, end)


def _match(pattern: re.Pattern[str], text: str) -> re.Match[str]:
    read = pattern.fullmatch(text)
    if read is None:
        raise ValueError(text)
    return read
