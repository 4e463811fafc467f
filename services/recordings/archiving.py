"""Makes one recording of a finished call's legs: weaves, checks and archives them (SPEC C6).

The row is a job (``services.store.jobs``): a full disk or a store that is away is waited for, sound that cannot be read is given
up after some tries, with its reason. Weaving runs in threads; the event loop only waits.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from cti.ids import CallId
from recordings import archive as archives
from recordings import audio, spool
from recordings.archive import Archive, Stored, Suffix
from recordings.audio import Source, Span, Woven
from recordings.errors import AlreadyArchived, ArchiveFailed, BadLeg, SpoolChanged
from recordings.naming import Role
from recordings.spool import SpooledLeg
from services import diary
from services.bells import Change, tell_changed
from services.now import Clock
from services.recordings import receipts, store
from services.recordings.receipts import Receipt
from services.recordings.steps import IntakeSettings, Tell, look
from services.recordings.store import CallTimes, call_of
from services.store.db import Pool, connection, transaction
from services.store.jobs import AGAIN, WORLD_AGAIN, Failed, Job, Later, Patience, Runner, Verdict, until_kept

PATIENCE = timedelta(seconds=60)  # an agent who talks on with a colleague still writes: after this we take what there is
ABSENT = timedelta(seconds=20)  # so long after its end a call may still get its first file (a slow disk)
ARCHIVE_LEASE = timedelta(minutes=10)
FULL_BYTES = 64 * 1024  # free bytes below which a disk is full: 4 s of one leg
SPOOL_FULL = "spool_full"
ROOM_S = 1.0  # the spool's room is looked at so often
FULL_APART = timedelta(seconds=5)  # looks that found it full, no farther apart, are one time
FULL_KEPT = 100  # times remembered

log = structlog.get_logger(__name__)


class Archiving:
    """``next`` takes one call's sound out of the spool."""

    def __init__(self, pool: Pool, archive: Archive, clock: Clock, *, settings: IntakeSettings, tell: Tell) -> None:
        self._pool = pool
        self._archive = archive
        self._clock = clock
        self._settings = settings
        self._tell = tell
        self._full: list[tuple[datetime, datetime]] = []  # when the spool took nothing: from, until
        self._looked = 0.0
        patience = Patience(lease=ARCHIVE_LEASE, tries=settings.archive_tries, unended=2 * settings.archive_tries)
        self._runner = Runner(pool, clock, store.LINE, self, patience)
        self.hindered = ""  # why the store took nothing at the last try; '' if it did

    async def next(self) -> bool:
        """Archives one call's sound; False if none is due."""
        await self._look_at_room()
        return await self._runner.next()

    async def do(self, job: Job) -> Verdict:
        """One try to archive a call's sound. Raises WorldFailed while the database is away."""
        call = call_of(job)
        try:
            async with connection(self._pool) as taken:
                times = await store.call_times(taken, call)
            return await self._archive_one(job, times)
        except (ArchiveFailed, OSError) as error:
            code = error.code if isinstance(error, ArchiveFailed) else type(error).__name__
            log.error("recordings.hindered", call=call, error=code)
            self.hindered = code
            return Later(WORLD_AGAIN, code)
        except (BadLeg, AlreadyArchived) as error:
            full = error.code == "no_sound" and await self._was_full(call)
            return Failed(SPOOL_FULL if full else error.code)

    async def give_up(self, job: Job, reason: str) -> None:
        """No sound will come of it; whom its draft concerns is told."""
        await self._end(job, "failed", reason)

    async def _archive_one(self, job: Job, times: CallTimes) -> Verdict:
        legs = (await look(self._pool, self._settings.spool)).calls.get(call_of(job), [])
        now = self._clock.now()
        since = now - (times.ended_at or now)
        if not legs:
            return await self._no_legs(job, times, since)
        if since < PATIENCE and not spool.is_finished(legs, now=now, untouched=self._settings.settle):
            return Later(AGAIN)
        await self._weave(job, await self._by_evidence(call_of(job), times, legs) if times.concluded else times, legs)
        return None

    async def _by_evidence(self, call: CallId, times: CallTimes, legs: list[SpooledLeg]) -> CallTimes:
        """How a call whose end nobody heard went on, according to the switch's diary and the sound."""
        assert times.ended_at  # it was concluded
        told = (await diary.told_of(self._settings.diary, [call])).get(call)
        answered = times.answered_at is not None
        async with transaction(self._pool) as taken:
            await store.QUERIES.reopen_end.execute(taken, call=call)
            for change in diary.rest(call, told, legs, ended_at=times.ended_at, answered=answered, heard=times.spans):
                await self._settings.bring(taken, change)
            if times.queued_at and (moment := diary.moment_of_answer(told, legs)):
                await store.QUERIES.sharpen_answer.execute(taken, call=call, at=moment)
            await store.QUERIES.settle_end.execute(taken, call=call)
            return await store.call_times(taken, call)

    async def _look_at_room(self) -> None:
        """A spool that is full loses sound, and no file tells why afterwards."""
        now = self._clock.monotonic()
        if now - self._looked < ROOM_S:
            return
        self._looked = now
        if await asyncio.to_thread(_free, self._settings.spool) >= FULL_BYTES:
            return
        at = self._clock.now()
        if self._full and at - self._full[-1][1] <= FULL_APART:
            self._full[-1] = self._full[-1][0], at
        else:
            log.error("recordings.spool_full")
            self._full = [*self._full[-FULL_KEPT:], (at - FULL_APART, at)]

    async def _was_full(self, call: CallId) -> bool:
        async with connection(self._pool) as taken:
            return self._overlaps(await store.call_times(taken, call))

    def _overlaps(self, times: CallTimes) -> bool:
        ended = times.ended_at or self._clock.now()
        return any(began <= ended and until >= times.started_at for began, until in self._full)

    async def _no_legs(self, job: Job, times: CallTimes, since: timedelta) -> Verdict:
        """The spool has nothing of the call. Its recording may lie in the store already, from a time that the database has
        forgotten.
        """
        if key := await self._archive.find(call_of(job), times.started_at):
            await self._take_back(job, times, key)
            return None
        if not times.sounded:
            await self._end(job, "empty", None)
            return None
        if since < ABSENT:
            return Later(AGAIN)
        log.error("recordings.no_sound", call=call_of(job))
        return Failed(SPOOL_FULL if self._overlaps(times) else "no_files", final=True)

    async def _weave(self, job: Job, times: CallTimes, legs: list[SpooledLeg]) -> None:
        target = self._settings.work / f"{call_of(job)}.flac"
        sources = [Source(leg.leg, leg.path, leg.touched_at, _spans(leg, legs, times)) for leg in legs]
        missing = () if not times.spans or any(leg.leg.role is Role.AGENT for leg in legs) else (Role.AGENT,)
        try:
            woven = await asyncio.to_thread(audio.produce, sources, target, ended_at=times.ended_at, missing=missing)
            await self._keep(job, woven, legs, _answered(legs, times))
        finally:
            await asyncio.to_thread(target.unlink, missing_ok=True)

    async def _keep(self, job: Job, woven: Woven, legs: list[SpooledLeg], answered: datetime | None) -> None:
        """Durable first, then the row, then the spool: a crash in between repeats a step and loses nothing."""
        stored = await self._archive.put(archives.key_of(call_of(job), woven.starts_at), woven.path)
        self.hindered = ""
        told = receipts.of_woven(woven)
        drawn = await self._keep_beside(
            call_of(job), woven, "peaks.json", json.dumps(asdict(woven.peaks), separators=(",", ":")).encode()
        )
        await self._keep_beside(call_of(job), woven, "json", told.as_json())
        await until_kept(lambda: self._write(job, told, stored, drawn, answered))  # what was woven is not woven again
        bad = {(report.channel, report.started_at) for report in woven.legs if report.error}
        await clear(legs, stored, [leg for leg in legs if (leg.leg.channel, leg.leg.started_at) in bad])

    async def _take_back(self, job: Job, times: CallTimes, key: str) -> None:
        """Writes the row of a recording that is in the store already."""
        work = self._settings.work / f"{call_of(job)}.back.flac"
        stored, told = await receipts.of_stored(self._archive, key, work, otherwise=times.answered_at or times.started_at)
        log.warning("recordings.row_restored", call=call_of(job))
        told = replace(told, remarks=tuple(sorted({*told.remarks, receipts.RESTORED})))
        await until_kept(lambda: self._write(job, told, stored, key.removesuffix("flac") + "peaks.json", None))

    async def _write(self, job: Job, told: Receipt, stored: Stored, peaks: str, answered: datetime | None) -> None:
        now = self._clock.now()
        async with transaction(self._pool) as taken:
            await store.QUERIES.archive_recording.execute(
                taken,
                recording=job.id,
                object=stored.key,
                peaks=peaks,
                sha256=stored.sha256,
                bytes=stored.size,
                duration_ms=told.duration_ms,
                sample_rate=told.sample_rate,
                starts_at=told.starts_at,
                legs=list(told.legs),
                remarks=list(told.remarks),
                at=now,
            )
            await store.QUERIES.expect_transcript.execute(taken, recording=job.id, now=now)
            if answered is not None:
                await store.QUERIES.learn_answer.execute(taken, call=call_of(job), at=answered)
            await tell_changed(taken, Change.of_call(call_of(job), now))

    async def _keep_beside(self, call: CallId, woven: Woven, suffix: Suffix, content: bytes) -> str:
        path = self._settings.work / f"{call}.{suffix}"
        try:
            await asyncio.to_thread(path.write_bytes, content)
            return (await self._archive.put(archives.key_of(call, woven.starts_at, suffix), path)).key
        finally:
            await asyncio.to_thread(path.unlink, missing_ok=True)

    async def _end(self, job: Job, state: str, error: str | None) -> None:
        async with transaction(self._pool) as taken:
            await store.QUERIES.give_up_recording.execute(
                taken, recording=job.id, state=state, error=error, remarks=["no_files"] if error == "no_files" else []
            )
            await tell_changed(taken, Change.of_call(call_of(job), self._clock.now()))
        await self._tell(call_of(job), "failed")


