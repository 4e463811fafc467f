"""G3: how long from the switch's bytes to the card in the agent's hands, beside a straight pipe that knows nothing.

This process plays the switch (AMI bytes of whole recorded calls, their ids, numbers and times made new) and 200 browsers, on one
core; the contender has another. Ours is the application itself, as ``tingsu run`` starts it, with everything it always does
meanwhile: journal, database with a large history, look-ups, boards to everybody. 20 calls a second ring the agents in turn; the
first card and the one with the history are measured, and how long one real Chromium needs until the card is painted. Rounds
alternate; figures are medians over the rounds. ``TINGSU_BENCH_TICKETS`` sets the size of the history (10000000 takes minutes).
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
from pathlib import Path

import aiohttp
from playwright.async_api import Page

from cti.events import WANTED
from tests.bench import history, served
from tests.harness.database import DatabaseServer, database_server
from tests.harness.desk_driver import Browser
from tests.harness.fake_switch import FakeSwitch, event, success, wanted_events

ROUNDS = 5
FIRST = 2001  # the first agent's extension
AGENTS = 200
CALLS_A_SECOND = 20
CALLS = 300  # a round
WARM_UP = 40  # calls at the beginning of a round that are not counted
TICKETS = int(os.environ.get("TINGSU_BENCH_TICKETS", "1000000"))
PAINT_EACH = 40  # every so many calls, two seconds apart, ring the agent who has a real browser
CORES = sorted(os.sched_getaffinity(0))
Progress = Callable[[str], None]


@dataclass
class Round:
    """Milliseconds from write to receipt, by call."""

    written: dict[str, float] = field(default_factory=dict)
    """When the ring was told, by ``time.time()``, which a browser of this machine has too."""
    received: dict[str, float] = field(default_factory=dict)
    enriched: dict[str, float] = field(default_factory=dict)
    painted: dict[str, float] = field(default_factory=dict)

    def delays(self, seen: dict[str, float]) -> list[float]:
        """Milliseconds of the calls after the warm-up; of those that were seen."""
        counted = list(self.written)[WARM_UP:]
        return sorted(1000 * (seen[call] - self.written[call]) for call in counted if call in seen)


def quantile(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def run(progress: Progress) -> list[dict[str, object]]:
    """p50 and p99 of both, their ratio, and how many cards came at all."""
    os.sched_setaffinity(0, {CORES[0]})
    try:
        return asyncio.run(_run(progress))
    finally:
        os.sched_setaffinity(0, CORES)


async def _run(progress: Progress) -> list[dict[str, object]]:
    rounds: list[dict[str, Round]] = []
    async with database_server() as server, server.fresh() as url:
        progress(f"G3: a history of {TICKETS:,} calls and tickets")
        await history.load(url, 0, TICKETS)
        tokens = await served.hire(url, FIRST, AGENTS)
        for number in range(ROUNDS):
            measured = {}
            for name in ("ours", "pipe") if number % 2 == 0 else ("pipe", "ours"):
                measured[name] = await _round(name, server, url, tokens, number)
            rounds.append(measured)
            said = ", ".join(f"{n} p50 {_of(r, 0.5):.2f} ms p99 {_of(r, 0.99):.2f} ms" for n, r in measured.items())
            progress(f"G3: round {number + 1} of {ROUNDS}: {said}")
    return _rows(rounds)


def _of(made: Round, share: float) -> float:
    return quantile(made.delays(made.received), share)


async def _round(name: str, server: DatabaseServer, url: str, tokens: dict[str, str], number: int) -> Round:
    made = Round()
    async with AsyncExitStack() as stack:
        switch = await stack.enter_async_context(FakeSwitch())
        switch.answers["Login"] = lambda asked: success(asked) + event("FullyBooted", Status="Fully Booted")
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if name == "ours":
            contender = await stack.enter_async_context(served.application(switch.port, server, url, folder, tokens))
            page = await stack.enter_async_context(_chromium(str(contender["url"]), tokens[str(FIRST)], folder))
        else:
            contender, page = await stack.enter_async_context(_pipe(switch.port)), None
        browsers = await stack.enter_async_context(_browsers(name, contender, made))
        await switch.heard("Login")
        await asyncio.sleep(2)  # the contender's first busyness (200 hellos, snapshot) is not what is measured
        await _calls(switch, made, number)
        await asyncio.sleep(2)
        assert len(browsers) == AGENTS
        if page:
            made.painted |= {call: at / 1000 for call, at in (await page.evaluate("window.painted")).items()}
    return made


PAINTED = """
window.painted = {}
new MutationObserver(() => {
  for (const card of document.querySelectorAll('[data-testid=pop-card]')) {
    const call = card.dataset.callId
    if (call in window.painted) continue
    window.painted[call] = 0
    requestAnimationFrame(() => requestAnimationFrame(() => {
      window.painted[call] = performance.timeOrigin + performance.now()
    }))
  }
}).observe(document, { subtree: true, childList: true, attributes: true })
"""
"""Two frames after the card came into the document it has been painted: the milliseconds of the wall clock by call."""


@asynccontextmanager
async def _chromium(url: str, token: str, folder: Path) -> AsyncIterator[Page]:
    """The first agent's own desk."""
    async with Browser(folder / "chromium") as browser:
        page = await browser.page()
        await page.context.add_cookies([{"name": "tingsu_session", "value": token, "url": url}])
        await page.add_init_script(PAINTED + "\nlocalStorage.setItem('tingsu.loggedIn', 'true')")
        await page.goto(url)
        await page.get_by_test_id("state-switch").wait_for()
        yield page


