"""The caller service level, to the millisecond and to the midnight."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.floor.figures import FORMULA, Figures, Limits, Today, compute, day_of
from services.store import db
from tests.harness.clock import HandClock
from tests.harness.office import QUEUE

SHANGHAI = ZoneInfo("Asia/Shanghai")
MIDNIGHT = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)  # of 23 November in Shanghai
DAY = timedelta(days=1)


class Calls:
    """Rows as the drain writes them."""

    def __init__(self, pool: db.Pool) -> None:
        self.pool = pool
        self.number = 0

    async def add(self, outcome: str | None, waited_ms: int, *, at: datetime = MIDNIGHT, queue: str = QUEUE) -> None:
        self.number += 1
        sql = """insert into call (id, number, number_sent, name_sent, dialled, started_at, queue, queued_at, answered_at,
                 ended_at, outcome, waited_ms) values ($1, '', '', '', '', $2, $3, $2, $4, $5, $6, $7)"""
        answered = at + timedelta(milliseconds=waited_ms) if outcome in ("answered", None) and waited_ms >= 0 else None
        ended = at + timedelta(minutes=5) if outcome else None
        await self.pool.execute(sql, f"tingsu-1.{self.number}", at, queue, answered, ended, outcome, max(waited_ms, 0))

    async def figures(self) -> Figures:
        async with db.connection(self.pool) as connection:
            return await compute(connection, QUEUE, (MIDNIGHT, MIDNIGHT + DAY), Limits())


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
    await calls.add("answered", 1_000)
    await calls.pool.execute("update call set abandoned_again = true")
    assert await calls.figures() == Figures(1, 1, 0, 0, abandoned_again=1)


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
        today = Today(calls.pool, clock, queue=QUEUE, zone=SHANGHAI)
        await today.load()
        assert today.figures == Figures(1, 1, 0, 0)
    clock.move(days=1)
    await today.load()
    assert today.figures == Figures()
