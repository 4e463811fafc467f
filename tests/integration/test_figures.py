"""The caller service level, to the millisecond and to the midnight."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from cti.changes import (
    CallAnswered,
    CallEnded,
    CallHeld,
    CallOffered,
    CallOutcome,
    CallQueued,
    CallStarted,
    Change,
    LegJoined,
    QueueLeft,
    VisitEnd,
)
from cti.ids import CallId, ChannelId, Extension, Node
from services.calls import store
from services.calls.facts import StillLive
from services.floor.figures import FORMULA, Figures, Limits, Today, compute, day_of
from services.store import db
from tests.harness.clock import HandClock
from tests.harness.office import QUEUE

SHANGHAI = ZoneInfo("Asia/Shanghai")
MIDNIGHT = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)  # of 23 November in Shanghai
DAY = timedelta(days=1)
LEG = ChannelId("tingsu-1.900")
VISITS = {"abandoned": VisitEnd.ABANDONED, "refused": VisitEnd.TIMED_OUT, "lost": VisitEnd.LOST}


class Calls:
    """Rows as the drain writes them."""

    def __init__(self, pool: db.Pool) -> None:
        self.pool = pool
        self.number = 0

    async def add(self, outcome: str | None, waited_ms: int, *, at: datetime = MIDNIGHT, queue: str = QUEUE) -> CallId:
        """A call with one visit, or none if it never came to the queue; it goes on if ``outcome`` is None."""
        self.number += 1
        call, left = CallId(f"tingsu-1.{self.number}"), at + timedelta(milliseconds=waited_ms)
        await self.apply(CallStarted(at=at, call=call, number="", name="", dialled="1"))
        if outcome != "ivr_hangup":
            await self.enter(call, at, queue)
        if outcome in ("answered", None) and waited_ms >= 0:
            await self.leave(call, left, VisitEnd.ANSWERED, queue)
            await self.apply(
                CallAnswered(at=left, call=call, extension=Extension("1001"), leg=LEG, waited_ms=waited_ms, rang_ms=0)
            )
        elif outcome in VISITS:
            await self.leave(call, left, VISITS[outcome], queue)
        if outcome:
            ended = at + timedelta(minutes=5)
            waited = None if outcome == "ivr_hangup" else waited_ms
            await self.apply(CallEnded(at=ended, call=call, outcome=CallOutcome(outcome), waited_ms=waited, talked_ms=0))
        return call

    async def enter(self, call: CallId, at: datetime, queue: str = QUEUE, *, recovered: bool = False) -> None:
        changes = {"position": 1, "ivr_path": "1", "language": "en"}
        await self.apply(CallQueued(at=at, recovered=recovered, call=call, queue=queue, **changes))  # type: ignore[arg-type]

    async def leave(self, call: CallId, at: datetime, how: VisitEnd, queue: str = QUEUE, *, recovered: bool = False) -> None:
        await self.apply(QueueLeft(at=at, recovered=recovered, call=call, queue=queue, how=how))

    async def apply(self, change: Change | StillLive) -> None:
        """As the drain does, and once more: it may come twice."""
        for _ in range(2):
            async with db.transaction(self.pool) as connection:
                await store.apply(connection, change)

    async def visits(self) -> list[tuple[str, float, float | None, str | None]]:
        """Queue, entry and end in seconds after midnight, how."""
        rows = await self.pool.fetch("select queue, entered_at, left_at, how from queue_visit order by call_id, entered_at")
        return [(row["queue"], _s(row["entered_at"]), _s(row["left_at"]) if row["left_at"] else None, row["how"]) for row in rows]

    async def figures(self, queue: str = QUEUE) -> Figures:
        async with db.connection(self.pool) as connection:
            return await compute(connection, queue, (MIDNIGHT, MIDNIGHT + DAY), Limits())


def _s(at: datetime) -> float:
    return (at - MIDNIGHT).total_seconds()


def _at(s: float) -> datetime:
    return MIDNIGHT + timedelta(seconds=s)


@pytest.fixture
def calls(pool: db.Pool) -> Calls:
    return Calls(pool)


async def test_fifteen_seconds_are_in_time_and_a_millisecond_more_is_not(calls: Calls) -> None:
    await calls.add("answered", 15_000)
    await calls.add("answered", 15_001)
    assert await calls.figures() == Figures(2, 1, 0, 0)


async def test_abandoned_within_five_seconds_counts_on_neither_side(calls: Calls) -> None:
    await calls.add("answered", 1_000)
    await calls.add("abandoned", 5_000)
    await calls.add("abandoned", 5_001)
    figures = await calls.figures()
    assert figures == Figures(1, 1, 2, 1)
    assert figures.service_level == 0.5


async def test_a_call_belongs_to_the_day_in_which_it_entered_the_queue(calls: Calls) -> None:
    await calls.add("answered", 1_000, at=MIDNIGHT)
    await calls.add("answered", 1_000, at=MIDNIGHT - timedelta(microseconds=1))
    await calls.add("answered", 60_000, at=MIDNIGHT + DAY - timedelta(microseconds=1))
    await calls.add("answered", 1_000, at=MIDNIGHT + DAY)
    assert await calls.figures() == Figures(2, 1, 0, 0)


async def test_calls_of_other_queues_ivr_hangups_refused_and_lost_ones_are_not_in_it(calls: Calls) -> None:
    await calls.add("answered", 1_000, queue="senior")
    for outcome in ("ivr_hangup", "refused", "lost"):
        await calls.add(outcome, 20_000)
    assert await calls.figures() == Figures()


async def test_a_call_counts_as_answered_while_it_still_goes_on_and_one_that_waits_not_at_all(calls: Calls) -> None:
    await calls.add(None, 3_000)
    await calls.add(None, -1)
    assert await calls.figures() == Figures(1, 1, 0, 0)


async def test_an_answered_call_is_never_also_abandoned(calls: Calls) -> None:
    await calls.add("answered", 3_000)
    await calls.pool.execute("update call set outcome = 'abandoned'")
    assert await calls.figures() == Figures(1, 1, 0, 0)


async def test_who_was_answered_and_gave_up_in_a_second_queue_is_a_line_of_its_own(calls: Calls) -> None:
    call = await calls.add("answered", 1_000)
    await calls.enter(call, _at(60), "seniors")
    await calls.leave(call, _at(90), VisitEnd.ABANDONED, "seniors")
    assert await calls.figures() == Figures(1, 1, 0, 0)
    assert await calls.figures("seniors") == Figures(abandoned_again=1)


async def test_who_came_back_after_an_answer_and_was_answered_is_a_line_of_its_own_too(calls: Calls) -> None:
    call = await calls.add("answered", 1_000)
    await calls.enter(call, _at(60))
    await calls.leave(call, _at(90), VisitEnd.ANSWERED)
    assert await calls.figures() == Figures(1, 1, 0, 0, answered_again=1)


@pytest.mark.parametrize(("answered", "in_time"), [(14, 1), (16, 0)])
async def test_who_moves_on_unanswered_counts_where_the_wait_ended_and_from_where_it_began(
    calls: Calls, answered: int, in_time: int
) -> None:
    call = await calls.add(None, -1)
    await calls.leave(call, _at(10), VisitEnd.TIMED_OUT)
    await calls.enter(call, _at(11), "seniors")
    await calls.leave(call, _at(answered), VisitEnd.ANSWERED, "seniors")
    answer = CallAnswered(at=_at(answered), call=call, extension=Extension("1001"), leg=LEG, waited_ms=0, rang_ms=0)
    await calls.apply(answer)
    assert await calls.figures() == Figures()
    assert await calls.figures("seniors") == Figures(1, in_time, 0, 0)
    assert await calls.visits() == [(QUEUE, 0, 10, "timed_out"), ("seniors", 11, answered, "answered")]


async def test_what_is_found_afterwards_is_no_second_visit_and_tells_the_end_of_the_first(calls: Calls) -> None:
    call = await calls.add(None, -1, at=_at(0.4))
    await calls.enter(call, _at(0), recovered=True)
    await calls.leave(call, _at(7), VisitEnd.ABANDONED, recovered=True)
    assert await calls.visits() == [(QUEUE, 0.4, 7, "abandoned")]
    await calls.leave(call, _at(9), VisitEnd.LOST, recovered=True)
    await calls.enter(call, _at(5), recovered=True)
    assert await calls.visits() == [(QUEUE, 0.4, 7, "abandoned")], "what is known already"
    await calls.enter(call, _at(20), recovered=True)
    assert (await calls.visits())[1:] == [(QUEUE, 20, None, None)]


async def test_a_visit_whose_end_was_not_heard_ends_with_the_call_and_gives_way_to_what_is_known(calls: Calls) -> None:
    call = await calls.add(None, -1)
    await calls.apply(StillLive(at=_at(50), calls=()))
    assert await calls.visits() == [(QUEUE, 0, 50, "lost")]
    await calls.leave(call, _at(30), VisitEnd.ABANDONED, recovered=True)
    assert await calls.visits() == [(QUEUE, 0, 30, "abandoned")]


async def test_a_switch_speaks_for_its_own_calls_alone(calls: Calls) -> None:
    east, west = (CallId(f"{node}-1.1") for node in ("east", "west"))
    for call in (east, west):
        node, leg = Node(call[:4]), ChannelId(f"{call}2")
        await calls.apply(CallStarted(at=_at(0), node=node, call=call, number="", name="", dialled="1"))
        await calls.apply(CallOffered(at=_at(1), node=node, call=call, extension=Extension("1001"), leg=leg, queue=QUEUE))
        await calls.apply(LegJoined(at=_at(2), node=node, call=call, extension=None, leg=ChannelId(f"{call}3")))
    async with db.transaction(calls.pool) as connection:
        await store.ensure_calls(
            connection, (CallHeld(at=_at(3), node=Node("west"), call=CallId("west-1.9"), held=True, leg=LEG),)
        )
    for live in ((east,), ()):
        await calls.apply(StillLive(at=_at(50), calls=live, node=Node("east")))
        for table, still in (("call_leg", "outcome is null"), ("call_span", "left_at is null")):
            assert await calls.pool.fetch(f"select distinct call_id from {table} where {still}") == [(west,)]
    assert {row["id"] for row in await calls.pool.fetch("select id from call where ended_at is null")} == {west, "west-1.9"}
    await calls.apply(StillLive(at=_at(60), calls=(), node=Node("west")))
    assert not await calls.pool.fetchval("select count(*) from call where ended_at is null")


async def test_the_first_visits_end_that_comes_again_does_not_end_the_second(calls: Calls) -> None:
    call = await calls.add("answered", 1_000)
    await calls.enter(call, _at(2))
    await calls.leave(call, _at(1), VisitEnd.ANSWERED)
    assert await calls.visits() == [(QUEUE, 0, 1, "answered"), (QUEUE, 2, None, None)]


async def test_the_migration_makes_the_visits_that_older_figures_counted(calls: Calls) -> None:
    for outcome, waited in (
        ("answered", 15_000),
        ("answered", 15_001),
        ("abandoned", 5_000),
        ("abandoned", 5_001),
        (None, 3_000),
    ):
        await calls.add(outcome, waited)
    for outcome in ("refused", "lost", "ivr_hangup"):
        await calls.add(outcome, 20_000)
    await calls.add(None, -1)
    again = await calls.add("answered", 2_000)
    before, visits = await calls.figures(), await calls.visits()
    await calls.pool.execute(
        "insert into call_span (call_id, channel, joined_at, left_at) values ($1, 'x', $2, $3)", again, _at(2), _at(60)
    )
    await calls.pool.execute("update call set abandoned_again = true where id = $1", again)
    await calls.pool.execute("drop table queue_visit")
    await calls.pool.execute((Path(store.__file__).parents[1] / "store/migrations/0015_visits.sql").read_text())
    assert await calls.figures() == replace(before, abandoned_again=1)
    made = [(*visit[:3], "let_go" if visit[3] == "timed_out" else visit[3]) for visit in visits]
    assert sorted(await calls.visits(), key=str) == sorted([*made, (QUEUE, 60, 300, "abandoned")], key=str)


async def test_an_answer_of_which_only_the_end_is_known_counts(calls: Calls) -> None:
    await calls.add("answered", 16_000)
    await calls.pool.execute("update call set answered_at = null")
    assert await calls.figures() == Figures(1, 0, 0, 0)


def test_nothing_to_divide_by_is_no_figure() -> None:
    assert Figures().service_level is None
    assert Figures(abandoned=3, short_abandons=3).service_level is None


def test_other_limits_are_another_formula() -> None:
    assert Limits().formula == FORMULA
    assert Limits(20_000, 5_000).formula == "tingsu-1 20/5 s"


@pytest.mark.parametrize(
    ("zone", "noon", "hours"),
    [("Asia/Shanghai", (2026, 11, 23), 24), ("Europe/Berlin", (2026, 3, 29), 23), ("Europe/Berlin", (2026, 10, 25), 25)],
)
def test_a_day_is_the_centres_and_has_the_hours_it_has(zone: str, noon: tuple[int, int, int], hours: int) -> None:
    begin, end = day_of(datetime(*noon, 12, tzinfo=ZoneInfo(zone)), ZoneInfo(zone))
    assert end - begin == timedelta(hours=hours)
    assert begin.astimezone(ZoneInfo(zone)).timetz().isoformat()[:8] == "00:00:00"


async def test_todays_figures_are_the_same_after_a_restart(calls: Calls, clock: HandClock) -> None:
    await calls.add("answered", 4_000, at=clock.now())
    for _ in range(2):
        today = Today(calls.pool, clock, queues={QUEUE: Limits()}, zone=SHANGHAI)
        await today.load()
        assert today.of[QUEUE] == Figures(1, 1, 0, 0)
    clock.move(days=1)
    await today.load()
    assert today.of[QUEUE] == Figures()
