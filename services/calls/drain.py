"""Carries facts from the journal into the database: in order, some at a time, and moves the cursor in the same transaction.

While the database is away, or the journal cannot be read (no descriptor is free), it waits and the journal grows. A fact that
the database refuses by itself is set aside (``services.calls.refused``) and counted; it never stops those behind it, and is
applied again at the next start and whenever a person asks for it.

Only the database itself is believed about how far it has come, inside the transaction that goes on from there: while we were
connected it may have been restored from a copy, or another server may have taken over. Then the journal is applied again from
where the database really stands.
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
from services.calls.refused import RefusedFacts, SetAside
from services.errors import WorldFailed
from services.store.db import BUSY, Connection, Pool, is_gone, transaction
from services.troubles import Troubles, reason_of

BATCH = 256
GATHER_S = 0.03  # facts of one moment share a transaction; a draft beside the call can wait so long
KEPT_BYTES = 128_000_000  # applied and kept nevertheless, some 38,000 calls: last night's copy, restored, is filled up again
FIRST_WAIT_S = 0.2
LONGEST_WAIT_S = 5.0

Apply = Callable[[Connection, Fact], Awaitable[object]]
Applied = Callable[[Fact, object], None]

log = structlog.get_logger(__name__)


class SetBack(WorldFailed):
    """The database stands elsewhere than it did: it was restored, or others have written to it."""

    code = "database_set_back"


class Drain:
    """``apply`` performs one fact's effects on a connection; ``applied`` hears of each after its commit.

    ``refused``: the file of facts set aside. ``on_set_back`` hears when the database turns out to be older than it was.
    """

    def __init__(
        self, journal: Journal, pool: Pool, apply: Apply, *, applied: Applied, refused: Path, troubles: Troubles
    ) -> None:
        self._journal = journal
        self._pool = pool
        self._apply = apply
        self._applied = applied
        self._troubles = troubles
        self._position = 0
        self._sure = False  # whether the database's cursor is where we think
        self._doubted = False
        self._moved = asyncio.Event()
        self._aside = asyncio.Lock()  # the file of refused facts
        self._trying = asyncio.Lock()
        self._opened = False
        self.refused = RefusedFacts(refused)
        self.away = False
        self.on_set_back: Callable[[], None] = lambda: None

    @property
    def behind(self) -> int:
        """Bytes of the journal that the database does not have yet."""
        return self._journal.durable - self._position

    @property
    def refused_count(self) -> int:
        """Facts set aside, by whichever process."""
        return self.refused.count

    async def run(self) -> None:
        """Drains for ever; the composition root owns the task."""
        wait = FIRST_WAIT_S
        while True:
            try:
                await self._open_refused()
                await self.step()
                wait = FIRST_WAIT_S
            except Exception as wrong:  # noqa: BLE001  whatever the database says: the journal keeps what it does not take
                self._say_away(wrong)
                self._sure = False  # a server that crashed may have lost its last commits, and its cursor with them
                await asyncio.sleep(wait * random.uniform(0.8, 1.2))
                wait = min(LONGEST_WAIT_S, wait * 2)

    async def step(self) -> int:
        """Waits until there is something, applies one batch, and returns how many facts that were. Raises WorldFailed if
        nothing was changed.
        """
        position = await self._start()
        await self._journal.grown_beyond(position)
        if not self._sure:
            return 0
        await asyncio.sleep(GATHER_S)
        read = await asyncio.to_thread(self._journal.read, position, BATCH)
        try:
            done = await self._batch(read)
        except SetBack:
            self._sure = False
            return 0
        self._position, self.away = read.position, False
        self._moved.set()
        for fact, result in done:
            self._applied(fact, result)
        await asyncio.to_thread(self._journal.forget, read.position - KEPT_BYTES)
        return len(read.facts)

    async def caught_up(self) -> None:
        """Returns once everything that is on the disk now is in the database."""
        target = self._journal.durable
        while self._doubted or self._position < target:
            self._moved.clear()
            await self._moved.wait()

    def doubt(self) -> None:
        """Somebody has found that the database is older than it was: look at once how far it has come, and not when the next
        fact comes.
        """
        self._sure, self._doubted = False, True
        self._journal.stir()

    async def retry(self) -> int:
        """Applies once more what was refused; returns how many facts were taken. A fact that is refused again stays, with its
        new reason.
        """
        async with self._trying:
            async with self._aside:
                waiting = await asyncio.to_thread(self.refused.read)
            tried, left = {encode(one.fact) for one in waiting}, list[SetAside]()
            # not under the file's lock: a task that waits for it, to set a fact aside, may have locked rows that we wait for
            for first in range(0, len(waiting), BATCH):
                left += await self._again(waiting[first : first + BATCH])
            async with self._aside:
                fresh = [one for one in await asyncio.to_thread(self.refused.read) if encode(one.fact) not in tried]
                await asyncio.to_thread(self.refused.keep, [*left, *fresh])
        log.info("calls.refused_again", taken=len(waiting) - len(left), left=len(left))
        return len(waiting) - len(left)

    async def _open_refused(self) -> None:
        """Once: counts what earlier processes set aside, and tries it again, as it may have been repaired meanwhile."""
        if not self._opened:
            await asyncio.to_thread(self.refused.open)
            self._opened = True
            if self.refused.count:
                try:
                    await self.retry()
                except WorldFailed:
                    self._opened = False  # away just now: not tried at all
                    raise

    async def _start(self) -> int:
        if not self._sure:
            async with transaction(self._pool) as connection:
                position = await store.lock_cursor(connection, self._journal.identity)
                if position > self._journal.durable:
                    # the folder was restored from before; what it holds is applied again, which changes nothing
                    position = self._journal.oldest
                    await store.move_cursor(connection, self._journal.identity, position)
            if position < max(self._position, self._journal.oldest):
                self._say_set_back(position)
            self._position = position
            self._sure, self._doubted = True, False
            self._moved.set()
        return self._position

    async def _batch(self, read: Read) -> list[tuple[Fact, object]]:
        try:
            return await self._together(read)
        except WorldFailed:
            raise
        except Exception as wrong:  # noqa: BLE001  a fact that always fails must not stop those behind it, or us at every start
            log.error("calls.batch_refused", error=type(wrong).__name__)
            return await self._one_by_one(read)

    async def _together(self, read: Read) -> list[tuple[Fact, object]]:
        async with transaction(self._pool) as connection:
            await self._stands(connection)
            await store.ensure_calls(connection, read.facts)
            done = [(fact, await self._apply(connection, fact)) for fact in read.facts]
            await store.tell_of(connection, read.facts)
            await store.move_cursor(connection, self._journal.identity, read.position)
        return done

    async def _one_by_one(self, read: Read) -> list[tuple[Fact, object]]:
        done = []
        async with transaction(self._pool) as connection:
            await self._stands(connection)
            for fact in read.facts:
                try:
                    done.append(await self._alone(connection, fact))
                except Exception as wrong:
                    if isinstance(wrong, (WorldFailed, *BUSY)) or is_gone(connection):
                        raise
                    await self._set_aside(fact, wrong)
            await store.tell_of(connection, [fact for fact, _ in done])
            await store.move_cursor(connection, self._journal.identity, read.position)
        return done

    async def _alone(self, connection: Connection, fact: Fact) -> tuple[Fact, object]:
        async with connection.transaction():
            await store.ensure_calls(connection, (fact,))
            return fact, await self._apply(connection, fact)

    async def _again(self, some: list[SetAside]) -> list[SetAside]:
        """The facts that are refused again."""
        done, left = [], []
        async with transaction(self._pool) as connection:
            for one in some:
                try:
                    done.append(await self._alone(connection, one.fact))
                except Exception as wrong:
                    if isinstance(wrong, (WorldFailed, *BUSY)) or is_gone(connection):
                        raise
                    left.append(SetAside(one.at, reason_of(wrong), one.fact))
            await store.settle_late(connection, [fact for fact, _ in done])
            await store.tell_of(connection, [fact for fact, _ in done])
        for fact, result in done:
            self._applied(fact, result)
        return left

    async def _stands(self, connection: Connection) -> None:
        """Raises SetBack unless the database stands where these facts begin."""
        if await store.lock_cursor(connection, self._journal.identity) != self._position:
            raise SetBack

    async def _set_aside(self, fact: Fact, wrong: Exception) -> None:
        reason = reason_of(wrong)
        log.error("calls.fact_refused", fact=type(fact).__name__, reason=reason)
        try:
            async with self._aside:
                await asyncio.to_thread(self.refused.add, SetAside(fact.at, reason, fact))
        except OSError as error:
            raise WorldFailed("a refused fact cannot be set aside") from error

    def _say_set_back(self, position: int) -> None:
        lost = max(0, self._journal.oldest - position)
        again = self._journal.durable - max(position, self._journal.oldest)
        log.error("calls.database_set_back", again=again, no_longer_kept=lost)
        self.on_set_back()

    def _say_away(self, wrong: Exception) -> None:
        if not isinstance(wrong, WorldFailed | OSError):
            self._troubles.note("drain", wrong)
        if not self.away:
            log.warning("calls.database_away", why=type(wrong).__name__, behind=self.behind)
        self.away = True
