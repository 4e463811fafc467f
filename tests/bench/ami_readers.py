"""The contenders of G1, each run as its own process: ``python -m tests.bench.ami_readers NAME PORT``.

Each logs in, reads until the closing event and prints one JSON object: ``cpu`` seconds of user and system time from the login's
answer to the closing event, ``seen`` events (ours: changes) that reached the code behind the reader, and ``block``, the longest
time in milliseconds that the event loop computed without looking at anything else (null without a loop).
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

from cti.changes import Change
from cti.monitor import Monitor
from cti.settings import AmiSettings
from cti.switch_time import SwitchTime
from services.now import SystemClock
from tests.harness.fake_switch import SECRET, USER

LAST_QUEUE = "the-last-of-all"
"""The closing event is a QueueMemberAdded of this queue, of extension 9999."""
BEFORE = "FullyBooted"
"""Comes with the login and is not of the stream."""
LOOK = 0.001


def cpu() -> float:
    """Seconds this process has computed, all threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


class Pulse:
    """A timer that should beat every millisecond; the most that was computed between two beats.

    Computed, not passed: other programs of the machine are not our blocks.
    """

    def __init__(self) -> None:
        self.worst = 0.0

    async def beat(self) -> None:
        before = time.thread_time()
        while True:
            await asyncio.sleep(LOOK)
            now = time.thread_time()
            before, self.worst = now, max(self.worst, now - before)


async def _with_pulse(work: Callable[[], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
    pulse = Pulse()
    async with asyncio.TaskGroup() as tasks:
        beating = tasks.create_task(pulse.beat(), name="pulse")
        found = await work()
        beating.cancel()
    return {**found, "block": pulse.worst * 1000}


async def ours(port: int) -> dict[str, Any]:
    """The whole of cti: link, backlog, parsing, board, queues, roster, and an awaited listener."""
    finished, count, start = asyncio.Event(), 0, 0.0

    async def on_change(change: Change) -> None:
        nonlocal count, start
        start = start or cpu()
        count += 1
        if getattr(change, "extension", "") == "9999":
            finished.set()

    monitor = Monitor(AmiSettings(host="127.0.0.1", port=port, user=USER, secret=SECRET), on_change, SwitchTime(SystemClock()))

    async def work() -> dict[str, Any]:
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(monitor.run(), name="monitor")
            await finished.wait()
            used = cpu() - start
            running.cancel()
        assert not monitor.board.calls
        assert not monitor.malformed
        return {"cpu": used, "seen": count}

    return await _with_pulse(work)


async def panoramisk(port: int) -> dict[str, Any]:
    """Release 1.4 as it comes, one callback for everything, which counts."""
    from panoramisk import Manager

    finished, start = asyncio.Event(), 0.0
    seen = 0
    manager = Manager(host="127.0.0.1", port=port, username=USER, secret=SECRET)

    def callback(_: Manager, event: Any) -> None:
        nonlocal seen, start
        if event.event == BEFORE:
            return
        start = start or cpu()
        seen += 1
        if event.queue == LAST_QUEUE:
            finished.set()

    manager.register_event("*", callback)

    async def work() -> dict[str, Any]:
        manager.connect()
        await finished.wait()
        used = cpu() - start
        manager.close()
        return {"cpu": used, "seen": seen}

    return await _with_pulse(work)


def asterisk_ami(port: int) -> dict[str, Any]:
    """Release 0.1.7, one listener, which counts; it reads in a thread of its own."""
    from asterisk.ami import AMIClient

    finished, start, seen = threading.Event(), 0.0, 0
    client = AMIClient(address="127.0.0.1", port=port, timeout=60)

    def listener(event: Any, **_: Any) -> None:
        nonlocal seen, start
        if event.name == BEFORE:
            return
        start = start or cpu()
        seen += 1
        if event.keys.get("Queue") == LAST_QUEUE:
            finished.set()

    client.add_event_listener(listener)
    client.login(username=USER, secret=SECRET)
    finished.wait()
    return {"cpu": cpu() - start, "seen": seen, "block": None}


def main() -> None:
    name, port = sys.argv[1], int(sys.argv[2])
    if name == "asterisk-ami":
        print(json.dumps(asterisk_ami(port)))
    else:
        print(json.dumps(asyncio.run({"ours": ours, "panoramisk": panoramisk}[name](port))))


if __name__ == "__main__":
    main()
