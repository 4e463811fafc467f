"""Reports on the system page what works and what does not: asks each part for its own word, without personal data."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import asyncpg

from cti.monitor import Monitor
from cti.switch_time import SwitchTime
from ivr.prompts import PromptStore
from recordings import spool
from recordings.archive import Archive
from recordings.crew import Crew, ModelFacts
from services.calls.drain import Drain
from services.calls.journal import Journal
from services.errors import WorldFailed
from services.floor.board import Floor
from services.hosted.postgres import NO_ROOM, EmbeddedPostgres
from services.hosted.refusals import Refusals
from services.lease import Lease
from services.mail import store as mails
from services.now import Clock
from services.recordings.archiving import FULL_BYTES
from services.store.db import Pool, connection
from services.system import store
from services.system.wire import System, SystemPart, SystemTrouble
from services.transcripts.intake import Intake
from services.troubles import Troubles
from services.words import said

DISK_LOW = 1 << 30  # bytes: about 9 hours of one recorded leg, time enough to act
ASK_S = 2.0
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemReport:
    """Holds the parts that are asked. ``call`` it for the system page."""

    pool: Pool
    clock: Clock
    switch_time: SwitchTime
    floor: Floor
    monitor: Monitor
    journal: Journal
    drain: Drain
    prompts: PromptStore
    missing_prompts: Collection[str]
    crew: Crew | None
    model: ModelFacts | None
    hosted: EmbeddedPostgres | None
    spool: Path
    left_out: Callable[[], Awaitable[Sequence[str]]]
    version: str
    troubles: Troubles
    lease: Lease
    intake: Intake
    archive: Archive
    hotlines: Sequence[str]
    refusals: Refusals | None
    mails: bool

    async def __call__(self) -> System:
        return System(
            version=self.version,
            parts=[
                await self._switch(),
                self._clocks(),
                await self._database(),
                await self._recordings(),
                await self._transcription(),
                self._prompts(),
                self._journal(),
                await self._accounts(),
                self._reconciled(),
                self._lease(),
                *([await self._mail()] if self.mails else []),
            ],
            model=self.model.name if self.model else "",
            demonstration_model=bool(self.model and self.model.demonstration),
            vocabulary=self.model.vocabulary if self.model else None,
            troubles=[
                SystemTrouble(part=one.part, reason=one.reason, since=one.since, times=one.times)
                for one in self.troubles.standing()
            ],
            hotlines=list(self.hotlines),
        )

    async def _switch(self) -> SystemPart:
        up = self.monitor.up
        odd, illegal = sum(self.monitor.malformed.values()), sum(self.monitor.illegal.values())
        corrected = sum(self.monitor.corrected.values())
        told = [
            said("{count} events not understood", count=odd) if odd else "",
            said("{count} events that fit no call as we know it", count=illegal) if illegal else "",
            said("{count} corrected after the switch's lists", count=corrected) if corrected else "",
            await self.refusals.said() if self.refusals else "",
        ]
        return SystemPart(name="switch", ok=up, code="ok" if up else "link_down", detail=", ".join(filter(None, told)))

    def _clocks(self) -> SystemPart:
        """A clock that was set stays said for a day: calls of that hour have the times they have."""
        offset, jump = self.switch_time.offset, self.switch_time.jump
        jumped = jump is not None and self.switch_time.now() - jump.at < DAY
        code = "clocks_apart" if self.switch_time.apart else "clock_set" if jumped else "ok"
        apart = "the switch's is {seconds:+.1f} s from ours"
        detail = said("not measured yet") if offset is None else said(apart, seconds=offset.total_seconds())
        if jump is not None and jumped:
            pattern = "{whose} was set by {seconds:+.0f} s at {at:%Y-%m-%d %H:%M:%S} UTC"
            whose = said("switch") if jump.whose == "switch" else said("ours")
            detail += f"; {said(pattern, whose=whose, seconds=jump.by.total_seconds(), at=jump.at)}"
        return SystemPart(name="clocks", ok=code == "ok", code=code, detail=detail)

    async def _database(self) -> SystemPart:
        try:
            async with asyncio.timeout(ASK_S), connection(self.pool) as taken:
                size = await taken.fetchval("select pg_database_size(current_database())")
        except (WorldFailed, TimeoutError, asyncpg.PostgresError):
            return SystemPart(name="database", ok=False, code=self._room() or self._fallen() or "away", detail="")
        return SystemPart(name="database", ok=not self._room(), code=self._room() or "ok", detail=f"{size / 1e6:.0f} MB")

    def _room(self) -> str:
        """What to say of the disk below the embedded database; another's server has its own watch."""
        if self.hosted is None:
            return ""
        free = self.hosted.free
        return "no_room" if free < NO_ROOM else "disk_low" if free < DISK_LOW else ""

    def _fallen(self) -> str:
        return "started_again" if self.hosted and self.hosted.fallen else ""

    async def _recordings(self) -> SystemPart:
        try:
            free = (await asyncio.to_thread(shutil.disk_usage, self.spool)).free
            found = await asyncio.to_thread(spool.look, self.spool)
        except OSError as error:
            return SystemPart(name="recordings", ok=False, code="spool_unreadable", detail=type(error).__name__)
        code = self._spool_room(free) or await self._store() or ("refused_files" if found.refused else "ok")
        legs = sum(len(several) for several in found.calls.values())
        detail = said("{legs} legs in the spool, {free:.1f} GB free", legs=legs, free=free / 1e9)
        return SystemPart(name="recordings", ok=code == "ok", code=code, detail=detail)

    def _spool_room(self, free: int) -> str:
        return "spool_full" if free < FULL_BYTES else "disk_low" if free < DISK_LOW else ""

    async def _store(self) -> str:
        """What keeps finished recordings out of the store while they wait in the spool; '' if nothing does."""
        if self.intake.archiving.hindered:
            return "store_failed"
        if self.archive.folder is None:
            return ""
        free = (await asyncio.to_thread(shutil.disk_usage, self.archive.folder)).free
        return "store_full" if free < FULL_BYTES else "store_low" if free < DISK_LOW else ""

    def _reconciled(self) -> SystemPart:
        """What the reconciler found missing in the store, the rows or the switch's diary."""
        reconciler = self.intake.reconciler
        repaired = ", ".join(f"{count} {kind}" for kind, count in sorted(reconciler.repaired.items()))
        code = "missing_sound" if reconciler.missing else "unreadable" if reconciler.unreadable else "ok"
        return SystemPart(
            name="reconciler",
            ok=code == "ok",
            code=code,
            detail=said("repaired: {repaired}", repaired=repaired) if repaired else "",
        )

    async def _transcription(self) -> SystemPart:
        """How many wait is said too: a machine that is too slow for its calls shows it here first."""
        told = [said("{count} workers", count=len(self.crew.children))] if self.crew else []
        with contextlib.suppress(WorldFailed, TimeoutError, asyncpg.PostgresError):  # the database's own line says so
            async with asyncio.timeout(ASK_S), connection(self.pool) as taken:
                queue = await store.queue(taken, self.clock.now() - DAY)
            pattern = "{recordings} to archive, {transcripts} to listen to, {failed} failed since yesterday"
            told.append(said(pattern, recordings=queue.recordings, transcripts=queue.transcripts, failed=queue.failed))
        ok = self.crew is not None and self.model is not None
        return SystemPart(name="transcription", ok=ok, code="ok" if ok else "no_model", detail=", ".join(told))

    def _prompts(self) -> SystemPart:
        missing = len(self.missing_prompts)
        detail = said("{count} missing", count=missing) if missing else ""
        return SystemPart(name="prompts", ok=not missing, code="missing" if missing else "ok", detail=detail)

    async def _accounts(self) -> SystemPart:
        """The accounts that are passed over so that they stop nobody else, and what of each cannot be."""
        try:
            async with asyncio.timeout(ASK_S):
                named = await self.left_out()
        except (WorldFailed, TimeoutError, asyncpg.PostgresError):
            return SystemPart(name="accounts", ok=False, code="away", detail="")
        return SystemPart(name="accounts", ok=not named, code="left_out" if named else "ok", detail="; ".join(named)[:400])

    async def _mail(self) -> SystemPart:
        """What has not left, and why."""
        try:
            async with asyncio.timeout(ASK_S), connection(self.pool) as taken:
                mail = await mails.standing(taken)
        except (WorldFailed, TimeoutError, asyncpg.PostgresError):
            return SystemPart(name="mail", ok=False, code="away", detail="")
        code = "given_up" if mail.failed else "mail_waits" if mail.error else "ok"
        told = said("{waiting} wait, {failed} given up", waiting=mail.waiting, failed=mail.failed)
        return SystemPart(name="mail", ok=code == "ok", code=code, detail=f"{told}; {mail.error}" if mail.error else told)

    def _lease(self) -> SystemPart:
        ok, told = (
            self.lease.fresh,
            [f"epoch {self.lease.mark.epoch}", *([said("another stands by")] if self.lease.watched else [])],
        )
        return SystemPart(name="lease", ok=ok, code="ok" if ok else "unsure", detail=", ".join(told))

    def _journal(self) -> SystemPart:
        state = self.journal.state
        code = state.code if not state.ok else "refused" if self.drain.refused_count else "behind" if self.drain.away else "ok"
        return SystemPart(name="journal", ok=code == "ok", code=code, detail=said("{count} bytes to go", count=self.drain.behind))
