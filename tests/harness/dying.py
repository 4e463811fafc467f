"""Serves the centre's HTTP door in a process of its own that kills itself, as ``kill -9`` does, before or after a statement.

A request that is under way then never gets its answer, and what it had asked of the database is there as a whole or not at all.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

import asyncpg
from asyncpg.transaction import Transaction

from services.store import db
from tests.harness.clock import HandClock
from tests.harness.office import office

NAME = "dying"
"""What the database calls this process's connections."""

CONTEXT = get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.harness.dying"])  # imports take a second, and there is a process for each statement

WRAPPED = ((asyncpg.Connection, "_do_execute"), (asyncpg.Connection, "_executemany"), (Transaction, "commit"))
"""What asyncpg does for a statement with values, for many at once, and for the end of a transaction."""


@dataclass
class _Fate:
    """How many statements were begun since it was armed, and before which of them the process dies; None: never."""

    counted: int = 0
    dies_at: int | None = None

    def look(self) -> None:
        if self.dies_at is not None and self.counted >= self.dies_at:
            os.kill(os.getpid(), signal.SIGKILL)


def serve(url: str, folder: Path, pipe: Pipe) -> None:
    """The process: tells where it serves, then, of each number that it gets, before which statement from now on it dies."""
    asyncio.run(_serve(url, folder, pipe))


async def _serve(url: str, folder: Path, pipe: Pipe) -> None:
    fate = _Fate()
    pool = await db.open_pool(url, size=2, name=NAME)
    async with office(pool, HandClock(), folder, drained=False) as made:
        for owner, method in WRAPPED:
            setattr(owner, method, _counted(getattr(owner, method), fate))
        pipe.send(made.url)
        while True:
            asked = await asyncio.to_thread(pipe.recv)
            before, fate.counted, fate.dies_at = fate.counted, 0, asked
            pipe.send(before)


def _counted(real: Callable[..., Awaitable[Any]], fate: _Fate) -> Callable[..., Awaitable[Any]]:
    async def wrapper(*args: Any, **more: Any) -> Any:
        fate.look()
        fate.counted += 1
        done = await real(*args, **more)
        fate.look()  # the last one, which ends the transaction, has been done and nobody was told
        return done

    return wrapper
