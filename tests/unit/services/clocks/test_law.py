"""The days that a country has off: China's spans with their weekends."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.clocks.law import weekends, year_of

DAY = timedelta(days=1)
OFF = ("国庆节", "National Day")
SPANS = {
    2024: "01-01/01-01 02-10/02-17 04-04/04-06 05-01/05-05 06-08/06-10 09-15/09-17 10-01/10-07",
    2025: "01-01/01-01 01-28/02-04 04-04/04-06 05-01/05-05 05-31/06-02 10-01/10-08",
    2026: "01-01/01-03 02-15/02-23 04-04/04-06 05-01/05-05 06-19/06-21 09-25/09-27 10-01/10-07",
}
"""As the State Council published them; Dragon Boat 2024 "with the weekend" before it."""


def spans(days: list[date]) -> str:
    found: list[list[date]] = []
    for day in days:
        if found and day - found[-1][-1] == DAY:
            found[-1].append(day)
        else:
            found.append([day])
    return " ".join(f"{one[0]:%m-%d}/{one[-1]:%m-%d}" for one in found)


@pytest.mark.parametrize("year", SPANS)
def test_a_holiday_of_china_is_off_with_the_weekends_in_it(year: int) -> None:
    days = year_of("CN", year).days
    off = [one.day for one in days if one.counts == "off"]
    assert spans(off) == SPANS[year]
    assert not set(off) & {one.day for one in days if one.counts == "working"}


def test_a_weekend_within_a_holiday_is_named_by_it() -> None:
    names = {one.day: (one.zh, one.en) for one in year_of("CN", 2026).days}
    assert names[date(2026, 10, 4)] == ("国庆节（周末）", "National Day (weekend)")
    assert names[date(2026, 2, 15)][0] == "春节（周末）"


def test_elsewhere_a_weekend_beside_a_holiday_is_a_weekend() -> None:
    assert date(2026, 4, 5) not in {one.day for one in year_of("GB", 2026).days}, "between Good Friday and Easter Monday"


@given(st.sets(st.integers(0, 60)), st.sets(st.integers(0, 60)))
def test_what_is_put_in_touches_a_day_off_and_is_neither_worked_nor_in_the_week(off: set[int], worked: set[int]) -> None:
    first = date(2026, 9, 1)
    days = {first + one * DAY for one in off - worked}
    at_work = {first + one * DAY for one in worked}
    found = weekends(dict.fromkeys(days, OFF), {5, 6}, at_work)
    for day in found:
        assert day.weekday() in {5, 6}
        assert day not in days | at_work
        assert {day - DAY, day + DAY} & (days | set(found))
    for day in days | set(found):
        for beside in (day - DAY, day + DAY):
            assert beside.weekday() < 5 or beside in days | set(found) | at_work
