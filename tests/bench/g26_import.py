"""G26: a file of customers into the table, beside PostgreSQL's bare COPY of the same rows into a table of the same kind.

Ours reads the file in its child process, names every bad row, and writes the good ones in one transaction; the peer gets the rows
ready made and checks nothing. Every row is either in the table or named. ``TINGSU_BENCH_CUSTOMERS`` sets how many.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import asyncpg

from services.customers.importing import Imports, Order
from services.customers.numbers import ANYWHERE
from services.customers.rows import AS_FOUND
from services.now import SystemClock
from services.store import db
from tests.harness.database import database_server

ROWS = int(os.environ.get("TINGSU_BENCH_CUSTOMERS", "1000000"))
ROUNDS = 3
BAD_EACH = 10_000  # every so many rows one has no number
COLUMNS = {"number": 0, "name": 1, "tier": 2, "note": 3}
TIERS = ("普通", "大客户", "重要客户", "专线客户")
PEER = "create table peer (number text not null unique, name text not null, tier text not null, note text not null)"
Progress = Callable[[str], None]


def run(progress: Progress) -> list[dict[str, object]]:
    """Rows a second of both, and how many rows neither came in nor were named."""
    return asyncio.run(_run(progress))


async def _run(progress: Progress) -> list[dict[str, object]]:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        await asyncio.to_thread(_write, folder)
        rounds = []
        async with database_server() as server:
            for number in range(ROUNDS):
                async with server.fresh() as url:
                    peer = await _copy(url, folder / "ready.tsv")
                    ours, lost = await _import(url, folder)
                rounds.append((ours, peer, lost))
                progress(f"G26: round {number + 1} of {ROUNDS}: ours {ours:.1f} s, COPY {peer:.1f} s, {lost} rows lost")
    rate = [round(ROWS / statistics.median(each)) for each in ([ours for ours, _, _ in rounds], [peer for _, peer, _ in rounds])]
    ratio = statistics.median(peer / ours for ours, peer, _ in rounds)
    lost = max(lost for _, _, lost in rounds)
    versions = {"rows": f"{ROWS:,}", "asyncpg": asyncpg.__version__}
    common = {"goal": "G26", "versions": versions}
    return [
        {**common, "name": "a CSV of customers; a bare COPY", "ours": rate[0], "peer": rate[1], "unit": "rows/s", "ratio": ratio},
        {
            **common,
            "name": "rows lost without a word",
            "ours": lost,
            "peer": 0,
            "unit": "rows",
            "ratio": 1.0 if not lost else 0.0,
        },
    ]


def _write(folder: Path) -> None:
    """The file as a customer would send it, and the same rows as the table has them."""
    with (folder / "customers.csv").open("w", encoding="utf-8") as csv, (folder / "ready.tsv").open("w", encoding="utf-8") as tsv:
        csv.write("电话号码,客户名称,客户级别,备注\n")
        for n in range(ROWS):
            number, name, note = f"138{n:08d}", f"客户{n}", "" if n % 3 else f"第{n}号"
            csv.write(f"{'' if n % BAD_EACH == 7 else number},{name},{TIERS[n % 4]},{note}\n")
            tsv.write(f"+86{number}\t{name}\tnormal\t{note}\n")


async def _copy(url: str, rows: Path) -> float:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(PEER)
        began = time.perf_counter()
        await connection.copy_to_table("peer", source=rows)
        return time.perf_counter() - began
    finally:
        await connection.close()


async def _import(url: str, folder: Path) -> tuple[float, int]:
    """Seconds, and rows that neither came in nor were named."""
    pool = await db.open_pool(url, size=2)
    imports = Imports(pool, SystemClock(), ANYWHERE, folder / "imports")
    try:
        began = time.perf_counter()
        job = await imports.keep_file(folder / "customers.csv")
        await imports.look(job, AS_FOUND)
        await imports.perform(job, Order(columns=COLUMNS, write=True, partly=True))
        taken = time.perf_counter() - began
        there: int = await pool.fetchval("select count(*) from customer")
        return taken, ROWS - there - job.outcome.bad
    finally:
        shutil.rmtree(folder / "imports")
        await pool.close()
