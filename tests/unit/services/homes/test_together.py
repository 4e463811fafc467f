"""A count that is the same for everybody: once for all who ask meanwhile, and never of before they asked."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field

import pytest

from services.homes.together import Together


@dataclass
class Counting:
    """Each count is the next number, and is over once somebody says so."""

    begun: int = 0
    running: int = 0
    over: list[asyncio.Event] = field(default_factory=list)

    async def count(self) -> int:
        self.begun += 1
        number, over = self.begun, asyncio.Event()
        self.over.append(over)
        self.running += 1
        assert self.running == 1
        try:
            await over.wait()
        finally:
            self.running -= 1
        return number


async def settled() -> None:
    """Everybody has gone as far as they can."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_who_asks_while_it_is_counted_shares_the_next_count() -> None:
    counting = Counting()
    together = Together(counting.count)
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(together.get(), name="first")
        await settled()
        later = [tasks.create_task(together.get(), name=f"later {n}") for n in range(40)]
        await settled()
        assert counting.begun == 1
        counting.over[0].set()
        await settled()
        assert (first.result(), counting.begun) == (1, 2)
        counting.over[1].set()
    assert [one.result() for one in later] == [2] * 40


async def test_who_asks_afterwards_has_a_count_of_their_own() -> None:
    counting = Counting()
    together = Together(counting.count)
    for number in (1, 2):
        async with asyncio.TaskGroup() as tasks:
            one = tasks.create_task(together.get(), name="one")
            await settled()
            counting.over[-1].set()
        assert one.result() == number


@pytest.mark.parametrize("how", ["goes_away", "fails"])
async def test_the_next_one_counts_if_the_first_goes_away_or_fails(how: str) -> None:
    came, never, tries = asyncio.Event(), asyncio.Event(), 0

    async def count() -> int:
        nonlocal tries
        tries += 1
        if tries == 1:
            came.set()
            await never.wait()
            raise OSError
        return tries

    together: Together[int] = Together(count)

    async def ask() -> int | None:
        with contextlib.suppress(OSError):
            return await together.get()
        return None

    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(ask(), name="first")
        await came.wait()
        second = tasks.create_task(ask(), name="second")
        await settled()
        if how == "goes_away":
            first.cancel()
        else:
            never.set()
    assert second.result() == 2
