"""The switch's time between two of its answers, whatever anybody does to the clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cti.switch_time import APART, SwitchTime

NOON = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class Machine:
    """A wall clock that can be set, and a counter that can not."""

    def __init__(self) -> None:
        self.wall, self.counter = NOON, 1_000.0

    def now(self) -> datetime:
        return self.wall

    def monotonic(self) -> float:
        return self.counter

    def goes_on(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.counter += seconds


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def time(machine: Machine) -> SwitchTime:
    return SwitchTime(machine)


def says(time: SwitchTime, machine: Machine, said: datetime) -> None:
    time.heard(said, machine.counter)


def test_before_it_is_measured_our_own_clock_has_to_do(time: SwitchTime) -> None:
    assert (time.now(), time.offset, time.apart) == (NOON, None, False)


def test_it_is_the_switchs_time_counted_on_by_the_monotonic_clock(time: SwitchTime, machine: Machine) -> None:
    says(time, machine, NOON + 90 * SECOND)
    machine.goes_on(7)
    assert time.now() == NOON + 97 * SECOND
    assert (time.offset, time.apart) == (90 * SECOND, True)


@pytest.mark.parametrize("way", [1, -1])
def test_clocks_that_differ_by_no_more_than_an_answers_way_do_not_disagree(time: SwitchTime, machine: Machine, way: int) -> None:
    says(time, machine, NOON + way * APART)
    assert not time.apart
    says(time, machine, NOON + way * (APART + timedelta(milliseconds=1)))
    assert time.apart


def test_half_of_the_answers_way_is_taken_off(time: SwitchTime, machine: Machine) -> None:
    asked = machine.counter
    machine.goes_on(0.4)
    time.heard(NOON + 0.2 * SECOND, asked)
    assert time.now() == machine.now()


def test_setting_our_clock_moves_nothing_and_is_told(time: SwitchTime, machine: Machine) -> None:
    says(time, machine, NOON)
    machine.wall += timedelta(hours=1)
    machine.goes_on(5)
    assert time.now() == NOON + 5 * SECOND
    says(time, machine, NOON + 5 * SECOND)
    assert time.jump is not None
    assert (time.jump.whose, time.jump.by, time.apart) == ("ours", timedelta(hours=1), True)


def test_setting_the_switchs_clock_is_followed_and_told(time: SwitchTime, machine: Machine) -> None:
    says(time, machine, NOON)
    machine.goes_on(5)
    says(time, machine, NOON - 85 * SECOND)
    assert time.now() == NOON - 85 * SECOND
    assert time.jump is not None
    assert (time.jump.whose, time.jump.by) == ("switch", -90 * SECOND)


def test_a_slow_answer_and_a_clock_that_is_slewed_are_no_jump(time: SwitchTime, machine: Machine) -> None:
    says(time, machine, NOON)
    for _ in range(3):
        machine.goes_on(10)
        asked = machine.counter
        machine.goes_on(4)
        time.heard(machine.now() - 4 * SECOND, asked)
    assert time.jump is None
