from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from services.customers import importing
from services.customers.child import DiskFull
from services.customers.importing import BadColumns, Busy, ImportJob, Imports, Order, State, TooLong
from services.customers.numbers import ANYWHERE
from services.customers.rows import AS_FOUND, Layout
from services.errors import NotFound
from services.store import db
from tests.harness.clock import HandClock
from tests.harness.database import DatabaseServer
from tests.harness.patience import until
from tests.harness.scarcity import small_disk

CSV = "电话,姓名,级别\n13800138000,张三,大客户\n13800138001,李四,\n"
COLUMNS = {"number": 0, "name": 1, "tier": 2}


@pytest_asyncio.fixture
async def pool(postgres: DatabaseServer, database: str) -> AsyncIterator[db.Pool]:
    """By the account that serves in life: it owns nothing and may make no tables, not even for a moment."""
    opened = await db.open_pool(postgres.as_application(database), size=5)
    try:
        yield opened
    finally:
        await opened.close()


@pytest.fixture
def imports(pool: db.Pool, clock: HandClock, tmp_path: Path) -> Imports:
    return Imports(pool, clock, ANYWHERE, tmp_path / "imports")


async def parts(content: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(content), 1 << 16):
        yield content[at : at + (1 << 16)]


async def kept(imports: Imports, text: str) -> ImportJob:
    job = await imports.keep("customers.csv", parts(text.encode()))
    await imports.look(job, AS_FOUND)
    return job


async def run(imports: Imports, text: str = CSV, **order: Any) -> ImportJob:
    job = await kept(imports, text)
    await imports.perform(job, Order(**{"columns": COLUMNS, "write": True, **order}))
    return job


async def table(pool: db.Pool) -> list[tuple[str, str, str, str]]:
    return [tuple(row) for row in await pool.fetch("select number, name, tier, note from customer order by id")]


async def test_a_dry_run_counts_and_writes_nothing(imports: Imports, pool: db.Pool) -> None:
    job = await run(imports, write=False)
    assert (job.state, job.written) == (State.CHECKED, False)
    assert (job.outcome.rows, job.outcome.good, job.outcome.created, job.outcome.changed) == (2, 2, 2, 0)
    assert await table(pool) == []


async def test_a_second_import_changes_only_what_differs(imports: Imports, pool: db.Pool) -> None:
    await run(imports)
    job = await run(imports, CSV.replace("李四", "李思"))
    assert (job.outcome.good, job.outcome.created, job.outcome.changed) == (2, 0, 1)
    assert [name for _, name, _, _ in await table(pool)] == ["张三", "李思"]


async def test_one_problem_and_no_row_is_written_unless_wanted(imports: Imports, pool: db.Pool) -> None:
    job = await run(imports, CSV + "x,王五,\n")
    assert (job.state, job.written, job.outcome.bad) == (State.CHECKED, False, 1)
    assert await table(pool) == []
    job = await run(imports, CSV + "x,王五,\n", partly=True)
    assert (job.state, job.written) == (State.DONE, True)
    assert len(await table(pool)) == 2


async def test_what_the_file_has_no_column_for_is_left_as_it_is(imports: Imports, pool: db.Pool) -> None:
    insert = "insert into customer (number, name, tier, note, changed_at) values ($1, '张三', 'dedicated_line', '注', now())"
    await pool.execute(insert, "+8613800138000")
    job = await run(imports, "电话,姓名\n13800138000,张三丰\n", columns={"number": 0, "name": 1})
    assert job.outcome.changed == 1
    assert await table(pool) == [("+8613800138000", "张三丰", "dedicated_line", "注")]


async def test_texts_arrive_as_they_are(imports: Imports, pool: db.Pool) -> None:
    await run(imports, '电话,姓名,备注\n13800138000,\\N,"一\t\\\n\\.\n三"\n', columns={"number": 0, "name": 1, "note": 2})
    assert await table(pool) == [("+8613800138000", "\\N", "normal", "一\t\\\n\\.\n三")]


