"""Runs the workers between the spool and the draft: a finished call's legs are woven, archived and listened to, and their words
fill the draft (C6, C7).

Each step is a row that survives us; each worker is a module: ``archiving`` makes recordings, ``listening`` finds their words,
``adoption`` goes through what lies in the spool unasked for. There is one intake for a spool.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection
from pathlib import Path
from typing import Any, Protocol

from cti.ids import CallId
from recordings.archive import Archive
from services.now import Clock
from services.recordings import store as recordings
from services.recordings.adoption import Adoption
from services.recordings.archiving import Archiving
from services.recordings.reconcile import Reconciler
from services.recordings.steps import IntakeSettings
from services.store.db import Pool, connection, transaction
from services.store.jobs import for_ever, until_kept
from services.transcripts import store
from services.transcripts.listening import Crew, Listener
from services.transcripts.wire import DraftMessage
from services.troubles import Troubles

SWEEP_S = 60.0
LOOK_S = 0.5


class Outbox(Protocol):
    """The hub."""

    def push(self, person: int, key: str, make: Callable[[int], DraftMessage], *, over: bool = False) -> int: ...


async def _at_once() -> None:
    """Nothing is behind."""


class Intake:
    """``run`` does everything.

    ``crew`` None: recordings are kept, nobody listens. ``live``: calls that go on; ``hearing``: the switch is heard;
    ``caught_up`` returns once all that was heard is in the database.
    """

    def __init__(
        self,
        pool: Pool,
        archive: Archive,
        crew: Crew | None,
        outbox: Outbox,
        clock: Clock,
        *,
        settings: IntakeSettings,
        live: Callable[[], Collection[CallId]] = tuple,
        hearing: Callable[[], bool] = lambda: True,
        caught_up: Callable[[], Awaitable[None]] = _at_once,
        troubles: Troubles | None = None,
    ) -> None:
        self._pool = pool
        self._troubles = troubles or Troubles(clock)
        self._outbox = outbox
        self._clock = clock
        self._settings = settings
        self.archiving = Archiving(pool, archive, clock, settings=settings, tell=self._tell_of)
        self.adoption = Adoption(pool, archive, clock, settings=settings, live=live, hearing=hearing, caught_up=caught_up)
        self.reconciler = Reconciler(pool, archive, clock, settings=settings, live=live, caught_up=caught_up)
        self.listener = Listener(pool, archive, crew, clock, settings=settings, tell=self._tell_of) if crew else None

    async def run(self) -> None:
        """For ever; owned by the composition root."""
        await asyncio.to_thread(self._settings.work.mkdir, parents=True, exist_ok=True, mode=0o700)
        await asyncio.to_thread(sweep, self._settings.work)
        await self.release()
        sweep_s = min(SWEEP_S, self._settings.orphan_age.total_seconds())
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._step_for_ever("archiving", self.archiving.next, LOOK_S), name="intake: archive")
            tasks.create_task(self._step_for_ever("adoption", self.adoption.look, sweep_s), name="intake: orphans")
            tasks.create_task(self._step_for_ever("reconciler", self.reconciler.step, LOOK_S), name="intake: reconciler")
            for number in range(self._settings.listeners if self.listener else 0):
                assert self.listener
                tasks.create_task(self._step_for_ever("listening", self.listener.next, LOOK_S), name=f"intake: listener {number}")

    async def _step_for_ever(self, part: str, step: Callable[[], Awaitable[bool]], pause_s: float) -> None:
        await for_ever(step, pause_s, part=part, troubles=self._troubles)

    async def release(self) -> None:
        """Frees what our predecessor had claimed when it died: there is one intake.

        Its tries of sound count, which may have ended it. Those of words do not: of them only a child would have died.
        """
        await until_kept(self._release)

    async def _release(self) -> None:
        async with transaction(self._pool) as taken:
            await recordings.LINE.release(taken, self._clock.now(), counts=True)
            await store.LINE.release(taken, self._clock.now(), counts=False)

    def refused(self) -> dict[CallId, str]:
        """Calls with whose sound nothing can be done, and why: in the spool, missing in the store, not to be repaired."""
        missing = dict.fromkeys(self.reconciler.missing, "missing")
        return {**self.adoption.refused, **missing, **self.reconciler.unreadable}

    async def _tell_of(self, call: CallId, state: Any) -> None:
        async with connection(self._pool) as taken:
            row = await store.QUERIES.listeners.fetchrow(taken, call=call)
        if row is None or row["person"] is None:
            return
        ticket = row["ticket_id"]

        def message(seq: int) -> DraftMessage:
            return DraftMessage(seq=seq, ticket_id=ticket, call_id=call, state=state)

        self._outbox.push(row["person"], f"draft:{ticket}", message, over=True)


def sweep(work: Path) -> None:
    """What a process that was killed left on its way. Blocking; before anything is made there: there is one intake."""
    for path in work.iterdir():
        with contextlib.suppress(OSError):
            path.unlink()