def _free(folder: Path) -> int:
    """Bytes that may still be written; plenty if the system does not tell."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return FULL_BYTES


async def clear(legs: list[SpooledLeg], stored: Stored, bad: list[SpooledLeg]) -> None:
    """Leg files go once archived; those that could not be read go into quarantine for a person to look at."""
    try:
        await asyncio.to_thread(spool.remove, [leg for leg in legs if leg not in bad], stored)
        for leg in bad:
            await asyncio.to_thread(spool.quarantine, leg)
    except (SpoolChanged, OSError) as error:
        log.warning("recordings.legs_kept", error=type(error).__name__)


def _spans(leg: SpooledLeg, legs: Sequence[SpooledLeg], times: CallTimes) -> tuple[Span, ...] | None:
    """Known spans of an agent's leg; None (all of it is used) when nothing is known of any leg, or may not be known of this one.

    A leg that was only found in the caller's bridge, after a gap in our hearing, is used from its first sample, or from where it
    was known to be away: what it said in the gap is lost otherwise.
    """
    known = times.spans.get(leg.leg.channel, [])
    if leg.leg.role is Role.CALLER or not times.spans or (times.recovered and not known):
        return None
    spans, since = [], min(other.leg.started_at for other in legs if other.leg.channel == leg.leg.channel)
    for span in known:
        spans.append(Span(since if span.recovered else span.joined_at, span.left_at))
        since = span.left_at or span.joined_at
    return tuple(spans)


def _answered(legs: Sequence[SpooledLeg], times: CallTimes) -> datetime | None:
    """When the first recording began of those who were found with the caller, not heard coming."""
    found = {channel for channel, spans in times.spans.items() if spans[0].recovered}
    return min((leg.leg.started_at for leg in legs if leg.leg.role is Role.AGENT and leg.leg.channel in found), default=None)