@asynccontextmanager
async def _pipe(port: int) -> AsyncIterator[dict[str, object]]:
    command = [sys.executable, "-m", "tests.bench.straight_pipe", str(port)]
    pipes = {"stdin": asyncio.subprocess.PIPE, "stdout": asyncio.subprocess.PIPE, "stderr": asyncio.subprocess.DEVNULL}
    process = await asyncio.create_subprocess_exec(*command, limit=1 << 20, **pipes)  # type: ignore[arg-type]
    assert process.stdin
    assert process.stdout
    try:
        while not (line := await process.stdout.readline()).startswith(b'{"url"'):
            if not line:
                raise RuntimeError("the pipe ended before it served")
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
        now = time.time()
        if frame.data.startswith(('{"type":"pop","', '{"type": "pop"')):
            message = json.loads(frame.data)
            card = message.get("card", message)
            made.received.setdefault(card["call_id"], now)
            if card.get("stage") == "enriched":
                made.enriched.setdefault(card["call_id"], now)
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
    call = f"bench{number}-{int(time.time())}.{2 * place}"
    extension = str(FIRST if place % PAINT_EACH == 0 else FIRST + 1 + place % (AGENTS - 1))
    caller = f"138{(place * 37 + number) % history.NUMBERS:08d}"

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
    made.written[call] = time.time()
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


SEEN = {"the first card": "received", "the card with its history": "enriched", "the card painted in Chromium": "painted"}
"""What is measured, to where it stands in a round."""


def _rows(rounds: list[dict[str, Round]]) -> list[dict[str, object]]:
    versions = {"aiohttp": version("aiohttp"), "asyncpg": version("asyncpg"), "tickets": f"{TICKETS:,}", "agents": str(AGENTS)}
    pipes = [each["pipe"] for each in rounds]
    applications = [each["ours"] for each in rounds]
    rows: list[dict[str, object]] = []
    for what, seen in SEEN.items():
        for name, share in (("p50", 0.5), ("p99", 0.99)):
            ours = [quantile(made.delays(getattr(made, seen)), share) for made in applications]
            peer = [quantile(made.delays(made.received), share) for made in pipes]
            ratio = statistics.median(its / mine for mine, its in zip(ours, peer, strict=True))
            text = f"AMI bytes to {what}, {name}; the straight pipe to its frame"
            middle = [round(statistics.median(each), 3) for each in (ours, peer)]
            rows.append(_row(text, *middle, "ms", round(ratio, 3), versions))
    for what, seen in (("cards", "received"), ("cards with their history", "enriched")):
        came = min(len(made.delays(getattr(made, seen))) / (CALLS - WARM_UP) for made in applications)
        rows.append(_row(f"share of {what} that came", came, 1.0, "", round(came, 4), versions))
    return rows


def _row(name: str, ours: float, peer: float, unit: str, ratio: float, versions: dict[str, str]) -> dict[str, object]:
    return {"goal": "G3", "name": name, "ours": ours, "peer": peer, "unit": unit, "ratio": ratio, "versions": versions}
