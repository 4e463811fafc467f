"""What becomes of a clock that runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.clocks.calendar import Calendar, Span
from services.clocks.model import RUNNING, Deadline, Start, State, looked_at, recounted, standing, started
from services.clocks.table import AT_ONCE, TABLE, Clock

T0 = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
OFFICE_HOURS = (Span(510 * MINUTE, 720 * MINUTE), Span(810 * MINUTE, 1050 * MINUTE))
HOUR_WITH_WARNING = started("N2", Start(T0, "receipt"))
AT_ONCE_FROM_T0 = started("A3", Start(T0, "confirmed"))


def test_a_clock_ends_its_length_after_its_beginning_and_is_looked_at_when_it_warns() -> None:
    assert (
        Deadline(
            rule="N2",
            because="receipt",
            starts_at=T0,
            ends_at=T0 + 60 * MINUTE,
            warns_at=T0 + 45 * MINUTE,
            due_at=T0 + 45 * MINUTE,
        )
        == HOUR_WITH_WARNING
    )
    assert (AT_ONCE_FROM_T0.due_at, AT_ONCE_FROM_T0.warns_at) == (T0 + AT_ONCE, None)


def test_its_calendar_is_its_clocks() -> None:
    office = Calendar(ZoneInfo("Asia/Shanghai"), week=(*((OFFICE_HOURS,) * 5), (), ()))
    clock = Clock(rules=("N2",), must="", says="1 h", counted_from="", within=60 * MINUTE, warning=15 * MINUTE, calendar=office)
    evening = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)  # a Friday, half an hour before the office closes
    deadline = started("N2", Start(evening, "receipt"), {"N2": clock})
    assert deadline.ends_at == datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
    assert deadline.warns_at == datetime(2026, 11, 23, 0, 45, tzinfo=UTC)


@pytest.mark.parametrize(
    ("minutes", "state", "warned", "due"),
    [
        (0, State.WAITING, None, 45),
        (45, State.WAITING, 45, 60),
        (59, State.WAITING, 59, 60),
        (60, State.BREACHED, None, 60),
        (6000, State.BREACHED, None, 60),  # nobody looked for days
    ],
)
def test_the_sweeper_warns_once_and_then_waits_for_the_end(minutes: int, state: State, warned: int | None, due: int) -> None:
    after = looked_at(HOUR_WITH_WARNING, T0 + minutes * MINUTE)
    assert (after.state, after.due_at) == (state, T0 + due * MINUTE)
    assert after.warned_at == (None if warned is None else T0 + warned * MINUTE)
    assert (after.breached_at is not None) == (state is State.BREACHED)


def test_a_warning_stands_when_it_is_breached_later() -> None:
    warned = looked_at(HOUR_WITH_WARNING, T0 + 50 * MINUTE)
    assert looked_at(warned, T0 + 55 * MINUTE).warned_at == T0 + 50 * MINUTE
    assert looked_at(warned, T0 + 61 * MINUTE).warned_at == T0 + 50 * MINUTE


@given(st.lists(st.integers(0, 90), min_size=1, max_size=6).map(sorted))
def test_however_often_it_is_looked_at_it_is_breached_at_its_end_and_not_before(looks: list[int]) -> None:
    deadline = HOUR_WITH_WARNING
    for minutes in looks:
        if deadline.state in RUNNING:
            deadline = looked_at(deadline, T0 + minutes * MINUTE)
    assert (deadline.state is State.BREACHED) == (looks[-1] >= 60)
    assert deadline.state is State.BREACHED or deadline.due_at > T0 + looks[-1] * MINUTE, "it would be looked at for ever"


def test_it_stands_as_it_is_also_before_the_sweeper_has_noted_it() -> None:
    assert standing(HOUR_WITH_WARNING, T0 + 59 * MINUTE) == "running"
    assert standing(HOUR_WITH_WARNING, T0 + 60 * MINUTE) == "breached"
    for state in set(State) - RUNNING:
        assert standing(replace(HOUR_WITH_WARNING, state=state), T0 + 99 * MINUTE) == state


@pytest.mark.parametrize("clock", [clock for clock in TABLE if clock.within], ids=lambda clock: clock.name)
def test_every_clock_that_has_a_length_can_run(clock: Clock) -> None:
    deadline = started(clock.name, Start(T0, "receipt"))
    assert T0 < deadline.due_at <= deadline.ends_at


@given(st.integers(0, 120), st.integers(-200, 200), st.integers(0, 90), st.sampled_from([None, *State]))
def test_a_clock_that_is_counted_anew_warns_and_ends_once(now: int, by: int, warned: int, state: State | None) -> None:
    """Whatever the calendar moves it by: what is over stays over, and who was warned is not warned again."""
    before = looked_at(HOUR_WITH_WARNING, T0 + warned * MINUTE)
    before = before if state is None else replace(before, state=state)
    moment, end = T0 + now * MINUTE, T0 + (60 + by) * MINUTE
    after = recounted(before, end, end - 15 * MINUTE, moment)
    if before.state not in RUNNING or moment >= before.ends_at:
        assert after == before
        return
    assert (after.ends_at, after.warned_at, after.state) == (end, before.warned_at, State.WAITING)
    later = looked_at(after, max(moment, after.due_at))
    assert later.state is (State.BREACHED if max(moment, after.due_at) >= end else State.WAITING)
    assert before.warned_at is None or later.warned_at == before.warned_at
