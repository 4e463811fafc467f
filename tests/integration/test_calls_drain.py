"""The way from the journal into the database when things die: the database, this process, a single bad fact."""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from cti.changes import CallEnded, CallOutcome, CallStarted, LegLeft, QueueLeft, VisitEnd
from cti.ids import CallId
from services.calls import drain as drains
from services.calls import store
from services.calls.drain import Apply, Drain
from services.calls.facts import Fact, PopSent, WantedSet
from services.calls.journal import Journal
from services.errors import DatabaseAway, DatabaseBusy, WorldFailed
from services.hosted.postgres import PostgresPlan, running
from services.now import SystemClock
from services.store import db
from services.store.db import Connection
from services.store.migrate import migrate
from services.troubles import Troubles
from tests.harness.database import QUICK
from tests.harness.office import QUEUE, T0, Browser, Office, call_id, leg_id, link, office
from tests.harness.patience import seconds, until
from tests.harness.scarcity import descriptors_left
from tests.integration.test_calls_follow import SECOND, answered, customer, ended, offered, pop_of, queued


def begun(number: int) -> CallStarted:
    return CallStarted(at=T0, call=CallId(f"tingsu-1.{number}"), number="10086", name="", dialled="1")


def drain_of(journal: Journal, pool: db.Pool, folder: Path, apply: Apply = store.apply) -> Drain:
    refused = folder / "refused.jsonl"
    return Drain(journal, pool, apply, applied=lambda fact, result: None, refused=refused, troubles=Troubles(SystemClock()))


async def drained(journal: Journal, pool: db.Pool, folder: Path) -> Drain:
    drain = drain_of(journal, pool, folder)
    while drain.behind:
        await drain.step()
    return drain


@contextmanager
def journal_with(folder: Path, *facts: Fact) -> Iterator[Journal]:
    journal = Journal(folder / "journal")
    journal.open()
    for fact in facts:
        journal.append(fact)
    journal._write()
    yield journal
    journal.close()


async def test_a_fact_the_database_refuses_is_set_aside_and_stops_nobody(pool: db.Pool, tmp_path: Path) -> None:
    nobodys = PopSent(at=T0, pop="a/b", person=999, call=CallId("tingsu-1.1"), seq=1, offered_at=T0)
    with journal_with(tmp_path, begun(1), nobodys, begun(2)) as journal:
        drain = await drained(journal, pool, tmp_path)
    assert await pool.fetchval("select count(*) from call") == 2
    assert drain.refused_count == 1
    assert b"PopSent" in (tmp_path / "refused.jsonl").read_bytes()


async def test_what_was_refused_is_counted_by_the_next_process_and_taken_once_it_can_be(pool: db.Pool, tmp_path: Path) -> None:
    await pool.execute("alter table call add constraint odd check (id <> 'tingsu-1.1')")
    with journal_with(tmp_path, begun(1), begun(2)) as journal:
        await drained(journal, pool, tmp_path)
        after = drain_of(journal, pool, tmp_path)
        after.refused.open()
        assert after.refused.by_reason.total() == 1
        assert "CheckViolationError 23514" in next(iter(after.refused.by_reason))[1]
        assert await after.retry() == 0
        await pool.execute("alter table call drop constraint odd")
        assert await after.retry() == 1
        assert (after.refused_count, drain_of(journal, pool, tmp_path).refused_count) == (0, 0)
    assert await pool.fetchval("select count(*) from call") == 2


async def test_the_next_start_takes_what_was_refused_by_itself(pool: db.Pool, tmp_path: Path) -> None:
    await pool.execute("alter table call add constraint odd check (id <> 'tingsu-1.1')")
    with journal_with(tmp_path, begun(1)) as journal:
        await drained(journal, pool, tmp_path)
        await pool.execute("alter table call drop constraint odd")
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(drain_of(journal, pool, tmp_path).run(), name="drain")
            await until(lambda: _calls(pool), "the call is taken")
            running.cancel()


