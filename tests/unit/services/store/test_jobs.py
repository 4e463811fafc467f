"""The runner of due rows, on a table of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
import pytest_asyncio

from services.errors import DatabaseAway
from services.store import db, jobs
from services.store.jobs import GAVE_UP, Failed, Job, Later, Line, Patience, Runner, Verdict, back_off
from tests.harness.clock import HandClock
from tests.harness.patience import seconds

ERRANDS = Line("errand", thing="'errand ' || id", claimed="running")
UNMARKED = Line("errand", thing="'errand ' || id")
PATIENCE = Patience(lease=timedelta(minutes=1), tries=3, unended=4)


class Errands:
    """Does what the test says with each row; ``done`` and ``given_up`` as it went."""

    def __init__(self, pool: db.Pool, do: Callable[[Job], Awaitable[Verdict]] | None = None) -> None:
        self.pool = pool
        self.doing = do
        self.done: list[int] = []
        self.given_up: list[tuple[int, str]] = []

    async def do(self, job: Job) -> Verdict:
        self.done.append(job.id)
        if self.doing:
            return await self.doing(job)
        await self.pool.execute("update errand set state = 'done' where id = $1", job.id)
        return None

    async def give_up(self, job: Job, reason: str) -> None:
        self.given_up.append((job.id, reason))
        await self.pool.execute("update errand set state = 'failed', error = $2 where id = $1", job.id, reason)


@pytest_asyncio.fixture
async def table(pool: db.Pool, clock: HandClock) -> db.Pool:
    """Three errands, of which the second has waited longest."""
    await pool.execute(
        "create table errand (id bigint generated always as identity primary key, state text not null default 'waiting',"
        " attempts integer not null default 0, due_at timestamptz not null, error text)"
    )
    for minutes in (2, 3, 1):
        await pool.execute("insert into errand (due_at) values ($1)", clock.now() - timedelta(minutes=minutes))
    return pool


async def rows(pool: db.Pool) -> list[tuple[str, int, str | None]]:
    return [tuple(row) for row in await pool.fetch("select state, attempts, error from errand order by id")]


def always(verdict: Verdict) -> Callable[[Job], Awaitable[Verdict]]:
    async def do(job: Job) -> Verdict:
        return verdict

    return do


async def test_who_has_waited_longest_is_next(table: db.Pool, clock: HandClock) -> None:
    errands = Errands(table)
    runner = Runner(table, clock, ERRANDS, errands, PATIENCE)
    assert [await runner.next() for _ in range(4)] == [True, True, True, False]
    assert errands.done == [2, 1, 3]


async def test_a_row_that_fails_keeps_no_other_back(table: db.Pool, clock: HandClock) -> None:
    errands = Errands(table, always(Failed("odd")))
    runner = Runner(table, clock, ERRANDS, errands, PATIENCE)
    while await runner.next():
        pass
    assert errands.done == [2, 1, 3]


async def test_no_two_runners_have_the_same_row(table: db.Pool, clock: HandClock) -> None:
    inside = asyncio.Barrier(3)

    async def together(job: Job) -> Verdict:
        async with asyncio.timeout(seconds(10)):
            await inside.wait()  # three are claimed at the same time
        return None

    errands = Errands(table, together)
    await asyncio.gather(*(Runner(table, clock, ERRANDS, errands, PATIENCE).next() for _ in range(3)))
    assert sorted(errands.done) == [1, 2, 3]


async def test_a_row_that_another_is_just_claiming_is_passed_over_and_not_waited_for(table: db.Pool, clock: HandClock) -> None:
    errands = Errands(table)
    async with db.transaction(table) as other:
        claimed = await ERRANDS.queries.claim.fetchrow(other, now=clock.now(), until=clock.now() + timedelta(minutes=1))
        assert claimed is not None
        async with asyncio.timeout(seconds(10)):
            assert await Runner(table, clock, ERRANDS, errands, PATIENCE).next()
    assert (claimed["id"], errands.done) == (2, [1])


@pytest.mark.parametrize("line", [ERRANDS, UNMARKED])
async def test_a_claimed_row_is_nobody_elses_until_its_lease_is_over(table: db.Pool, clock: HandClock, line: Line) -> None:
    errands = Errands(table, always(None))  # as a process does that ends before it has written anything
    runner = Runner(table, clock, line, errands, PATIENCE)
    for _ in range(3):
        await runner.next()
    clock.move(seconds=59)
    assert not await runner.next()
    clock.move(seconds=1)
    assert await runner.next()
    assert errands.done == [2, 1, 3, errands.done[-1]]


async def test_a_failed_try_counts_and_the_last_one_gives_up_with_its_reason(table: db.Pool, clock: HandClock) -> None:
    await table.execute("delete from errand where id > 1")
    errands = Errands(table, always(Failed("odd")))
    runner = Runner(table, clock, ERRANDS, errands, PATIENCE)
    for attempts in (1, 2):
        assert await runner.next()
        assert await rows(table) == [("waiting", attempts, "odd")]
        clock.move(seconds=back_off(attempts).total_seconds() - 1)
        assert not await runner.next()
        clock.move(seconds=1)
    assert await runner.next()
    assert await rows(table) == [("failed", 3, "odd")]
    clock.move(days=1)
    assert not await runner.next()
    assert errands.given_up == [(1, "odd")]


async def test_what_no_other_try_could_do_is_given_up_at_once(table: db.Pool, clock: HandClock) -> None:
    errands = Errands(table, always(Failed("gone", final=True)))
    assert await Runner(table, clock, ERRANDS, errands, PATIENCE).next()
    assert errands.given_up == [(2, "gone")]


@pytest.mark.parametrize("verdict", [Later(timedelta(seconds=30), "disk_full"), Later(timedelta(seconds=1))])
async def test_what_the_world_hinders_is_no_try(table: db.Pool, clock: HandClock, verdict: Later) -> None:
    await table.execute("delete from errand where id > 1")
    errands = Errands(table, always(verdict))
    runner = Runner(table, clock, ERRANDS, errands, PATIENCE)
    for _ in range(10):
        assert await runner.next()
        assert await rows(table) == [("waiting", 0, verdict.error)]
        assert not await runner.next()
        clock.move(seconds=verdict.wait.total_seconds())
    assert not errands.given_up


async def test_an_error_that_the_room_does_not_know_is_a_failed_try(table: db.Pool, clock: HandClock) -> None:
    async def wrong(job: Job) -> Verdict:
        raise ValueError("+8613800000000")  # its text may hold anything

    errands = Errands(table, wrong)
    await Runner(table, clock, ERRANDS, errands, PATIENCE).next()
    state, attempts, error = (await rows(table))[1]
    assert (state, attempts) == ("waiting", 1)
    assert error is not None
    assert error.startswith("ValueError at test_jobs.py:")
    assert "+86" not in error


async def test_a_row_that_ends_us_at_every_try_is_given_up_without_another(table: db.Pool, clock: HandClock) -> None:
    await table.execute("update errand set attempts = 4, state = 'running' where id = 2")
    errands = Errands(table)
    assert await Runner(table, clock, ERRANDS, errands, PATIENCE).next()
    assert (errands.done, errands.given_up) == ([], [(2, GAVE_UP)])


async def test_without_a_number_of_tries_nothing_is_given_up(table: db.Pool, clock: HandClock) -> None:
    await table.execute("update errand set attempts = 100000")
    errands = Errands(table, always(Failed("odd")))
    for _ in range(3):
        await Runner(table, clock, ERRANDS, errands, Patience(lease=timedelta(minutes=1), tries=None, unended=None)).next()
    assert not errands.given_up
    clock.move(seconds=back_off(100001).total_seconds())
    assert await Runner(table, clock, ERRANDS, errands, PATIENCE).next()


async def test_what_a_dead_process_had_is_free_at_once_and_its_tries_count_or_not(table: db.Pool, clock: HandClock) -> None:
    later = clock.now() + timedelta(hours=1)
    await table.execute("update errand set state = 'running', attempts = 2, due_at = $1 where id = 1", later)
    before = await table.fetch("select * from errand where id > 1 order by id")
    async with db.transaction(table) as taken:
        await ERRANDS.release(taken, clock.now(), counts=False)
    assert (await rows(table))[0] == ("waiting", 1, None)
    assert await table.fetchval("select due_at from errand where id = 1") == clock.now()
    assert await table.fetch("select * from errand where id > 1 order by id") == before
    await table.execute("update errand set attempts = 2, due_at = $1 where id = 1", later)
    async with db.transaction(table) as taken:
        await UNMARKED.release(taken, clock.now(), counts=True)
    assert (await rows(table))[0] == ("waiting", 2, None)
    assert await table.fetch("select * from errand where id > 1 order by id") == before


async def test_a_try_is_repeated_while_the_database_is_away(
    table: db.Pool, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "AWAY_S", 0.01)
    tries: list[Job] = []

    async def away(job: Job) -> Verdict:
        tries.append(job)
        if len(tries) < 4:
            raise DatabaseAway
        return Later(timedelta(seconds=1))

    await Runner(table, clock, ERRANDS, Errands(table, away), PATIENCE).next()
    assert len(tries) == 4
    assert len(set(tries)) == 1
    assert (await rows(table))[1] == ("waiting", 0, None)


def test_the_pause_grows_and_ends_somewhere() -> None:
    pauses = [back_off(attempts) for attempts in range(1, 1000)]
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (timedelta(seconds=5), timedelta(minutes=10))
