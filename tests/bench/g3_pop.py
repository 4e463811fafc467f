"""G3: how long from the switch's bytes to the frame in the agent's hands, beside a straight pipe that knows nothing.

This process plays the switch (AMI bytes of whole recorded calls, their ids, numbers and times made new) and all the browsers, on
one core; the contender has another. 20 calls a second ring 200 agents in turn; ours does everything it always does meanwhile:
journal, database with a large history, look-ups, boards to everybody. Rounds alternate; figures are medians over the rounds.
``TINGSU_BENCH_TICKETS`` sets the size of the history.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from importlib.metadata import version

import aiohttp
import asyncpg

from cti.events import WANTED
from tests.bench.pop_contenders import FIRST
from tests.harness.database import database_server
from tests.harness.fake_switch import FakeSwitch, wanted_events

ROUNDS = 5
AGENTS = 200
CALLS_A_SECOND = 20
CALLS = 300  # a round
WARM_UP = 40  # calls at the beginning of a round that are not counted
TICKETS = int(os.environ.get("TINGSU_BENCH_TICKETS", "1000000"))
NUMBERS = 100_000  # callers in the history
Progress = Callable[[str], None]

HISTORY = f"""
insert into customer (number, name, tier, changed_at)
select '+86138' || lpad(n::text, 8, '0'), '客户' || n, 'normal', now() from generate_series(0, {NUMBERS - 1}) n;
insert into call (id, number, number_sent, name_sent, dialled, started_at, queued_at, queue, ended_at, outcome, waited_ms,
                  talked_ms)
select 'old-1700000000.' || n, '+86138' || lpad((n % {NUMBERS})::text, 8, '0'), '', '', '10000',
       now() - interval '1 day' - n * interval '20 seconds', now() - interval '1 day' - n * interval '20 seconds', 'complaints',
       now() - interval '1 day' - n * interval '20 seconds' + interval '3 minutes', 'answered', 4000, 170000
from generate_series(1, {TICKETS}) n;
insert into ticket (number, state, customer_number, kind, business, nature, description, received_at, changed_at)
select 'T' || 2000 + n / 1000000 || '-01-' || lpad((n % 1000000)::text, 6, '0'),
       case when n % 50 = 0 then 'open' else 'closed' end,
       '+86138' || lpad((n % {NUMBERS})::text, 8, '0'), 'complaint', 'data', 'tariff', '多收了钱',
       now() - interval '1 day' - n * interval '20 seconds', now()
from generate_series(1, {TICKETS}) n;
vacuum analyze;
"""


@dataclass
class Round:
    """Milliseconds from write to receipt, by call."""

    written: dict[str, float] = field(default_factory=dict)
    received: dict[str, float] = field(default_factory=dict)

    @property
    def delays(self) -> list[float]:
        counted = list(self.written)[WARM_UP:]
        return [1000 * (self.received[call] - self.written[call]) for call in counted if call in self.received]

    def quantile(self, share: float) -> float:
        ordered = sorted(self.delays)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def run(progress: Progress) -> list[dict[str, object]]:
    """p50 and p99 of both, their ratio, and how many cards came at all."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    try:
        return asyncio.run(_run(progress))
    finally:
        os.sched_setaffinity(0, range(os.cpu_count() or 1))


async def _run(progress: Progress) -> list[dict[str, object]]:
    rounds: list[dict[str, Round]] = []
    async with database_server() as server, server.fresh() as url:
        progress(f"G3: a history of {TICKETS:,} calls and tickets")
        await _load(url)
        for number in range(ROUNDS):
            order = ("ours", "pipe") if number % 2 == 0 else ("pipe", "ours")
            measured = {name: await _round(name, url, number) for name in order}
            rounds.append(measured)
            said = ", ".join(f"{n} p50 {r.quantile(0.5):.2f} ms p99 {r.quantile(0.99):.2f} ms" for n, r in measured.items())
            progress(f"G3: round {number + 1} of {ROUNDS}: {said}")
    return _rows(rounds)