async def test_what_was_refused_is_taken_too_where_the_database_was_away_at_the_start(
    pool: db.Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drains, "FIRST_WAIT_S", 0.05)
    await pool.execute("alter table call add constraint odd check (id <> 'tingsu-1.1')")
    with journal_with(tmp_path, begun(1)) as journal:
        await drained(journal, pool, tmp_path)
        await pool.execute("alter table call drop constraint odd")
        drain, tries = drain_of(journal, pool, tmp_path), 0
        retry = drain.retry

        async def away_at_first() -> int:
            nonlocal tries
            tries += 1
            if tries == 1:
                raise DatabaseAway
            return await retry()

        monkeypatch.setattr(drain, "retry", away_at_first)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(drain.run(), name="drain")
            await until(lambda: _calls(pool), "the call is taken")
            running.cancel()


async def test_a_database_that_is_said_to_be_older_is_filled_at_once_and_waited_for(pool: db.Pool, tmp_path: Path) -> None:
    """Nobody calls at night: the next fact may be hours away."""
    with journal_with(tmp_path, begun(1)) as journal:
        drain, said = drain_of(journal, pool, tmp_path), 0

        def on_set_back() -> None:
            nonlocal said
            said += 1

        drain.on_set_back = on_set_back
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(drain.run(), name="drain")
            await drain.caught_up()
            await asyncio.sleep(0.1)  # it waits for more
            await pool.execute("delete from call")
            await pool.execute("update journal_cursor set position = 0")
            drain.doubt()
            async with asyncio.timeout(seconds(5)):
                await drain.caught_up()
            assert await _calls(pool)
            assert said == 1
            running.cancel()


async def test_a_fact_can_be_set_aside_while_others_are_tried_again(pool: db.Pool, tmp_path: Path) -> None:
    """Each waits for what the other has: one for the file, with rows locked, the other for those rows, with the file locked."""
    trying, set_aside = asyncio.Event(), asyncio.Event()

    async def apply(connection: Connection, fact: Fact) -> None:
        if fact == begun(2) or not trying.is_set():
            raise ValueError("a slip of ours")
        await set_aside.wait()
        await store.apply(connection, fact)

    with journal_with(tmp_path, begun(1)) as journal:
        drain = drain_of(journal, pool, tmp_path, apply)
        await drain.step()
        trying.set()
        async with asyncio.TaskGroup() as tasks, asyncio.timeout(seconds(10)):
            again = tasks.create_task(drain.retry(), name="retry")
            journal.append(begun(2))
            journal._write()
            await drain.step()
            set_aside.set()
            assert await again == 1
        assert [one.fact for one in drain.refused.read()] == [begun(2)]
        assert drain.refused_count == 1


async def test_a_call_most_of_which_was_refused_is_whole_once_it_is_taken(pool: db.Pool, tmp_path: Path) -> None:
    call, joined = answered()
    left = LegLeft(at=T0 + 29 * SECOND, call=call_id(), leg=leg_id())
    taken = QueueLeft(at=call.at, call=call_id(), queue=QUEUE, how=VisitEnd.ANSWERED)
    story = (*queued(), offered(), taken, call, joined, left, ended())
    with journal_with(tmp_path / "whole", *story) as journal:
        await drained(journal, pool, tmp_path / "whole")
    told = "select outcome, waited_ms, talked_ms, answered_at, recovered from call"
    whole = await pool.fetchrow(told)
    legs = "select channel, rang_at, answered_at, ended_at, outcome from call_leg"
    whole_legs = await pool.fetch(legs)
    visits = "select queue, entered_at, left_at, how from queue_visit"
    whole_visits = await pool.fetch(visits)
    assert [tuple(row)[2:] for row in whole_visits] == [(call.at, "answered")]
    for table in ("recording", "call_leg", "call_span", "queue_visit", "call"):
        await pool.execute(f"delete from {table}")
    for table in ("call_leg", "call_span", "queue_visit"):
        await pool.execute(f"alter table {table} rename to no_{table}")
    with journal_with(tmp_path / "late", *story[:-1]) as journal:
        drain = await drained(journal, pool, tmp_path / "late")
        for table in ("call_leg", "call_span", "queue_visit"):
            await pool.execute(f"alter table no_{table} rename to {table}")
        journal.append(ended())
        journal._write()
        await drain.step()
        assert (await pool.fetchrow(told))["talked_ms"] == 0
        assert await drain.retry() > 0
    assert await pool.fetchrow(told) == whole
    assert await pool.fetch(legs) == whole_legs
    assert await pool.fetch(visits) == whole_visits


