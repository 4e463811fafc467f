from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from services import troubles as rooms
from services.troubles import STANDS_S, Troubles, reason_of
from tests.harness.clock import HandClock, SetClock


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "FIRST_WAIT_S", 0.001)


def failing(text: str) -> ValueError:
    """An error that was really raised."""
    try:
        raise ValueError(text)
    except ValueError as error:
        return error


async def test_a_part_that_fails_is_started_again_and_said_to_have_failed() -> None:
    troubles, starts = Troubles(HandClock()), 0

    async def run() -> None:
        nonlocal starts
        starts += 1
        if starts < 4:
            raise KeyError("13800138000")

    await troubles.kept("figures", run)
    assert starts == 4
    (trouble,) = troubles.standing()
    assert (trouble.part, trouble.times) == ("figures", 3)
    assert trouble.reason.startswith("KeyError at test_troubles.py:")


async def test_a_part_whose_tasks_fail_is_started_again_too() -> None:
    troubles, starts = Troubles(HandClock()), 0

    async def fails() -> None:
        raise RuntimeError

    async def run() -> None:
        nonlocal starts
        starts += 1
        if starts == 1:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(fails(), name="one")

    await troubles.kept("pops", run)
    assert [trouble.reason.split()[0] for trouble in troubles.standing()] == ["RuntimeError"]


async def test_a_part_that_is_cancelled_ends() -> None:
    troubles = Troubles(HandClock())
    async with asyncio.TaskGroup() as tasks:
        part = tasks.create_task(troubles.kept("pops", asyncio.Event().wait), name="part")  # type: ignore[arg-type]
        await asyncio.sleep(0)
        part.cancel()
    assert not troubles.standing()


def test_what_an_error_says_is_not_repeated() -> None:
    assert "13800138000" not in reason_of(failing("number 13800138000"))


def test_what_has_not_failed_for_a_while_is_over() -> None:
    clock = HandClock()
    troubles = Troubles(clock)
    troubles.note("drain", failing(""))
    clock.move(seconds=STANDS_S)
    assert troubles.standing()
    clock.move(seconds=1)
    assert not troubles.standing()


@pytest.mark.parametrize("by", [timedelta(days=-1), timedelta(days=1)])
def test_a_clock_that_is_set_neither_ends_a_trouble_nor_lets_it_stand_for_ever(by: timedelta) -> None:
    clock = SetClock()
    troubles = Troubles(clock)
    troubles.note("drain", failing(""))
    clock.set_by = by
    assert troubles.standing()
    clock.move(seconds=STANDS_S + 1)
    assert not troubles.standing()


def test_what_stands_longer_than_the_longest_pause() -> None:
    assert rooms.LONGEST_WAIT_S * 1.2 < STANDS_S


def test_a_place_of_ours_is_named_where_we_are_installed_among_the_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    libraries = "/opt/tingsu/lib/python3.13/site-packages"
    monkeypatch.setattr(rooms, "OWN", (f"{libraries}/services/",))
    ours, anothers = f"{libraries}/services/calls/drain.py", f"{libraries}/asyncpg/pool.py"
    for file, named in ((ours, "at drain.py:1"), (anothers, "at test_troubles.py:")):
        with pytest.raises(KeyError) as wrong:
            exec(compile("raise KeyError", file, "exec"))
        assert named in reason_of(wrong.value)


def test_the_rooms_are_told_by_where_they_lie() -> None:
    assert rooms.__file__.startswith(rooms.OWN)
