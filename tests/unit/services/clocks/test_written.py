"""Working calendars as a centre writes them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.clocks.calendar import DAY, WHOLE_DAY, Calendar, Span, after, between
from services.clocks.written import WEEKDAYS, calendar, holidays, hours, workdays

HOUR = timedelta(hours=1)
BEIJING, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
OFFICE = {**dict.fromkeys(WEEKDAYS, ("08:30-12:00", "14:00-17:30")), "saturday": (), "sunday": ()}


def at(zone: ZoneInfo, text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def test_the_hours_of_a_day() -> None:
    assert hours(("08:30-12:00", "14:00-24:00")) == (Span(8.5 * HOUR, 12 * HOUR), Span(14 * HOUR, DAY))
    assert hours(("00:00-24:00",)) == WHOLE_DAY
    assert hours(()) == ()


@pytest.mark.parametrize(
    "wrong",
    [
        ("8:30-12:00",), ("08:30–12:00",), ("08:30-12:60",), ("12:00-08:30",), ("08:00-08:00",), ("22:00-24:01",),
        ("25:00-26:00",),
        ("14:00-17:00", "08:00-12:00"), ("08:00-12:00", "11:59-13:00"), ("",), ("０8:00-12:00",), ("08:00-12:00\n",),
    ],
)  # fmt: skip
def test_what_are_no_hours_of_a_day(wrong: tuple[str, ...]) -> None:
    with pytest.raises(ValueError):
        hours(wrong)


def test_holidays_are_single_days_and_stretches_over_the_end_of_a_year_too() -> None:
    found = holidays(("2026-12-31..2027-01-02", "2027-05-01"))
    assert sorted(day.isoformat() for day in found) == ["2026-12-31", "2027-01-01", "2027-01-02", "2027-05-01"]


@pytest.mark.parametrize("wrong", ["2026-02-29", "2026-10-07..2026-10-01", "2026-1-1", "2026-01-01..2027-01-02", "1 October", ""])
def test_what_is_no_holiday(wrong: str) -> None:
    with pytest.raises(ValueError):
        holidays((wrong,))


@pytest.mark.parametrize("wrong", ["2026-10-10", "2026-10-10 Friday", "2026-10-10 fri", "2026-13-10 friday", "friday"])
def test_what_is_no_day_at_work(wrong: str) -> None:
    with pytest.raises(ValueError):
        workdays((wrong,))


def test_a_day_counts_like_one_day_of_the_week() -> None:
    assert workdays(("2026-10-10 friday", "2026-10-10 friday")) == {date(2026, 10, 10): "friday"}
    with pytest.raises(ValueError, match="one day"):
        workdays(("2026-10-10 friday", "2026-10-10 monday"))


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-09-30T17:00", "2026-10-08T09:00"),  # over the National Day
        ("2026-10-09T17:00", "2026-10-10T09:00"),  # into a Saturday at work
        ("2026-12-31T17:00", "2027-01-04T09:00"),  # over the end of the year and a weekend
        ("2026-10-12T11:30", "2026-10-12T14:30"),  # over noon
        ("2026-10-12T03:00", "2026-10-12T09:30"),  # begun at night
    ],
)
def test_an_hour_of_a_centre_that_works_by_the_week(start: str, end: str) -> None:
    office = calendar(BEIJING, OFFICE, ("2026-10-01..2026-10-07", "2027-01-01"), ("2026-10-10 friday",))
    assert after(office, at(BEIJING, start), HOUR) == at(BEIJING, end)


def counted(shown: Calendar, start: datetime, length: timedelta) -> datetime:
    """The slow way: half-hour by half-hour until enough of them counted."""
    moment, left = start, length
    while left > timedelta(0):
        left -= HOUR / 2 if shown.counts(moment) else timedelta(0)
        moment += HOUR / 2
    return moment


YEAR_ENDS = tuple(datetime(2026, 12, 29, tzinfo=UTC) + hour * HOUR for hour in range(8 * 24))
CLOCKS_SET = tuple(
    datetime(2026, month, day, tzinfo=UTC) + hour * HOUR for month, day in ((3, 27), (10, 23)) for hour in range(6 * 24)
)


@pytest.mark.parametrize("zone", [BEIJING, BERLIN], ids=str)
def test_from_every_hour_around_the_end_of_a_year_and_the_nights_in_which_clocks_are_set(zone: ZoneInfo) -> None:
    office = calendar(zone, {**OFFICE, "saturday": ("00:00-06:00",), "sunday": ("01:00-04:00",)}, ("2027-01-01",), ())
    for start in (*YEAR_ENDS, *CLOCKS_SET):
        for length in (HOUR, 9 * HOUR):
            assert after(office, start, length) == counted(office, start, length), start


edges = st.lists(st.integers(0, 48), unique=True, max_size=6).map(lambda found: sorted(found)[: len(found) // 2 * 2])


def text_of(halves: list[int]) -> tuple[str, ...]:
    texts = [f"{half // 2:02}:{half % 2 * 30:02}" for half in halves]
    return tuple(f"{begin}-{end}" for begin, end in zip(texts[::2], texts[1::2], strict=True))


@given(st.tuples(*[edges] * 7).filter(any), st.integers(0, 366 * 24), st.integers(1, 40), st.sampled_from([BEIJING, BERLIN]))
def test_whatever_is_written_counts_as_it_reads(week: tuple[list[int], ...], hour: int, halves: int, zone: ZoneInfo) -> None:
    shown = calendar(zone, {day: text_of(found) for day, found in zip(WEEKDAYS, week, strict=True)}, (), ())
    start = datetime(2026, 1, 1, tzinfo=UTC) + hour * HOUR
    end = after(shown, start, halves * HOUR / 2)
    assert end == counted(shown, start, halves * HOUR / 2)
    assert between(shown, start, end) == halves * HOUR / 2