async def _calls(pool: db.Pool) -> int:
    return int(await pool.fetchval("select count(*) from call"))


async def test_an_older_wish_that_is_taken_late_does_not_undo_a_newer_one(pool: db.Pool, tmp_path: Path) -> None:
    somebody = "insert into person (login, name, roles, password_hash, created_at) values ('li', 'Li', '{qa_inspector}', 'x', $1)"
    person = await pool.fetchval(f"{somebody} returning id", T0)
    ready = WantedSet(at=T0, person=person, state="ready", reason="")
    with journal_with(tmp_path, replace(ready, at=T0 + SECOND, state="away"), ready) as journal:
        await drained(journal, pool, tmp_path)
    assert await pool.fetchval("select wanted_state from person") == "away"


@pytest.mark.parametrize("table", ["journal_cursor", "call"])
async def test_a_statement_that_the_database_never_takes_ends_nothing(pool: db.Pool, tmp_path: Path, table: str) -> None:
    await pool.execute(f"alter table {table} rename to elsewhere")
    with journal_with(tmp_path, begun(1)) as journal:
        drain = drain_of(journal, pool, tmp_path)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(drain.run(), name="drain")
            await until(lambda: drain.away or drain.refused_count, "it is noticed")
            await pool.execute(f"alter table elsewhere rename to {table}")
            if drain.refused_count:
                await drain.retry()
            await until(lambda: _calls(pool), "the call is taken")
            running.cancel()


async def test_a_database_restored_from_before_is_filled_again_while_we_run(pool: db.Pool, tmp_path: Path) -> None:
    with journal_with(tmp_path, begun(1)) as journal:
        drain = drain_of(journal, pool, tmp_path)
        set_back = []
        drain.on_set_back = lambda: set_back.append(True)
        await drain.step()
        await pool.execute("delete from call")
        await pool.execute("update journal_cursor set position = 0")
        journal.append(begun(2))
        journal._write()
        while drain.behind:
            await drain.step()
    assert await pool.fetchval("select count(*) from call") == 2
    assert set_back == [True]


@pytest.mark.parametrize("state", ["53100", "58030", "40P01", "25006"])
async def test_a_database_whose_disk_is_full_refuses_nothing_for_good(pool: db.Pool, tmp_path: Path, state: str) -> None:
    full = True

    async def apply(connection: Connection, fact: Fact) -> None:
        if full and fact == begun(2):
            await connection.execute(f"do $$ begin raise exception using errcode = '{state}'; end $$")
        await store.apply(connection, fact)

    with journal_with(tmp_path, begun(1), begun(2)) as journal:
        drain = drain_of(journal, pool, tmp_path, apply)
        for _ in range(2):
            with pytest.raises(DatabaseBusy):
                await drain.step()
        full = False
        assert await drain.step() == 2
    assert drain.refused_count == 0


async def test_a_full_disk_while_another_fact_is_refused_keeps_both(pool: db.Pool, tmp_path: Path) -> None:
    full = True

    async def apply(connection: Connection, fact: Fact) -> None:
        if fact == begun(1):
            raise ValueError("a slip of ours")
        if full:
            await connection.execute("do $$ begin raise exception using errcode = '53100'; end $$")
        await store.apply(connection, fact)

    with journal_with(tmp_path, begun(1), begun(2)) as journal:
        drain = drain_of(journal, pool, tmp_path / "none", apply)
        with pytest.raises(WorldFailed):
            await drain.step()  # there is nowhere to set it aside
        (tmp_path / "none").mkdir()
        with pytest.raises(DatabaseBusy):
            await drain.step()
        full = False
        await drain.step()
    assert await pool.fetch("select id from call") == [("tingsu-1.2",)]
    assert b"tingsu-1.1" in (tmp_path / "none" / "refused.jsonl").read_bytes()


