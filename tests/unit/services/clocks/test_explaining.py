"""Why a clock ends when it does: its events in order, and the time that counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.clocks.calendar import ALWAYS, Calendar, Span, after, between
from services.clocks.explaining import SHOWN, Rule, Stretch, explain
from services.clocks.model import Deadline, State

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
NOON = datetime(2026, 11, 27, 4, 0, tzinfo=UTC)  # a Friday, noon in Shanghai
RUNS = Deadline(
    rule="N2", because="receipt", starts_at=NOON, ends_at=NOON + HOUR, warns_at=NOON + 45 * MINUTE, due_at=NOON + 45 * MINUTE
)
HOURS = (Span(9 * HOUR, 12 * HOUR), Span(14 * HOUR, 17 * HOUR))
OFFICE = Calendar(ZoneInfo("Asia/Shanghai"), (HOURS, HOURS, HOURS, HOURS, HOURS, (), ()), {date(2026, 11, 30): ()}, "office")


def told(deadline: Deadline, now: datetime) -> list[tuple[int, str]]:
    """Each event by its minute."""
    return [((event.at - NOON) // MINUTE, event.what) for event in explain(deadline, Rule(ALWAYS), now).events]


def test_a_clock_that_runs_tells_what_is_ahead() -> None:
    assert told(RUNS, NOON + 10 * MINUTE) == [(0, "started"), (45, "warns"), (60, "ends")]
    assert told(replace(RUNS, warned_at=NOON + 46 * MINUTE), NOON + 50 * MINUTE) == [(0, "started"), (46, "warned"), (60, "ends")]


def test_a_clock_that_is_over_warns_of_nothing_any_more() -> None:
    assert told(RUNS, NOON + HOUR) == [(0, "started"), (60, "ended")]


@pytest.mark.parametrize(
    ("state", "minutes", "events"),
    [
        (State.MET, 30, [(0, "started"), (30, "met"), (60, "ends")]),
        (State.STOPPED, 30, [(0, "started"), (30, "stopped"), (60, "ends")]),
        (State.BREACHED, 90, [(0, "started"), (60, "ended"), (90, "late")]),
    ],
)
def test_what_came_of_it_is_told_at_its_time(state: State, minutes: int, events: list[tuple[int, str]]) -> None:
    settled = replace(RUNS, state=state, settled_at=NOON + minutes * MINUTE)
    assert told(settled, NOON + timedelta(days=9)) == events


def test_day_and_night_is_one_stretch_and_has_no_calendars_name() -> None:
    month = replace(RUNS, ends_at=NOON + timedelta(days=30))
    explained = explain(month, Rule(ALWAYS), NOON + HOUR)
    assert (explained.calendar, explained.stretches, explained.more) == (None, (Stretch(NOON, NOON + timedelta(days=30)),), False)
    assert (explained.length, explained.counted) == (timedelta(days=30), HOUR)


def test_a_working_calendar_is_named_and_its_stretches_are_shown() -> None:
    """Begun at noon on a Friday: three hours that afternoon, and Monday is a holiday."""
    clock = replace(RUNS, ends_at=after(OFFICE, NOON, 5 * HOUR))
    explained = explain(clock, Rule(OFFICE), NOON + timedelta(days=1))
    friday, tuesday = NOON + 2 * HOUR, datetime(2026, 12, 1, 1, 0, tzinfo=UTC)
    assert explained.calendar == "office"
    assert explained.stretches == (Stretch(friday, friday + 3 * HOUR), Stretch(tuesday, tuesday + 2 * HOUR))
    assert (explained.length, explained.counted) == (5 * HOUR, 3 * HOUR)


def test_no_more_stretches_are_shown_than_anybody_reads() -> None:
    explained = explain(replace(RUNS, ends_at=after(OFFICE, NOON, 200 * HOUR)), Rule(OFFICE), NOON)
    assert (len(explained.stretches), explained.more) == (SHOWN, True)


@given(st.integers(0, 60 * 24 * 20), st.integers(0, 60 * 24 * 40), st.sampled_from([ALWAYS, OFFICE]))
def test_what_has_counted_is_never_more_than_there_is(length: int, passed: int, calendar: Calendar) -> None:
    ends = NOON + length * MINUTE
    explained = explain(replace(RUNS, ends_at=ends, warns_at=None), Rule(calendar), NOON + passed * MINUTE)
    assert explained.counted is not None
    assert timedelta(0) <= explained.counted <= explained.length == between(calendar, NOON, ends)
    if not explained.more:
        assert sum((one.end - one.begin for one in explained.stretches), timedelta(0)) == explained.length
    assert [event.at for event in explained.events] == sorted(event.at for event in explained.events)


@pytest.mark.parametrize(
    ("deadline", "rule", "hours"),
    [
        (RUNS, Rule(OFFICE, None, 1), 5),
        (replace(RUNS, state=State.MET, settled_at=NOON + HOUR), Rule(OFFICE, 5 * HOUR, 0), 5),
        (replace(RUNS, state=State.MET, settled_at=NOON + HOUR), Rule(OFFICE, 5 * HOUR, 1), 5),
        (replace(RUNS, state=State.MET, settled_at=NOON + HOUR), Rule(OFFICE, 11 * HOUR, 1), None),
        (replace(RUNS, state=State.BREACHED), Rule(OFFICE, None, 1), None),
        (replace(RUNS, state=State.BREACHED), Rule(ALWAYS, None, 1), 95),
    ],
)
def test_what_is_over_is_not_explained_by_a_calendar_that_changed_later(
    deadline: Deadline, rule: Rule, hours: int | None
) -> None:
    """It ended on Tuesday at eleven, when Monday was a holiday already, or not yet: a day has six hours."""
    ended = replace(deadline, ends_at=after(OFFICE, NOON, 5 * HOUR), settled_at=deadline.settled_at)
    explained = explain(ended, rule, NOON + timedelta(days=9))
    assert explained.length == (None if hours is None else hours * HOUR)
    assert bool(explained.stretches) == (hours is not None)
    assert (explained.counted is None) == (hours is None)
