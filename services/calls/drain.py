"""Carries facts from the journal into the database: in order, some at a time, the cursor moved in the same transaction.

While the database is away, or the journal cannot be read (no descriptor is free), it waits and the journal grows. A fact that
the database refuses by itself is set aside in the folder's ``refused.jsonl`` and counted; it never stops those behind it.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog

from services.calls import store
from services.calls.facts import Fact, encode
from services.calls.journal import Journal, Read
from services.errors import WorldFailed
from services.store.db import BUSY, Connection, Pool, is_gone, transaction

BATCH = 256
GATHER_S = 0.03  # facts of one moment share a transaction; a draft beside the call can wait so long
KEPT_BYTES = 8_000_000  # applied and kept nevertheless: more than a crashed server can have lost
FIRST_WAIT_S = 0.2
LONGEST_WAIT_S = 5.0

Apply = Callable[[Connection, Fact], Awaitable[object]]
Applied = Callable[[Fact, object], None]

log = structlog.get_logger(__name__)


class Drain:
    """``apply`` performs one fact's effects on a connection; ``applied`` hears of each after its commit."""

    def __init__(self, journal: Journal, pool: Pool, apply: Apply, *, applied: Applied, refused: Path) -> None:
        self._journal = journal
        self._pool = pool
        self._apply = apply
        self._applied = applied
        self._refused = refused
        self._position = 0
        self._sure = False  # that the database's cursor is where we think
        self._moved = asyncio.Event()
        self.away = False
        self.refused_count = 0

    @property
    def behind(self) -> int:
        """Bytes of the journal that the database does not have yet."""
        return self._journal.durable - self._position

    async def run(self) -> None:
        """Drains for ever; owned by the composition root."""
        wait = FIRST_WAIT_S
        while True:
            try:
                await self.step()
                wait = FIRST_WAIT_S
            except (WorldFailed, OSError) as wrong:
                self._say_away(wrong)
                self._sure = False  # a server that crashed may have lost its last commits, and its cursor with them
                await asyncio.sleep(wait * random.uniform(0.8, 1.2))
                wait = min(LONGEST_WAIT_S, wait * 2)

    async def step(self) -> int:
        """Waits until there is something, applies one batch; how many facts. Raises WorldFailed and has then changed nothing."""
        position = await self._start()
        await self._journal.grown_beyond(position)
        await asyncio.sleep(GATHER_S)
        read = await asyncio.to_thread(self._journal.read, position, BATCH)
        for fact, result in await self._batch(read):
            self._applied(fact, result)
        self._position, self.away = read.position, False
        self._moved.set()
        await asyncio.to_thread(self._journal.forget, read.position - KEPT_BYTES)
        return len(read.facts)

    async def caught_up(self) -> None:
        """Returns once everything that is on the disk now is in the database."""
        target = self._journal.durable
        while self._position < target:
            self._moved.clear()
            await self._moved.wait()

    async def _start(self) -> int:
        if not self._sure:
            async with transaction(self._pool) as connection:
                position = await store.cursor_of(connection, self._journal.identity)
            # beyond our end: the folder was restored from before; what it holds is applied again, which changes nothing
            self._position = position if position <= self._journal.durable else self._journal.oldest
            self._sure = True
            self._moved.set()
        return self._position

    async def _batch(self, read: Read) -> list[tuple[Fact, object]]:
        try:
            return await self._together(read)
        except WorldFailed:
            raise
        except Exception as wrong:  # noqa: BLE001  a fact that always fails must not stop those behind it, or us at every start
            log.error("the database refused a batch; one by one now", error=type(wrong).__name__)
            return await self._one_by_one(read)

    async def _together(self, read: Read) -> list[tuple[Fact, object]]:
        async with transaction(self._pool) as connection:
            await store.ensure_calls(connection, read.facts)
            done = [(fact, await self._apply(connection, fact)) for fact in read.facts]
            await store.move_cursor(connection, self._journal.identity, read.position)
        return done

    async def _one_by_one(self, read: Read) -> list[tuple[Fact, object]]:
        done = []
        async with transaction(self._pool) as connection:
            for fact in read.facts:
                try:
                    async with connection.transaction():
                        await store.ensure_calls(connection, (fact,))
                        done.append((fact, await self._apply(connection, fact)))
                except (WorldFailed, *BUSY):
                    raise
                except Exception as wrong:
                    if is_gone(connection):
                        raise
                    await self._set_aside(fact, wrong)
            await store.move_cursor(connection, self._journal.identity, read.position)
        return done

    async def _set_aside(self, fact: Fact, wrong: Exception) -> None:
        self.refused_count += 1
        log.error("a fact was refused and set aside", fact=type(fact).__name__, error=type(wrong).__name__)
        try:
            await asyncio.to_thread(_append, self._refused, encode(fact))
        except OSError as error:
            raise WorldFailed("a refused fact cannot be set aside") from error

    def _say_away(self, wrong: WorldFailed | OSError) -> None:
        if not self.away:
            log.warning("nothing reaches the database; the journal keeps it", why=type(wrong).__name__, behind=self.behind)
        self.away = True


def _append(path: Path, line: bytes) -> None:
    with path.open("ab") as file:
        file.write(line)