async def _load(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in HISTORY.split(";\n"):
            if statement.strip():
                await connection.execute(statement)
    finally:
        await connection.close()


async def _round(name: str, url: str, number: int) -> Round:
    made = Round()
    async with AsyncExitStack() as stack:
        switch = await stack.enter_async_context(FakeSwitch())
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        contender = await stack.enter_async_context(_contender(name, switch.port, url, folder))
        browsers = await stack.enter_async_context(_browsers(name, contender, made))
        await switch.heard("Login")
        await asyncio.sleep(2)  # the contender's first busyness (200 hellos, snapshot) is not what is measured
        await _calls(switch, made, number)
        await asyncio.sleep(2)
        assert len(browsers) == AGENTS
    return made


@asynccontextmanager
async def _contender(name: str, port: int, url: str, folder: str) -> AsyncIterator[dict[str, object]]:
    command = [sys.executable, "-m", "tests.bench.pop_contenders", name, str(port), str(AGENTS)]
    more = [url, folder] if name == "ours" else []
    pipes = {"stdin": asyncio.subprocess.PIPE, "stdout": asyncio.subprocess.PIPE, "stderr": asyncio.subprocess.DEVNULL}
    process = await asyncio.create_subprocess_exec(*command, *more, limit=1 << 20, **pipes)  # type: ignore[arg-type]
    assert process.stdin
    assert process.stdout
    try:
        while not (line := await process.stdout.readline()).startswith(b'{"url"'):
            if not line:
                raise RuntimeError(f"the contender {name} ended before it served")
        yield json.loads(line)
    finally:
        process.stdin.close()
        try:
            async with asyncio.timeout(20):
                await process.wait()
        except TimeoutError:
            process.kill()


@asynccontextmanager
async def _browsers(name: str, contender: dict[str, object], made: Round) -> AsyncIterator[list[aiohttp.ClientWebSocketResponse]]:
    """200 websockets that note when a card's first frame is in their hands."""
    base, cookies = str(contender["url"]), contender["cookies"]
    assert isinstance(cookies, dict)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http, asyncio.TaskGroup() as tasks:
        sockets, reading = [], []
        for extension in map(str, range(FIRST, FIRST + AGENTS)):
            headers = {"Origin": base, "Cookie": cookies.get(extension, "")}
            where = f"{base}{contender['path']}" + (f"?extension={extension}" if name == "pipe" else "")
            socket = await http.ws_connect(where, headers=headers, max_msg_size=0)
            if name == "ours":
                await socket.send_str('{"type":"resume","since":0}')
            sockets.append(socket)
            reading.append(tasks.create_task(_read(socket, made), name=f"browser {extension}"))
        yield sockets
        for task in reading:
            task.cancel()


async def _read(socket: aiohttp.ClientWebSocketResponse, made: Round) -> None:
    async for frame in socket:
        now = time.perf_counter()
        if frame.data.startswith(('{"type":"pop","', '{"type": "pop"')):
            message = json.loads(frame.data)
            call = message["card"]["call_id"] if "card" in message else message["call_id"]
            made.received.setdefault(call, now)
            if "seq" in message:
                await socket.send_str(f'{{"type":"ack","seq":{message["seq"]},"shown_ms":5}}')


async def _calls(switch: FakeSwitch, made: Round, number: int) -> None:
    """Calls begin every 50 ms; each rings 40 ms after it came, is answered 200 ms later, over 1 s after that."""
    async with asyncio.TaskGroup() as tasks:
        for place in range(CALLS):
            began = time.perf_counter()
            tasks.create_task(_call(switch, made, number, place), name=f"call {place}")
            await asyncio.sleep(max(0.0, 1 / CALLS_A_SECOND - (time.perf_counter() - began)))


async def _call(switch: FakeSwitch, made: Round, number: int, place: int) -> None:
    call, extension = f"bench{number}-{int(time.time())}.{2 * place}", str(FIRST + place % AGENTS)
    caller = f"138{(place * 37 + number) % NUMBERS:08d}"

    def of(messages: list[str]) -> bytes:
        text = "".join(messages)
        for old, new in (
            ("run1-1795467869.16", call),
            ("run1-1795467869.17", f"{call.partition('.')[0]}.{2 * place + 1}"),
            ("13800138000", caller),
            ("2001", extension),
            ("-00000009", f"-{2 * place:08x}"),
            ("-0000000a", f"-{2 * place + 1:08x}"),
            ("b2e63ac4", f"{number:04x}{place:04x}"),
        ):
            text = text.replace(old, new)
        now = time.time()
        return "\r\n".join(
            f"Timestamp: {now:.6f}" if line.startswith("Timestamp: ") else line for line in text.split("\r\n")
        ).encode()

    comes, rings, answers, ends = _parts()
    await switch.send(of(comes))
    await asyncio.sleep(0.04)
    ringing = of(rings)
    made.written[call] = time.perf_counter()
    await switch.send(ringing)
    await asyncio.sleep(0.2)
    await switch.send(of(answers))
    await asyncio.sleep(1)
    await switch.send(of(ends))


def _parts() -> tuple[list[str], list[str], list[str], list[str]]:
    """One recorded call in four: it comes, it rings, it is answered, it ends."""
    messages = [m.decode() for m in wanted_events("queue_answered.txt", WANTED) if not m.startswith(b"Event: QueueMemberAdded")]
    rings = next(i for i, m in enumerate(messages) if m.startswith("Event: AgentCalled"))
    answers = next(i for i, m in enumerate(messages) if m.startswith("Event: QueueCallerLeave"))
    ends = next(i for i, m in enumerate(messages) if m.startswith("Event: BridgeLeave"))
    return messages[:rings], messages[rings:answers], messages[answers:ends], messages[ends:]


def _rows(rounds: list[dict[str, Round]]) -> list[dict[str, object]]:
    versions = {"aiohttp": version("aiohttp"), "asyncpg": version("asyncpg"), "tickets": f"{TICKETS:,}", "agents": str(AGENTS)}
    rows: list[dict[str, object]] = []
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        ours, pipe = (statistics.median(each[who].quantile(share) for each in rounds) for who in ("ours", "pipe"))
        ratio = statistics.median(each["pipe"].quantile(share) / each["ours"].quantile(share) for each in rounds)
        what = f"AMI bytes to frame, {name}; the straight pipe"
        rows.append(_row(what, round(ours, 3), round(pipe, 3), "ms", round(ratio, 3), versions))
    came = [len(each[who].delays) / (CALLS - WARM_UP) for each in rounds for who in ("ours",)]
    rows.append(_row("share of cards that came", min(came), 1.0, "", round(min(came), 4), versions))
    return rows


def _row(name: str, ours: float, peer: float, unit: str, ratio: float, versions: dict[str, str]) -> dict[str, object]:
    return {"goal": "G3", "name": name, "ours": ours, "peer": peer, "unit": unit, "ratio": ratio, "versions": versions}
