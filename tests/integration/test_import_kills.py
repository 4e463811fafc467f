"""kill -9 in the middle of an import, by the process that performs it: while the file comes, is looked at, is read, is written.

Afterwards all of it is in the table, or nothing is; nothing of it stands beside the table or lies on the disk once somebody else
has started; who read the file is gone too; and the file can be imported again.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from services.customers.importing import Imports, Order, State
from services.customers.kept import claimed
from services.customers.numbers import ANYWHERE
from services.customers.rows import AS_FOUND
from services.now import SystemClock
from services.store import db
from tests.harness.chance import CHANCE
from tests.harness.database import DatabaseServer
from tests.harness.patience import until

ROWS = int(os.environ.get("TINGSU_KILLED_ROWS", "150000"))
COLUMNS = {"number": 0, "name": 1}
PHASES = ("arriving", "looking", "reading", "writing", "done")
IMPORT = """
import asyncio, pathlib, sys
from services.now import SystemClock
from services.customers.importing import Imports, Order
from services.customers.kept import claimed
from services.customers.numbers import ANYWHERE
from services.customers.rows import AS_FOUND
from services.store import db

async def parts(path):
    with open(path, "rb") as file:
        while part := file.read(1 << 14):
            yield part
            await asyncio.sleep(0)

async def main(url, base, path):
    pool = await db.open_pool(url, size=3)
    with claimed(pathlib.Path(base)) as folder:
        imports = Imports(pool, SystemClock(), ANYWHERE, folder)
        print("arriving", flush=True)
        job = await imports.keep("x", parts(path))
        print("looking", flush=True)
        await imports.look(job, AS_FOUND)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(imports.run(), name="imports")
            await imports.start(job, Order(columns={"number": 0, "name": 1}, write=True))
            said = ""
            while True:
                if job.state.value != said:
                    said = job.state.value
                    print(said, flush=True)
                await asyncio.sleep(0.001)

asyncio.run(main(*sys.argv[1:]))
"""


@pytest_asyncio.fixture
async def pool(postgres: DatabaseServer, database: str) -> AsyncIterator[db.Pool]:
    opened = await db.open_pool(postgres.as_application(database), size=3, statement_ms=120_000)
    try:
        yield opened
    finally:
        await opened.close()


@pytest.mark.parametrize("phase", PHASES)
async def test_a_kill_leaves_all_of_an_import_or_nothing(
    postgres: DatabaseServer, database: str, pool: db.Pool, tmp_path: Path, phase: str
) -> None:
    file, base = tmp_path / "customers.csv", tmp_path / "imports"
    file.write_text("number,name\n" + "".join(f"138{number:08d},张三\n" for number in range(ROWS)), "utf-8")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", IMPORT, postgres.as_application(database), str(base), str(file), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout
        while (await process.stdout.readline()).decode().strip() != phase:
            assert process.returncode is None
        await asyncio.sleep(CHANCE.uniform(0, 0.2))
    finally:
        process.kill()
        await process.wait()

    await until(lambda: not readers_of(process.pid), "the end of who read the file")
    await until(lambda: pool.fetchval(ALONE), "the end of what it had begun in the database")
    there = await pool.fetchval("select count(*) from customer")
    noted = await pool.fetchval("select count(*) from audit where action = 'customer.import'")
    assert (there, noted) in {(0, 0), (ROWS, 1)}
    assert there == 0 or phase in {"writing", "done"}
    assert await pool.fetchval("select count(*) from staged_customer") == 0

    with claimed(base) as ours:
        assert [one.name for one in base.iterdir() if one.is_dir()] == [ours.name]
        imports = Imports(pool, SystemClock(), ANYWHERE, ours)
        job = await imports.keep_file(file)
        await imports.look(job, AS_FOUND)
        await imports.perform(job, Order(columns=COLUMNS, write=True))
        assert (job.state, job.outcome.created) == (State.DONE, ROWS - there)
    assert await pool.fetchval("select count(*) from customer") == ROWS


ALONE = """select not exists (select from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle')"""


def readers_of(parent: int) -> list[psutil.Process]:
    """Whose command line says that they read for this process; it is no child of anybody's any more."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        line = process.info["cmdline"] or []
        if line[-2:] == ["services.customers.reader", str(parent)]:
            found.append(process)
    return found
