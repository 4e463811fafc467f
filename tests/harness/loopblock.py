"""Measures how long one request keeps the loop from everybody else, whatever else the machine does meanwhile.

A block is a stretch in which the loop did not come back to a task that asks for a millisecond, as far as this process was at work
in it: what other processes take of the cores is not counted. A thread that holds the interpreter's lock is, for the loop waits
for it as well.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import http.client
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

LOOK_S = 0.001
PATIENCE_S = 120.0


@dataclass
class Blocks:
    """``worst``: the longest block in seconds."""

    worst: float = 0.0

    async def take(self) -> float:
        """The longest since this was last asked, once the loop is at rest."""
        await asyncio.sleep(3 * LOOK_S)
        taken, self.worst = self.worst, 0.0
        return taken


@contextlib.asynccontextmanager
async def watched() -> AsyncIterator[Blocks]:
    """Noted for as long as the block lasts. The collector does not walk over what stood before, as in the application."""
    blocks = Blocks()
    gc.collect()
    gc.freeze()
    try:
        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(_watch(blocks), name="test: loop blocks")
            await blocks.take()
            try:
                yield blocks
            finally:
                watching.cancel()
    finally:
        gc.unfreeze()


async def _watch(blocks: Blocks) -> None:
    while True:
        wall, cpu = time.monotonic(), time.process_time()
        await asyncio.sleep(LOOK_S)
        late = min(time.monotonic() - wall, time.process_time() - cpu) - LOOK_S
        blocks.worst = max(blocks.worst, late)


@dataclass(frozen=True, kw_only=True)
class Asking:
    """One request as bytes on the wire."""

    method: str
    path: str
    body: bytes | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    size: int
    took: float


async def send(host: str, asking: Asking, headers: Mapping[str, str]) -> Answer:
    """From a thread with a connection of its own: nothing of the asking is done on the loop that is watched."""
    return await asyncio.to_thread(_send, host, asking, headers)


def _send(host: str, asking: Asking, headers: Mapping[str, str]) -> Answer:
    connection = http.client.HTTPConnection(host, timeout=PATIENCE_S)
    try:
        began = time.monotonic()
        with contextlib.suppress(ConnectionError):  # it has answered and hung up while we were still sending
            connection.request(asking.method, asking.path, asking.body, {**asking.headers, **headers})
        answer = connection.getresponse()
        size = len(answer.read())
        return Answer(answer.status, size, time.monotonic() - began)
    finally:
        connection.close()
