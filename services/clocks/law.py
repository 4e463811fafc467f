"""Says which days a country has off, and which it works instead (调休): the one importer of the package ``holidays``.

China publishes the days of a year in the autumn before it. Until the package has them it gives those that the law names in
general, and none that are moved: such a year is not ``known``, and whoever shows it says so. China publishes spans, too: "1 to 7
October". The package has the days in it that would be worked, and the festivals themselves; the weekends within a span and beside
it, which whoever works on weekends has off as well, are put in here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

NO_COUNTRY = "none"

Counts = Literal["off", "working"]

LONGEST_NAME = 120

SPANNING = frozenset({"CN"})
"""Countries that publish a holiday as a span which has its weekends in it."""

DAY = timedelta(days=1)

Names = tuple[str, str]
"""In Chinese and in English."""

_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class LawDay:
    """``like``: the weekday (0: Monday) whose hours a working day has: that of the day which is off in its place."""

    day: date
    counts: Counts
    like: int | None = None
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Year:
    """``known`` False: an estimate."""

    year: int
    country: str
    known: bool
    days: tuple[LawDay, ...] = ()


def supported(country: str) -> bool:
    """Whether the days of this country (two letters, ISO 3166) are in the package."""
    import holidays  # half a second: only where a configuration names a country

    return country == NO_COUNTRY or country in holidays.list_supported_countries(include_aliases=False)


def year_of(country: str, year: int) -> Year:
    """The days of a year, in their order. Takes some tenths of a second the first time: not for the loop."""
    if country == NO_COUNTRY:
        return Year(year, country, known=True)
    import holidays

    around = range(year - 1, year + 2)  # what is worked instead of a day in January lies in December
    zh, en = (holidays.country_holidays(country, years=around, language=one) for one in ("zh_CN", "en_US"))
    off = {day: (name, en.get(day, name)) for day, name in zh.items()}
    if country in SPANNING:
        off |= weekends(off, zh.weekend, zh.weekend_workdays)
    instead = dict(_instead(zh))
    days = [
        LawDay(day=day, counts="off", zh=names[0][:LONGEST_NAME], en=names[1][:LONGEST_NAME])
        for day, names in off.items()
        if day.year == year
    ]
    for day in sorted(zh.weekend_workdays):
        if day.year == year:
            off_day = instead.get(day)
            days.append(
                LawDay(
                    day=day,
                    counts="working",
                    like=off_day.weekday() if off_day else None,
                    zh=f"调休上班（换 {off_day:%Y-%m-%d}）" if off_day else "调休上班",
                    en=f"At work in place of {off_day:%Y-%m-%d}" if off_day else "At work in place of a day off",
                )
            )
    return Year(year, country, _known(zh, year), tuple(sorted(days, key=lambda one: one.day)))


def weekends(off: Mapping[date, Names], weekend: Collection[int], worked: Collection[date]) -> dict[date, Names]:
    """The days of a weekend that lie within a holiday or beside it and are not worked, named by the holiday."""
    found: set[date] = set()
    for day in off:
        for way in (DAY, -DAY):
            beside = day + way
            while beside.weekday() in weekend and beside not in off and beside not in worked:
                found.add(beside)
                beside += way
    return {
        day: (f"{zh}（周末）", f"{en} (weekend)")
        for span in _spans({*off, *found})
        for zh, en in [_festival([off[day] for day in span if day in off])]
        for day in span
        if day in found
    }


def _festival(names: Collection[Names]) -> Names:
    """What most days of a span are called, but for those that are moved there."""
    festivals = [one for one in names if not _ISO.search(one[0])]
    return Counter(festivals or names).most_common(1)[0][0]


def _spans(days: Collection[date]) -> Iterator[list[date]]:
    """Days one after the other, in their order."""
    span: list[date] = []
    for day in sorted(days):
        if span and day - span[-1] != DAY:
            yield span
            span = []
        span.append(day)
    if span:
        yield span


def _instead(names: Mapping[date, str]) -> Iterator[tuple[date, date]]:
    """What is worked, and which day is off in its place: the package has that in the name of the day off."""
    for off, name in names.items():
        for written in _ISO.findall(name):
            yield date.fromisoformat(written), off


def _known(found: object, year: int) -> bool:
    """A country that moves days has published a year once the package has what it moved; others once nothing is estimated."""
    if getattr(found, "has_substituted_holidays", False):
        return year in getattr(found, "special_public_holidays", {})
    label = str(getattr(found, "estimated_label", "") or "").replace("%s", "").strip()
    names = [name for day, name in found.items() if day.year == year]  # type: ignore[attr-defined]  # HolidayBase is a dict
    return not any("(estimated)" in name or (label and label in name) for name in names)
