"""G14 and G16: the HTTP door over years of tickets, beside a bare handler with the same statements; and what growth costs.

Sixteen connections ask the application, as ``tingsu run`` starts it, for lists, searches, tickets and journals; they make tickets
and dispatch orders. The peer is an aiohttp handler that runs, without session, rights or shapes, the very statements that ours
ran for the same request (noted once, in this process); for a new ticket the two rows that there must be. Rounds alternate.

For growth, the same statements are explained at a hundredth, a tenth and all of the history: the blocks that they touch must not
follow it. ``TINGSU_BENCH_TICKETS`` sets the size; there are three journal rows for each ticket (10000000 takes half an hour).
"""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg

from services.now import SystemClock
from services.store import db
from tests.bench import history, served
from tests.harness.database import DatabaseServer, database_server
from tests.harness.fake_switch import FakeSwitch, event, success
from tests.harness.office import office

TICKETS = int(os.environ.get("TINGSU_BENCH_TICKETS", "1000000"))
SIZES = (TICKETS // 100, TICKETS // 10, TICKETS)
FIRST, PEOPLE = 2001, 16
VARIANTS = 24
"""Different requests of a kind; both contenders are asked the same ones."""
ROUNDS, SECONDS = 3, 5.0
AROUND = ("BEGIN", "COMMIT", "SELECT pg_advisory_unlock_all")
"""What the driver says by itself: around a transaction, and when a connection goes back to the pool."""
CORES = sorted(os.sched_getaffinity(0))
Progress = Callable[[str], None]
Statement = tuple[str, list[Any]]


@dataclass(frozen=True)
class Asking:
    """A kind of request: the path of each variant, and of a POST its body."""

    name: str
    paths: tuple[str, ...]
    body: Callable[[int], dict[str, Any]] | None = None


@dataclass
class Noted:
    """What ours did for each read request: the statements that a peer runs too, and how many there were in all."""

    statements: dict[str, list[Statement]] = field(default_factory=dict)
    counted: dict[str, int] = field(default_factory=dict)
    commits: dict[str, int] = field(default_factory=dict)


def reads(size: int) -> list[Asking]:
    """What people look at all day; spread over the whole history."""
    places = [1 + place * 7_919_993 % size for place in range(VARIANTS)]
    numbers = [f"138{place // history.EACH:08d}" for place in places]
    return [
        Asking("list of open tickets, with its counts", ("/api/tickets?state=open",) * VARIANTS),
        Asking("list of all, by state and time", tuple(f"/api/tickets?sort=received&limit={50 + n}" for n in range(VARIANTS))),
        Asking("search by a customer's number", tuple(f"/api/tickets?q={number}" for number in numbers)),
        Asking("search by a word", ("/api/tickets?q=%E5%A4%9A%E6%94%B6",) * VARIANTS),
        Asking("one ticket", tuple(f"/api/tickets/{place}" for place in places)),
        Asking("a ticket's journal", tuple(f"/api/tickets/{place}/journal" for place in places)),
        Asking("a ticket's orders", tuple(f"/api/tickets/{place}/orders" for place in places)),
    ]


def run(progress: Progress) -> list[dict[str, object]]:
    """Requests a second and p99 of both; statements of each request; blocks that each touches as the history grows."""
    os.sched_setaffinity(0, {CORES[0]})
    try:
        return asyncio.run(_run(progress))
    finally:
        os.sched_setaffinity(0, CORES)


async def _run(progress: Progress) -> list[dict[str, object]]:
    async with database_server() as server, server.fresh() as url:
        tokens = await served.hire(url, FIRST, PEOPLE, role="senior_agent")
        await department(url)
        grown: dict[str, list[int]] = {}
        noted, known = Noted(), 0
        for size in SIZES:
            progress(f"G16: a history of {size:,} tickets and {3 * size:,} journal rows")
            await history.load(url, known, size, journals=True)
            known = size
            noted = await note(url, reads(size))
            for name, blocks in (await explained(url, noted)).items():
                grown.setdefault(name, []).append(blocks)
        rows = _growth(grown, noted)
        rounds = await _rounds(server, url, tokens, noted, progress)
        return rows + _speed(rounds, noted)


async def department(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("insert into department (code, zh, en, hours) values ('network', '网络部', 'Network', 24)")
    finally:
        await connection.close()


async def note(url: str, wanted: list[Asking]) -> Noted:
    """Asks the door once for each, in this process, and notes what it asks the database."""
    noted, heard = Noted(), list[Statement]()

    def hear(record: Any) -> None:
        heard.append((record.query, list(record.args)))

    async def admit(connection: db.Connection) -> None:
        connection.add_query_logger(hear)

    pool = await db.open_pool(url, size=1, admit=admit)
    with tempfile.TemporaryDirectory() as folder:
        async with office(pool, SystemClock(), Path(folder), drained=False) as made:
            login = f"bench-{time.time_ns()}"  # another one at each size
            await made.hire(login, "senior_agent")

            async def one(method: str, path: str, body: Any = None) -> tuple[list[Statement], int]:
                heard.clear()
                status, answer = await made.ask(login, method, path, body)
                assert status in (200, 201), (path, status, answer)
                await asyncio.sleep(0.01)  # the driver tells of a statement in the loop's next turn
                asked = [each for each in heard if not each[0].startswith(AROUND)]
                return asked, sum(each[0].startswith("COMMIT") for each in heard)

            for asking in wanted:
                for place, path in enumerate(asking.paths):
                    asked, commits = await one("GET", path)
                    key = f"{asking.name} {place}"
                    noted.statements[key], noted.counted[asking.name], noted.commits[asking.name] = asked, len(asked), commits
            asked, commits = await one("POST", "/api/tickets", _new(0))
            noted.counted["new ticket"], noted.commits["new ticket"] = len(asked), commits
    await pool.close()
    return noted


async def explained(url: str, noted: Noted) -> dict[str, int]:
    """Blocks that all statements of a request touch, the middle of its variants."""
    connection = await db.connect(url)
    found: dict[str, list[int]] = {}
    try:
        for key, statements in noted.statements.items():
            blocks = 0
            for sql, values in statements:
                if sql.lstrip().lower().startswith(("select", "with")):
                    told = await connection.fetchval(f"explain (analyze, buffers, format json) {sql}", *values)
                    plan = json.loads(told)[0]["Plan"]
                    blocks += plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
            found.setdefault(key.rpartition(" ")[0], []).append(blocks)
    finally:
        await connection.close()
    return {name: int(statistics.median(blocks)) for name, blocks in found.items()}


@dataclass
class Measured:
    """Milliseconds of each answer, by kind of request, and how long it was asked for."""

    took: dict[str, list[float]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def rate(self, name: str) -> float:
        return len(self.took[name]) / self.seconds[name]

    def quantile(self, name: str, share: float) -> float:
        ordered = sorted(self.took[name])
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


async def _rounds(
    server: DatabaseServer, url: str, tokens: dict[str, str], noted: Noted, progress: Progress
) -> list[dict[str, Measured]]:
    rounds: list[dict[str, Measured]] = []
    fresh = _open_ones(url)
    for number in range(ROUNDS):
        made = {}
        for name in ("ours", "bare") if number % 2 == 0 else ("bare", "ours"):
            made[name] = await (_ours(server, url, tokens, fresh) if name == "ours" else _bare(url, noted))
        rounds.append(made)
        said = ", ".join(f"{kind} {each.rate('one ticket'):.0f}/s" for kind, each in made.items())
        progress(f"G14: round {number + 1} of {ROUNDS}: one ticket: {said}")
    return rounds


async def _open_ones(url: str) -> AsyncIterator[int]:
    """Open tickets that no order is about, newest last; each once."""
    after = 0
    while True:
        connection = await asyncpg.connect(url)
        try:
            rows = await connection.fetch(
                "select id from ticket where state = 'open' and id > $1 and dispatched_at is null order by id limit 2000", after
            )
        finally:
            await connection.close()
        if not rows:
            raise RuntimeError("no open tickets are left to dispatch: a larger history is needed")
        for row in rows:
            after = row["id"]
            yield row["id"]


def _new(place: int) -> dict[str, Any]:
    return {"key": f"bench-{time.time_ns()}-{place}", "fields": {"kind": "complaint", "description": "多收了钱"}}


async def _ours(server: DatabaseServer, url: str, tokens: dict[str, str], fresh: AsyncIterator[int]) -> Measured:
    made = Measured()
    async with AsyncExitStack() as stack:
        switch = await stack.enter_async_context(FakeSwitch())
        switch.answers["Login"] = lambda asked: success(asked) + event("FullyBooted", Status="Fully Booted")
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        contender = await stack.enter_async_context(served.application(switch.port, server, url, folder, tokens))
        await asyncio.sleep(2)
        base, cookies = str(contender["url"]), contender["cookies"]
        assert isinstance(cookies, dict)
        headers = [{"Cookie": cookie, "Origin": base} for cookie in cookies.values()]
        for asking in reads(TICKETS):
            await _asked(made, asking.name, base, headers, lambda n, of=asking: ("GET", of.paths[n % VARIANTS], None))
        await _asked(made, "new ticket", base, headers, lambda n: ("POST", "/api/tickets", _new(n)))
        wishes = [(await anext(fresh), await _network(url)) for _ in range(1_000)]

        def dispatch(number: int) -> tuple[str, str, dict[str, Any]] | None:
            if not wishes:
                return None
            ticket, department = wishes.pop()
            wish = {"key": f"bench-{ticket:012d}", "version": 3, "department": department, "task": "查清并答复"}
            return "POST", f"/api/tickets/{ticket}/orders", wish

        await _asked(made, "dispatch that leaves", base, headers, dispatch)
    return made


async def _network(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        found: int = await connection.fetchval("select id from department where code = 'network'")
        return found
    finally:
        await connection.close()


async def _bare(url: str, noted: Noted) -> Measured:
    made = Measured()
    command = [sys.executable, "-m", "tests.bench.bare_handler", url]
    pipes = {"stdin": asyncio.subprocess.PIPE, "stdout": asyncio.subprocess.PIPE}
    process = await asyncio.create_subprocess_exec(*command, limit=1 << 20, **pipes)  # type: ignore[arg-type]
    assert process.stdin
    assert process.stdout
    named = {str(place): statements for place, statements in enumerate(noted.statements.values())}
    process.stdin.write(pickle.dumps(named).hex().encode() + b"\n")
    try:
        base = json.loads(await process.stdout.readline())["url"]
        headers = [{} for _ in range(PEOPLE)]
        keys = list(noted.statements)
        for asking in reads(TICKETS):
            places = [str(keys.index(f"{asking.name} {place}")) for place in range(VARIANTS)]
            await _asked(made, asking.name, base, headers, lambda n, of=places: ("GET", f"/{of[n % VARIANTS]}", None))
        await _asked(made, "new ticket", base, headers, lambda n: ("POST", "/create", _new(n)))
    finally:
        process.stdin.close()
        await process.wait()
    return made


Next = Callable[[int], tuple[str, str, dict[str, Any] | None] | None]


async def _asked(made: Measured, name: str, base: str, headers: list[dict[str, str]], following: Next) -> None:
    """As many requests as there is time for, one at a time on each connection; each must be answered well."""
    took: list[float] = []
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=PEOPLE)) as http:
        began, count = time.perf_counter(), iter(range(10**9))
        ends = began + SECONDS

        async def one(own: dict[str, str]) -> None:
            while time.perf_counter() < ends and (wanted := following(next(count))):
                method, path, body = wanted
                sent = time.perf_counter()
                async with http.request(method, base + path, json=body, headers=own) as answer:
                    text = await answer.read()
                    assert answer.status in (200, 201), (path, answer.status, text[:300])
                took.append(1000 * (time.perf_counter() - sent))

        async with asyncio.TaskGroup() as tasks:
            for own in headers:
                tasks.create_task(one(own), name=f"{name} of one connection")
    made.took[name], made.seconds[name] = took, time.perf_counter() - began


def _versions() -> dict[str, str]:
    return {
        "aiohttp": version("aiohttp"),
        "asyncpg": version("asyncpg"),
        "tickets": f"{TICKETS:,}",
        "journal": f"{3 * TICKETS:,}",
    }


def _growth(grown: dict[str, list[int]], noted: Noted) -> list[dict[str, object]]:
    return [
        {
            "goal": "G16",
            "name": f"{name}: blocks it touches in {TICKETS:,} tickets; in {SIZES[0]:,} (in {SIZES[1]:,}: {blocks[1]})",
            "ours": blocks[-1],
            "peer": blocks[0],
            "unit": "blocks",
            "ratio": round(blocks[0] / max(1, blocks[-1]), 3),
            "versions": _versions(),
        }
        for name, blocks in grown.items()
    ]


def _speed(rounds: list[dict[str, Measured]], noted: Noted) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for name in rounds[0]["ours"].took:
        said = f"{noted.counted[name]} statements, {noted.commits[name]} commits" if name in noted.counted else "as a whole"
        bare = name in rounds[0]["bare"].took
        for what, unit in (("requests a second", "1/s"), ("p99", "ms")):
            ours, peer = (
                [each.rate(name) if unit == "1/s" else each.quantile(name, 0.99) for each in (made[of] for made in rounds)]
                if of == "ours" or bare
                else []
                for of in ("ours", "bare")
            )
            ratios = [mine / its if unit == "1/s" else its / mine for mine, its in zip(ours, peer, strict=False)]
            rows.append(
                {
                    "goal": "G14",
                    "name": f"{name} ({said}): {what}; the bare handler",
                    "ours": round(statistics.median(ours), 3),
                    "peer": round(statistics.median(peer), 3) if peer else "none",
                    "unit": unit,
                    "ratio": round(statistics.median(ratios), 3) if ratios else "none",
                    "versions": _versions(),
                }
            )
    return rows
