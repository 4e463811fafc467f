"""Each agent's own figures, against a slow way of counting that reads no table."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest_asyncio

from cti.changes import (
    CallAnswered,
    CallEnded,
    CallOffered,
    CallOutcome,
    CallQueued,
    CallStarted,
    Change,
    Direction,
    LegJoined,
    LegLeft,
    OfferEnded,
    OfferOutcome,
    QueueLeft,
    VisitEnd,
)
from cti.ids import CallId, ChannelId, Extension
from services.calls import store
from services.floor.figures import Limits, Today
from services.floor.own import OwnFigures, compute
from services.store import db
from tests.harness.clock import HandClock
from tests.harness.office import QUEUE, Office, office

SHANGHAI = ZoneInfo("Asia/Shanghai")
MIDNIGHT = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)  # of 23 November in Shanghai
DAY = (MIDNIGHT, MIDNIGHT + timedelta(days=1))
MS = timedelta(milliseconds=1)
OTHER = "seniors"
LIMITS = {QUEUE: 15_000, OTHER: 20_000}
AGENTS = {"li": "1001", "wang": "1002"}


@pytest_asyncio.fixture
async def desk(pool: db.Pool, clock: HandClock, tmp_path: Path) -> AsyncIterator[Office]:
    async with office(pool, clock, tmp_path, drained=False) as running:
        for login, extension in AGENTS.items():
            await running.hire(login, extension=extension)
        yield running


async def figures(desk: Office) -> dict[str, OwnFigures]:
    async with db.connection(desk.pool) as connection:
        found = await compute(connection, LIMITS, DAY)
    names = {person: login for login, person in desk.people.items()}
    return {names[person]: one for person, one in found.items()}


@dataclass
class Told:
    """What happened, told to the tables change by change as the drain does, and counted here by itself."""

    desk: Office
    number: int = 0
    counted: dict[str, OwnFigures] = field(default_factory=lambda: defaultdict(OwnFigures))

    async def apply(self, *changes: Change) -> None:
        for change in changes:
            async with db.transaction(self.desk.pool) as connection:
                await store.apply(connection, change)

    def begin(self) -> tuple[CallId, ChannelId]:
        self.number += 1
        return CallId(f"tingsu-1.{self.number}"), ChannelId(f"tingsu-1.{self.number + 500_000}")

    async def ring(
        self, login: str, at: datetime, how: str, rang_ms: int, *, queue: str = QUEUE, talk_ms: int = 0, by_queue: bool = True
    ) -> None:
        """A caller, and one ring at that agent. ``by_queue`` False: a colleague's, after the caller was answered elsewhere."""
        call, leg = self.begin()
        extension, end = Extension(AGENTS[login]), at + rang_ms * MS
        entered = at - timedelta(seconds=3)
        await self.apply(
            CallStarted(at=entered, call=call, number="", name="", dialled="1"),
            CallQueued(at=entered, call=call, queue=queue, position=1, ivr_path="1", language="en"),
        )
        if not by_queue:
            await self.apply(QueueLeft(at=at - timedelta(seconds=1), call=call, queue=queue, how=VisitEnd.ANSWERED))
        await self.apply(CallOffered(at=at, call=call, extension=extension, leg=leg, queue=queue if by_queue else ""))
        if how != "answered":
            await self.apply(
                OfferEnded(at=end, call=call, extension=extension, leg=leg, outcome=OfferOutcome(how), rang_ms=rang_ms)
            )
        else:
            left = end + talk_ms * MS
            if by_queue:
                await self.apply(QueueLeft(at=end, call=call, queue=queue, how=VisitEnd.ANSWERED))
            await self.apply(
                CallAnswered(at=end, call=call, extension=extension, leg=leg, waited_ms=3000 + rang_ms, rang_ms=rang_ms),
                LegJoined(at=end, call=call, extension=extension, leg=leg),
                LegLeft(at=left, call=call, leg=leg),
                CallEnded(at=left, call=call, outcome=CallOutcome.ANSWERED, waited_ms=3000 + rang_ms, talked_ms=talk_ms),
            )
        self.count(login, at, how, rang_ms, queue=queue, talk_ms=talk_ms, by_queue=by_queue)

    def count(self, login: str, at: datetime, how: str, rang_ms: int, *, queue: str, talk_ms: int, by_queue: bool) -> None:
        """By the rule's words."""
        answered = how == "answered"
        if by_queue and DAY[0] <= at < DAY[1]:
            self.counted[login] += OwnFigures(
                answered=answered,
                answered_in_time=answered and rang_ms <= LIMITS[queue],
                missed=how in ("no_answer", "rejected"),
                answer_ms=rang_ms if answered else 0,
            )
        if answered and DAY[0] <= at + rang_ms * MS < DAY[1]:
            self.counted[login] += OwnFigures(talked_ms=talk_ms)

    async def dial(self, login: str, at: datetime, talk_ms: int | None) -> None:
        """A call that the agent placed; None: nobody answered."""
        call, leg = self.begin()
        extension = Extension(AGENTS[login])
        started = CallStarted(
            at=at, call=call, number="13800000000", name="", dialled="", direction=Direction.OUTBOUND, by=extension, leg=leg
        )
        await self.apply(started)
        if talk_ms is not None:
            await self.apply(
                CallAnswered(at=at, call=call, extension=extension, leg=leg, waited_ms=0, rang_ms=0),
                LegJoined(at=at, call=call, extension=extension, leg=leg),
                LegLeft(at=at + talk_ms * MS, call=call, leg=leg),
            )
        outcome = CallOutcome.NO_ANSWER if talk_ms is None else CallOutcome.ANSWERED
        await self.apply(
            CallEnded(at=at + (talk_ms or 0) * MS, call=call, outcome=outcome, waited_ms=None, talked_ms=talk_ms or 0)
        )
        if DAY[0] <= at < DAY[1]:
            self.counted[login] += OwnFigures(dialled=1, dialled_talked_ms=talk_ms or 0)


