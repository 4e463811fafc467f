"""When a card is enriched (SPEC C5). What is on it, and for whom: tests/integration/test_calls_follow.py."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from pydantic import BaseModel

from cti.changes import CallOffered
from cti.ids import CallId, ChannelId, Extension
from services.calls.live import LiveCall
from services.customers.wire import Customer
from services.floor.directory import Directory
from services.floor.store import Seat
from services.now import Clock, SystemClock
from services.pops.remembered import LIMIT_S, Known, Memory
from services.pops.screenpop import LOOKERS, Looks, ScreenPop
from services.pops.wire import PopCard, PopMessage
from services.store import db
from tests.harness import patience
from tests.harness.clock import HandClock
from tests.harness.office import T0


class Screen:
    """Keeps each card and when it came, in seconds of the loop."""

    def __init__(self) -> None:
        self.came: list[tuple[PopCard, float]] = []

    def push(self, person: int, key: str, make: Callable[[int], BaseModel], *, over: bool = False) -> int:
        message = make(len(self.came) + 1)
        assert isinstance(message, PopMessage)
        self.came.append((message.card, asyncio.get_running_loop().time()))
        return len(self.came)

    def of(self, stage: str) -> list[tuple[PopCard, float]]:
        return [(card, at) for card, at in self.came if card.stage == stage]


@asynccontextmanager
async def popping(pool: db.Pool, looks: Looks, clock: Clock) -> AsyncIterator[tuple[ScreenPop, Screen]]:
    """One agent at extension 1001; look-ups run."""
    screen, directory = Screen(), Directory(pool)
    directory.replace([Seat(1, "Li", "1001", "zh-CN", "sip", True, "ready", "")])
    pops = ScreenPop(screen, directory, looks, clock, note=lambda fact: None)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(pops.run(), name="pops")
        yield pops, screen
        running.cancel()


def ring(pops: ScreenPop, number: int) -> None:
    call = CallId(f"tingsu-1.{number}")
    offer = CallOffered(at=T0, call=call, leg=ChannelId(f"tingsu-2.{number}"), extension=Extension("1001"), queue="complaints")
    pops.offer(offer, LiveCall(call, T0, number=f"1380013{number:04d}"))


async def test_each_card_is_enriched_within_the_second_however_many_wait_for_a_slow_database(pool: db.Pool) -> None:
    rings = 5 * LOOKERS
    async with pool.acquire() as holder, holder.transaction(), popping(pool, Memory(pool), SystemClock()) as (pops, screen):
        await holder.execute("lock table customer in access exclusive mode")
        for number in range(rings):
            ring(pops, number)
        await patience.until(lambda: len(screen.of("enriched")) == rings, "every card's second stage")
    rang = {card.id: at for card, at in screen.of("first")}
    waited = [at - rang[card.id] for card, at in screen.of("enriched")]
    assert max(waited) < patience.seconds(1.5 * LIMIT_S), waited
    assert {card.history for card, _ in screen.of("enriched")} == {False}


class Asked:
    """Remembers nobody; keeps how long each look-up had waited. The first ones take until ``go``."""

    def __init__(self) -> None:
        self.waited: list[float] = []
        self.go = asyncio.Event()

    def cached(self, number: str) -> Customer | None:
        return None

    async def known(self, number: str, *, call: CallId, waited: float = 0.0) -> Known:
        self.waited.append(waited)
        await self.go.wait()
        return Known(history=True)


async def test_what_a_ring_waited_for_its_turn_is_taken_off_its_time(pool: db.Pool, clock: HandClock) -> None:
    looks = Asked()
    async with popping(pool, looks, clock) as (pops, screen):
        for number in range(LOOKERS + 1):
            ring(pops, number)
        await patience.until(lambda: len(looks.waited) == LOOKERS, "all lookers are busy")
        clock.move(seconds=0.7)
        looks.go.set()
        await patience.until(lambda: len(screen.of("enriched")) == LOOKERS + 1, "every card's second stage")
    assert looks.waited == [0.0] * LOOKERS + [0.7]