async def test_a_file_that_cannot_be_read_is_looked_at_another_way(imports: Imports) -> None:
    job = await imports.keep("x", parts("number,name\n13800138000,张\n".encode("gb18030")))
    await imports.look(job, AS_FOUND)
    assert (job.state, job.seen and job.seen.code) == (State.REFUSED, "gb_or_big5")
    await imports.look(job, Layout("gb18030"))
    assert (job.state, job.look and job.look.rows[0][1]) == (State.LOOKED, ("13800138000", "张"))


@pytest.mark.parametrize(
    "columns", [{}, {"number": 0}, {"number": 0, "name": 0}, {"number": 0, "name": 9}, {"number": 0, "name": 1, "x": 2}]
)
async def test_columns_that_say_too_little_are_refused(imports: Imports, columns: dict[str, int]) -> None:
    with pytest.raises(BadColumns):
        await imports.start(await kept(imports, CSV), Order(columns=columns, write=True))


async def test_imports_wait_for_their_turn(imports: Imports, pool: db.Pool) -> None:
    first, second = await kept(imports, CSV), await kept(imports, CSV.replace("138001380", "139001390"))
    for job in (first, second):
        await imports.start(job, Order(columns=COLUMNS, write=True))
    with pytest.raises(Busy):
        await imports.start(first, Order(columns=COLUMNS, write=True))
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(imports.run(), name="imports")
        await until(lambda: second.state is State.DONE, "the second import")
        running.cancel()
    assert len(await table(pool)) == 4


async def test_what_breaks_in_the_middle_leaves_nothing_and_can_be_done_again(
    imports: Imports, pool: db.Pool, owner: db.OwnConnection
) -> None:
    job = await kept(imports, CSV)
    await imports.start(job, Order(columns=COLUMNS, write=True))
    await owner.execute("alter table audit rename to elsewhere")
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(imports.run(), name="imports")
        await until(lambda: job.state is State.FAILED, "the failure of the import")
        assert await table(pool) == []
        await owner.execute("alter table elsewhere rename to audit")
        await imports.start(job, Order(columns=COLUMNS, write=True))
        await until(lambda: job.state is State.DONE, "the import")
        running.cancel()
    assert len(await table(pool)) == 2


async def test_a_file_that_is_too_large_is_not_kept(imports: Imports, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "MOST_BYTES", 100_000)
    with pytest.raises(TooLong):
        await imports.keep("x", parts(b"x" * 200_000))
    assert list((tmp_path / "imports").iterdir()) == []


async def test_old_files_go_and_no_other_account_reads_those_there(imports: Imports, tmp_path: Path) -> None:
    jobs = [await kept(imports, CSV) for _ in range(importing.KEPT + 3)]
    folders = list((tmp_path / "imports").iterdir())
    assert len(folders) == importing.KEPT
    assert {folder.stat().st_mode & 0o077 for folder in folders} == {0}
    assert imports.of(jobs[-1].id, None) is jobs[-1]
    with pytest.raises(NotFound):
        imports.of(jobs[0].id, None)


ANNA, BERTA = 1, 2


@pytest_asyncio.fixture
async def staff(owner: db.OwnConnection) -> None:
    """Anna and Berta work here."""
    for one in (ANNA, BERTA):
        await owner.execute(
            "insert into person (id, login, name, roles, password_hash, created_at) overriding system value"
            " values ($1, $2, $2, '{administrator}', 'x', now())",
            one,
            f"p{one}",
        )


async def test_files_that_come_at_once_do_not_throw_each_other_out(imports: Imports) -> None:
    jobs = await asyncio.gather(*(imports.keep("x", parts(CSV.encode())) for _ in range(importing.KEPT)))
    assert [job.file.read_bytes() for job in jobs] == [CSV.encode()] * importing.KEPT