async def test_a_failure_in_the_middle_of_a_batch_changes_nothing(pool: db.Pool, tmp_path: Path) -> None:
    async def failing(connection: Connection, fact: Fact) -> None:
        await store.apply(connection, fact)
        if fact == begun(2):
            raise DatabaseAway

    with journal_with(tmp_path, begun(1), begun(2)) as journal:
        drain = drain_of(journal, pool, tmp_path, failing)
        with pytest.raises(DatabaseAway):
            await drain.step()
        assert await pool.fetchval("select count(*) from call") == 0
        await drained(journal, pool, tmp_path)
    assert await pool.fetchval("select count(*) from call") == 2


async def test_who_waited_before_a_restart_is_not_answered_at_once_after_it(pool: db.Pool, tmp_path: Path) -> None:
    found, _ = answered()  # by a process that knows of no queue entry
    after_it = replace(found, at=T0 + 40 * SECOND, waited_ms=0, recovered=True)
    with journal_with(tmp_path, *queued(), after_it) as journal:
        await drained(journal, pool, tmp_path)
    assert await pool.fetchrow("select waited_ms, recovered from call") == (35_000, True)


@pytest.mark.parametrize("times", [1, 2])
async def test_a_conversation_across_a_restart_is_one_span_and_counts_whole(pool: db.Pool, tmp_path: Path, times: int) -> None:
    call, joined = answered()
    found_again = replace(joined, at=T0 + 30 * SECOND, recovered=True)
    left = LegLeft(at=T0 + 58 * SECOND, call=call_id(), leg=leg_id())
    with journal_with(tmp_path, *queued(), offered(), call, joined, found_again, left, ended()) as journal:
        for _ in range(times):
            await pool.execute("update journal_cursor set position = 0")
            await drained(journal, pool, tmp_path)
    assert await pool.fetch("select joined_at, left_at from call_span") == [(T0 + 9 * SECOND, T0 + 58 * SECOND)]
    assert await pool.fetchval("select talked_ms from call") == 49_000


async def test_two_persons_at_once_are_one_talk(pool: db.Pool, tmp_path: Path) -> None:
    call, joined = answered()
    second = replace(joined, at=T0 + 20 * SECOND, leg=leg_id(3))
    with journal_with(tmp_path, *queued(), offered(), call, joined, second, ended()) as journal:
        await drained(journal, pool, tmp_path)
    assert await pool.fetchval("select talked_ms from call") == 51_000


async def test_a_journal_restored_from_before_is_applied_again(pool: db.Pool, tmp_path: Path) -> None:
    with journal_with(tmp_path, begun(1)) as journal:
        await pool.execute("insert into journal_cursor values ($1, $2)", journal.identity, 10 * journal.durable)
        assert await drain_of(journal, pool, tmp_path).step() == 1
    assert await pool.fetchval("select count(*) from call") == 1


async def test_with_nothing_new_to_write_all_is_caught_up(pool: db.Pool, tmp_path: Path) -> None:
    with journal_with(tmp_path, begun(1)) as journal:
        await drained(journal, pool, tmp_path)
        drain = drain_of(journal, pool, tmp_path)  # of the next process, which has not looked yet
        async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
            running = tasks.create_task(drain.run(), name="drain")
            await drain.caught_up()
            running.cancel()


async def test_without_a_free_descriptor_it_waits_and_goes_on_afterwards(pool: db.Pool, tmp_path: Path) -> None:
    with journal_with(tmp_path, begun(1)) as journal:
        drain = drain_of(journal, pool, tmp_path)
        async with asyncio.timeout(seconds(10)), asyncio.TaskGroup() as tasks:
            with descriptors_left(0):
                running = tasks.create_task(drain.run(), name="drain")
                await until(lambda: drain.away, "the drain notices")
            await drain.caught_up()
            running.cancel()
    assert await pool.fetchval("select count(*) from call") == 1