async def test_fifteen_seconds_of_ringing_are_in_time_and_a_millisecond_more_is_not(desk: Office) -> None:
    told = Told(desk)
    await told.ring("li", MIDNIGHT, "answered", 15_000, talk_ms=60_000)
    await told.ring("li", MIDNIGHT, "answered", 15_001, talk_ms=1)
    await told.ring("li", MIDNIGHT, "answered", 15_001, queue=OTHER)  # whose own limit is longer
    own = (await figures(desk))["li"]
    assert own == OwnFigures(answered=3, answered_in_time=2, answer_ms=45_002, talked_ms=60_001)
    assert (own.average_ms, own.in_time) == (15_001, 2 / 3)


async def test_a_ring_let_pass_or_declined_is_missed_and_one_that_the_caller_ended_is_nothing(desk: Office) -> None:
    told = Told(desk)
    for how in ("no_answer", "rejected", "cancelled"):
        await told.ring("li", MIDNIGHT, how, 2_000)
    own = (await figures(desk))["li"]
    assert own == OwnFigures(missed=2)
    assert (own.average_ms, own.in_time) == (None, 0.0)


async def test_a_colleagues_ring_and_a_call_that_one_placed_are_no_rings_of_a_queue(desk: Office) -> None:
    told = Told(desk)
    await told.ring("li", MIDNIGHT, "answered", 20_000, talk_ms=5_000, by_queue=False)
    await told.dial("li", MIDNIGHT, 7_000)
    await told.dial("li", MIDNIGHT, None)
    assert await figures(desk) == {"li": OwnFigures(talked_ms=5_000, dialled=2, dialled_talked_ms=7_000)}


async def test_a_ring_belongs_to_the_day_in_which_it_began(desk: Office) -> None:
    told = Told(desk)
    await told.ring("li", DAY[1] - MS, "answered", 10, talk_ms=9)  # the talk is tomorrow's
    await told.ring("li", DAY[0] - MS, "answered", 10, talk_ms=9)  # the ring was yesterday's
    await told.ring("wang", DAY[1], "no_answer", 10)
    assert await figures(desk) == {"li": OwnFigures(answered=1, answered_in_time=1, answer_ms=10, talked_ms=9)}


async def test_whatever_happens_they_are_what_counting_by_hand_makes(desk: Office) -> None:
    told, chance = Told(desk), random.Random(20261123)
    for _ in range(80):
        login, at = chance.choice(list(AGENTS)), DAY[0] + chance.randrange(-7_200_000, 90_000_000) * MS
        if chance.random() < 0.2:
            await told.dial(login, at, chance.choice([None, chance.randrange(100_000)]))
            continue
        how = chance.choice(["answered", "answered", "no_answer", "rejected", "cancelled"])
        rang, talk = chance.choice([0, 14_999, 15_000, 15_001, 20_000, 20_001]), chance.randrange(200_000)
        queue, by_queue = chance.choice(list(LIMITS)), chance.random() < 0.8
        await told.ring(login, at, how, rang, queue=queue, talk_ms=talk, by_queue=by_queue)
    empty = OwnFigures()
    found = await figures(desk)
    assert {login: found.get(login, empty) for login in AGENTS} == {login: told.counted[login] for login in AGENTS}


async def test_they_are_on_ones_own_board_and_on_nobody_elses(desk: Office, clock: HandClock) -> None:
    await desk.hire("qa", "qa_inspector")
    await Told(desk).ring("li", clock.now(), "answered", 4_000, talk_ms=60_000)
    await desk.today.load()
    boards = {login: (await desk.ask(login, "GET", "/api/board"))[1]["mine"] for login in ("li", "wang", "qa")}
    assert boards["li"] == {
        "answered": 1, "answered_in_time": 1, "missed": 0, "answer_ms": 4_000, "in_time": 1.0, "formula": "tingsu-agent-1",
        "talked_ms": 60_000, "dialled": 0, "dialled_talked_ms": 0,
    }  # fmt: skip
    assert (boards["wang"]["answered"], boards["wang"]["answer_ms"], boards["qa"]) == (0, None, None)
    async with desk.browser("li") as browser:
        assert (await browser.next("board", boards=True))["board"]["mine"] == boards["li"]


async def test_the_next_missed_ring_is_told_though_no_queues_figures_change(desk: Office, clock: HandClock) -> None:
    told = []
    today = Today(desk.pool, clock, queues={QUEUE: Limits()}, zone=SHANGHAI)
    today.changed = lambda: told.append(today.own)
    await today.load()
    await Told(desk).ring("li", clock.now(), "no_answer", 6_000)
    await today.load()
    assert told == [{desk.people["li"]: OwnFigures(missed=1)}]
    await today.load()
    assert len(told) == 1