async def test_a_file_that_is_still_coming_is_not_thrown_out_by_others(imports: Imports) -> None:
    half, rest = asyncio.Event(), asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield CSV.encode()[:20]
        half.set()
        await rest.wait()
        yield CSV.encode()[20:]

    async with asyncio.TaskGroup() as tasks:
        slow = tasks.create_task(imports.keep("slow", slowly()), name="slow")
        await half.wait()
        for _ in range(importing.KEPT + 1):
            await kept(imports, CSV)
        rest.set()
    assert slow.result().file.read_bytes() == CSV.encode()
    await imports.look(slow.result(), AS_FOUND)
    assert slow.result().state is State.LOOKED


async def test_more_files_at_once_than_are_kept_are_refused(imports: Imports) -> None:
    never = asyncio.Event()

    async def stuck() -> AsyncIterator[bytes]:
        await never.wait()
        yield b""

    async with asyncio.TaskGroup() as tasks:
        coming = [tasks.create_task(imports.keep("x", stuck()), name="stuck") for _ in range(importing.KEPT)]
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await imports.keep("x", parts(b"x"))
        for one in coming:
            one.cancel()
    assert (await kept(imports, CSV)).state is State.LOOKED


@pytest.mark.usefixtures("staff")
async def test_ones_own_older_file_goes_before_anybody_elses(imports: Imports) -> None:
    first = await imports.keep("x", parts(CSV.encode()), by=ANNA)
    for _ in range(importing.KEPT + 2):
        await imports.keep("x", parts(CSV.encode()), by=BERTA)
    assert imports.of(first.id, ANNA) is first


async def test_one_thing_at_a_time_is_done_with_a_file(imports: Imports, pool: db.Pool) -> None:
    """Two looks, a look and a start, two starts: the second is told to wait, and the first is not disturbed."""
    job = await kept(imports, CSV)
    order = Order(columns=COLUMNS, write=True)
    done = await asyncio.gather(
        imports.look(job, AS_FOUND), imports.look(job, Layout("gb18030")), imports.start(job, order), return_exceptions=True
    )
    assert [type(one) for one in done] == [type(None), Busy, Busy]
    assert (job.state, job.layout.encoding) == (State.LOOKED, "utf-8")
    done = await asyncio.gather(imports.start(job, order), imports.start(job, order), return_exceptions=True)
    assert [type(one) for one in done] == [type(None), Busy]
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(imports.run(), name="imports")
        await until(lambda: job.state is State.DONE, "the import")
        running.cancel()
    written = "select count(*) from audit where action = 'customer.import'"
    assert (await pool.fetchval(written), len(await table(pool))) == (1, 2)


@pytest.mark.usefixtures("staff")
async def test_an_import_is_nobody_elses(imports: Imports) -> None:
    job = await imports.keep("x", parts(CSV.encode()), by=ANNA)
    assert imports.of(job.id, ANNA) is job
    assert (imports.all_of(ANNA), imports.all_of(BERTA)) == ([job], [])
    for other in (BERTA, None):
        with pytest.raises(NotFound):
            imports.of(job.id, other)


@pytest.mark.parametrize("at", [State.WAITING, State.READING, State.WRITING])
async def test_an_import_that_is_called_off_leaves_nothing(
    imports: Imports, pool: db.Pool, owner: db.OwnConnection, at: State
) -> None:
    job, other = await kept(imports, LONG), await kept(imports, CSV)
    await imports.start(job, Order(columns=COLUMNS, write=True))
    await imports.start(other, Order(columns=COLUMNS, write=True))
    async with owner.transaction(), asyncio.TaskGroup() as tasks:
        await owner.execute("lock table staged_customer")  # so that writing takes as long as we want
        if at is not State.WAITING:
            running = tasks.create_task(imports.run(), name="imports")
        await until(lambda: job.state is at, f"the import is {at}")
        await imports.call_off(job)
        with pytest.raises(NotFound):
            imports.of(job.id, None)
        if at is not State.WAITING:
            running.cancel()
    assert not job.folder.exists()
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(imports.run(), name="imports")
        await until(lambda: other.state is State.DONE or not imports._waiting, "the one behind it")
        running.cancel()
    assert len(await table(pool)) in {0, 2}
    assert await pool.fetchval("select count(*) from staged_customer") == 0