async def test_a_large_backlog_is_drained_in_order_and_its_file_goes(
    pool: db.Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = [CallEnded(at=T0, call=begun(n).call, outcome=CallOutcome.ABANDONED, waited_ms=1, talked_ms=0) for n in range(1000)]
    facts = [fact for n in range(1000) for fact in (begun(n), ended[n])]
    journal = Journal(tmp_path / "journal", segment_bytes=20_000)
    journal.open()
    for fact in facts[:1000]:
        journal.append(fact)
    journal._write()
    for fact in facts[1000:]:
        journal.append(fact)
    journal._write()
    monkeypatch.setattr(drains, "KEPT_BYTES", 0)
    await drained(journal, pool, tmp_path)
    assert await pool.fetchval("select count(*) from call where outcome = 'abandoned'") == 1000
    assert await pool.fetchval("select count(*) from recording") == 1000
    assert len(list((tmp_path / "journal").glob("*.jsonl"))) == 1
    journal.close()


async def test_pops_go_on_from_memory_while_the_database_is_killed_and_everything_follows(tmp_path: Path) -> None:
    folder = Path(tempfile.mkdtemp(prefix="tingsu-test-pg-"))
    folder.chmod(0o755)
    plan = PostgresPlan(folder=folder / "postgres", settings=QUICK)
    try:
        async with AsyncExitStack() as second, AsyncExitStack() as first:
            server = await first.enter_async_context(running(plan, progress=lambda _: None))
            own = await db.connect(server.url())
            await migrate(own)
            await own.close()
            pool = await db.open_pool(server.url(), size=5)
            async with office(pool, SystemClock(), tmp_path) as desk:
                await _before_the_fall(desk)
                async with desk.browser("li") as browser:
                    await _with_the_database(desk, browser)
                    server.process.kill()
                    await server.process.wait()
                    await _while_away(desk, browser)
                    await first.aclose()
                    await second.enter_async_context(running(plan, progress=lambda _: None))
                    await _afterwards(desk, browser)
            await pool.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _before_the_fall(desk: Office) -> None:
    await desk.hire("li", extension="1001")
    await customer(desk)
    await desk.change(link())
    await desk.pool.execute("checkpoint")  # who works here stands firm: tests' servers lose their last commits when killed


async def _with_the_database(desk: Office, browser: Browser) -> None:
    await browser.next("hello")
    await desk.change(*queued(), offered())
    await pop_of(browser, "enriched")
    await desk.written()


async def _while_away(desk: Office, browser: Browser) -> None:
    await desk.change(*queued(call=11), offered(call=11, leg=12), *answered(call=11, leg=12))
    while (first := await pop_of(browser, "first"))["card"]["call_id"] != call_id(11):
        continue
    assert first["card"]["customer"]["name"] == "张桂芳"
    assert (await browser.next("call"))["phase"] == "talking"
    await desk.change(*queued(call=21), offered(call=21, leg=22))
    enriched = await pop_of(browser, "enriched")
    assert (enriched["card"]["call_id"], enriched["card"]["history"]) == (call_id(21), False)
    assert enriched["card"]["customer"]["name"] == "张桂芳"
    await until(lambda: desk.drain.away, "the drain notices")


async def _afterwards(desk: Office, browser: Browser) -> None:
    await desk.written()
    async with asyncio.timeout(10):
        while not (said := await browser.next("call"))["ticket_id"]:
            continue
    assert said["call_id"] == call_id(11)
    assert await desk.pool.fetchval("select count(*) from call") == 3
    assert await desk.pool.fetchval("select count(*) from ticket") == 1
    assert await desk.pool.fetchval("select count(*) from pop") == 3
    assert desk.drain.refused_count == 0


WRITER = """
import asyncio, sys
from pathlib import Path
from services.calls.journal import Journal
from tests.integration.test_calls_drain import begun

async def main():
    journal = Journal(Path(sys.argv[1]))
    journal.open()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(journal.run(), name="journal")
        for number in range(1_000_000):
            journal.append(begun(number))
            if number % 50 == 0:
                await asyncio.sleep(0.001)
                print(journal.durable, flush=True)

asyncio.run(main())
"""


async def test_a_killed_process_leaves_a_journal_that_begins_at_one_and_has_no_gap(pool: db.Pool, tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", WRITER, str(folder), stdout=pipe)
    assert process.stdout
    promised, end = 0, time.monotonic() + 1.0
    while promised == 0 or time.monotonic() < end:
        promised = int(await process.stdout.readline())
    process.kill()
    await process.communicate()
    journal = Journal(folder)
    journal.open()
    assert journal.durable >= promised > 0
    await drained(journal, pool, tmp_path)
    ids = [row["id"] for row in await pool.fetch("select id from call")]
    assert {int(one.partition(".")[2]) for one in ids} == set(range(len(ids)))
    journal.close()
