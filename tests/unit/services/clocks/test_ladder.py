"""The ladder of reminders (SPEC V3, O7): what a centre may write, and when each step is due."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.clocks.calendar import ALWAYS, Calendar, Span, between
from services.clocks.ladder import DEFAULT, Ladder, Planned, Rung, Step, Unit, planned, read, warned

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BEGAN = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)  # a Monday, 17:00 in Shanghai
OFFICE = (Span(timedelta(hours=9), timedelta(hours=17)),)
WEEK = Calendar(SHANGHAI, (OFFICE, OFFICE, OFFICE, OFFICE, OFFICE, (), ()), {date(2026, 11, 26): ()})


def due(
    *texts: str, ends: datetime, began: datetime = BEGAN, calendar: Calendar = ALWAYS, zone: ZoneInfo = SHANGHAI
) -> list[datetime]:
    return [step.at for step in planned(Ladder(read(texts), zone), began, ends, calendar)]


def test_what_a_centre_writes_is_read() -> None:
    assert read(DEFAULT) == (
        Step(Rung.WARNING, -4, Unit.HOUR),
        Step(Rung.REMINDER),
        Step(Rung.NOTICE, 1, Unit.DAY),
        Step(Rung.CRITICISM, 5, Unit.WORKING_DAY),
    )
    assert read(["warning 1 hour before", "notice 2 working days after"])[1] == Step(Rung.NOTICE, 2, Unit.WORKING_DAY)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "warning",
        "warning 4 hours",
        "shout at deadline",
        "warning -4 hours before",
        "notice ٣ days after",
        "warning 4 hours before ",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read([text])


def test_the_default_warns_four_hours_before_reminds_at_the_end_and_goes_on() -> None:
    ends = BEGAN + DAY
    assert due(*DEFAULT, ends=ends) == [ends - 4 * HOUR, ends, ends + DAY, ends + 5 * DAY]


def test_nothing_comes_before_the_last_quarter_of_the_time() -> None:
    ends = BEGAN + 2 * HOUR
    assert due("warning 4 hours before", "warning 1 day before", ends=ends) == [ends - HOUR / 2] * 2


def test_working_days_are_those_on_which_time_counts() -> None:
    """The deadline is on Wednesday the 25th at noon; Thursday is a holiday, then comes the weekend."""
    ends = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)
    assert due("notice 1 day after", "criticism 2 working days after", ends=ends, calendar=WEEK) == [
        datetime(2026, 11, 26, 4, 0, tzinfo=UTC),
        datetime(2026, 11, 30, 4, 0, tzinfo=UTC),
    ]


def test_hours_are_those_of_the_calendar() -> None:
    ends = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)  # noon in Shanghai
    began = datetime(2026, 11, 16, 1, 0, tzinfo=UTC)
    steps = due("warning 4 hours before", "notice 6 hours after", began=began, ends=ends, calendar=WEEK)
    assert steps == [datetime(2026, 11, 24, 8, 0, tzinfo=UTC), datetime(2026, 11, 27, 2, 0, tzinfo=UTC)]


def test_a_day_after_is_the_same_time_on_the_wall_though_the_clocks_were_set() -> None:
    ends = datetime(2026, 10, 24, 10, 0, tzinfo=UTC)  # noon in Berlin, the day before winter time
    assert due("notice 1 day after", began=ends - DAY, ends=ends, zone=BERLIN) == [datetime(2026, 10, 25, 11, 0, tzinfo=UTC)]


def test_steps_of_one_moment_stand_as_they_were_written() -> None:
    steps = planned(Ladder(read(["reminder at deadline", "notice at deadline"]), SHANGHAI), BEGAN, BEGAN + DAY, ALWAYS)
    assert [step.rung for step in steps] == [Rung.REMINDER, Rung.NOTICE]


def test_a_deadline_is_warned_of_with_the_first_step_before_it_if_there_is_one() -> None:
    ends = BEGAN + DAY
    plan = [Planned(0, Rung.REMINDER, ends), Planned(1, Rung.WARNING, ends - HOUR), Planned(2, Rung.WARNING, ends - 2 * HOUR)]
    assert warned(plan, ends) == ends - 2 * HOUR
    assert warned(plan[:1], ends) is None


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001  made aware by the zone
    st.integers(0, 2160),
    st.sampled_from([ALWAYS, WEEK]),
    st.sampled_from([SHANGHAI, BERLIN]),
)
def test_the_default_is_in_its_order_and_within_the_time(began: datetime, hours: int, calendar: Calendar, zone: ZoneInfo) -> None:
    ends = began + hours * HOUR
    steps = planned(Ladder(read(DEFAULT), zone), began, ends, calendar)
    assert [step.rung for step in steps] == [Rung.WARNING, Rung.REMINDER, Rung.NOTICE, Rung.CRITICISM]
    assert [step.at for step in steps] == sorted(step.at for step in steps)
    assert steps[0].at <= ends <= steps[2].at
    assert between(calendar, steps[0].at, ends) <= between(calendar, began, ends) / 4 + timedelta(microseconds=1)


@pytest.mark.parametrize("way", ["before", "after"])
def test_a_step_farther_away_than_there_are_working_days_is_ten_years_away(way: str) -> None:
    """A centre that works one day a week has 520 of them in ten years: no dispatch fails for that."""
    tuesdays = Calendar(SHANGHAI, ((), OFFICE, (), (), (), (), ()))
    (at,) = due(f"notice 999 working days {way}", ends=BEGAN + DAY, calendar=tuesdays)
    if way == "after":
        assert at == BEGAN + DAY + 3660 * DAY
    else:
        assert at > BEGAN, "never before the last quarter"