async def test_a_full_disk_is_said_and_leaves_nothing_behind(
    pool: db.Pool, clock: HandClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_disk(tmp_path / "disk", 2) as disk:
        imports = Imports(pool, clock, ANYWHERE, disk.folder / "imports")
        with pytest.raises(DiskFull):
            await imports.keep("x", parts(b"x" * 4_000_000))
        assert list((disk.folder / "imports").iterdir()) == []
        job = await imports.keep("x", parts(LONG[:1_500_000].encode()))
        await imports.look(job, AS_FOUND)
        await imports.start(job, Order(columns=COLUMNS, write=True, partly=True))
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(imports.run(), name="imports")
            await until(lambda: job.state is State.FAILED, "the failure")
            assert (job.failure, await table(pool), job.good.exists()) == ("disk_full", [], False)
            running.cancel()


async def test_a_database_that_goes_in_the_middle_is_said_and_the_import_can_be_done_again(
    imports: Imports, pool: db.Pool, owner: db.OwnConnection
) -> None:
    job = await kept(imports, CSV)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(imports.run(), name="imports")
        async with owner.transaction():
            await owner.execute("lock table customer in exclusive mode")
            await imports.start(job, Order(columns=COLUMNS, write=True))
            blocked = "select pid from pg_locks where relation = 'customer'::regclass and not granted"
            pid = await until(lambda: owner.fetchval(blocked), "the writing")
            await owner.execute("select pg_terminate_backend($1)", pid)
            await until(lambda: job.state is State.FAILED, "the failure")
        assert (job.failure, await table(pool)) == ("database_away", [])
        await imports.start(job, Order(columns=COLUMNS, write=True))
        await until(lambda: job.state is State.DONE, "the import")
        running.cancel()
    assert (job.failure, len(await table(pool))) == ("", 2)


async def test_two_who_import_the_same_numbers_the_other_way_round_do_not_stop_each_other(
    pool: db.Pool, clock: HandClock, tmp_path: Path
) -> None:
    rows = [f"138{number:08d},{{}},normal\n" for number in range(20_000)]
    texts = "".join(rows).replace("{}", "张三"), "".join(reversed(rows)).replace("{}", "李四")

    async def one(text: str, place: str) -> ImportJob:
        return await run(Imports(pool, clock, ANYWHERE, tmp_path / place), f"number,name,tier\n{text}")

    jobs = await asyncio.gather(one(texts[0], "a"), one(texts[1], "b"))
    assert sorted((job.outcome.created, job.outcome.changed) for job in jobs) == [(0, 20_000), (20_000, 0)]


LONG = "number,name,tier,note\n" + "".join(f"138{number:08d},张三,normal,\n" for number in range(100_000))
HELD_UP = 0.05  # s of computing; what one request may hold up everybody else


async def test_phones_ring_on_while_a_long_list_is_imported(imports: Imports) -> None:
    """By what is computed between two turns of the loop: reading there would be seconds of it, a busy machine adds none."""
    job = await imports.keep("long.csv", parts(LONG.encode()))
    longest, last = 0.0, time.thread_time()

    async def all_of_it() -> None:
        await imports.look(job, AS_FOUND)
        await imports.perform(job, Order(columns={"number": 0, "name": 1, "tier": 2, "note": 3}, write=True))

    async with asyncio.TaskGroup() as tasks:
        loading = tasks.create_task(all_of_it(), name="import")
        while not loading.done():
            await asyncio.sleep(0)
            longest, last = max(longest, time.thread_time() - last), time.thread_time()
    assert job.outcome.created == 100_000
    assert longest < HELD_UP
