"""From the spool to the draft: a finished call's legs are woven, archived, listened to, and their words fill the draft (C6, C7).

Each step is a row that survives us: claimed with SKIP LOCKED and a lease, its try counted before it is made, so that a try
which kills its worker (or us) is a try. What the world does (a full disk, no model) is waited for; what the sound does is given
up after some tries, with its reason. Sound of calls that nobody ever told us of is adopted. Weaving runs in threads, listening in
the crew's children; the event loop only waits.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import structlog

from cti.ids import CallId
from cti.queue_log import Witness
from recordings import archive as archives
from recordings import audio, spool
from recordings import transcript as conversation
from recordings.archive import Archive
from recordings.audio import Source, Span, Woven
from recordings.crew import Heard
from recordings.errors import (
    AlreadyArchived,
    ArchiveFailed,
    AudioRefused,
    BadLeg,
    ModelRefused,
    SpoolChanged,
    TranscriptionFailed,
)
from recordings.naming import Role
from recordings.spool import SpooledLeg
from services.calls import follow
from services.clock import Clock
from services.errors import Stale, WorldFailed
from services.store.db import Connection, Pool, Row, connection, transaction
from services.tickets import store as ticket_store
from services.tickets.actions import fill_from_words
from services.transcripts import store, witness
from services.transcripts.drafting import draft
from services.transcripts.store import CallTimes, Job, Listening
from services.web.schemas import DraftMessage

PATIENCE = timedelta(seconds=60)  # an agent who talks on with a colleague still writes: after this we take what there is
ABSENT = timedelta(seconds=20)  # so long after its end a call may still get its first file (a slow disk)
AGAIN = timedelta(seconds=1)
WORLD_AGAIN = timedelta(seconds=30)
ARCHIVE_LEASE = timedelta(minutes=10)
SWEEP_S = 60.0
LOOK_S = 0.5
AWAY_S = 2.0

log = structlog.get_logger(__name__)


class Crew(Protocol):
    """Who listens (recordings.crew)."""

    async def transcribe(self, path: Path, *, channels: int = 2, limit_s: float | None = None) -> Heard: ...


class Outbox(Protocol):
    """The hub."""

    def push(self, person: int, key: str, make: Callable[[int], DraftMessage], *, over: bool = False) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeSettings:
    """``spool``: where the switch writes. ``work``: for files on their way. ``listeners``: as many as the crew has."""

    spool: Path
    work: Path
    listeners: int = 1
    settle: timedelta = timedelta(seconds=1)  # a leg file untouched for so long is closed, once its call is over
    archive_tries: int = 3
    listen_tries: int = 3
    orphan_age: timedelta = timedelta(minutes=2)  # the switch was called while we were dead; who is on hold writes little
    diary: Path | None = None  # the switch's queue_log, where it is known


async def _at_once() -> None:
    """Nothing is behind."""


class Intake:
    """``run`` does everything. ``live``: calls that go on; ``caught_up`` returns once all that was heard is in the database."""

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
        caught_up: Callable[[], Awaitable[None]] = _at_once,
    ) -> None:
        self._pool = pool
        self._archive = archive
        self._crew = crew
        self._outbox = outbox
        self._clock = clock
        self._settings = settings
        self._live = live
        self._caught_up = caught_up

    async def run(self) -> None:
        """For ever; owned by the composition root."""
        await asyncio.to_thread(self._settings.work.mkdir, parents=True, exist_ok=True, mode=0o700)
        await self._release()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._for_ever(self.archive_next, LOOK_S), name="intake: archive")
            tasks.create_task(
                self._for_ever(self.adopt_orphans, min(SWEEP_S, self._settings.orphan_age.total_seconds())),
                name="intake: orphans",
            )
            if self._crew is not None:
                for number in range(self._settings.listeners):
                    tasks.create_task(self._for_ever(self.listen_next, LOOK_S), name=f"intake: listener {number}")

    async def _release(self) -> None:
        """What our predecessor had claimed when it died is ours at once: there is one intake, and its tries are counted."""
        while True:
            try:
                async with transaction(self._pool) as taken:
                    await taken.execute(store.QUERIES.release_recordings, self._clock.now())
                    await taken.execute(store.QUERIES.release_transcripts, self._clock.now())
                return
            except WorldFailed:
                await asyncio.sleep(AWAY_S)

    async def _for_ever(self, step: Callable[[], Awaitable[bool]], pause_s: float) -> None:
        while True:
            try:
                if await step():
                    continue
                await asyncio.sleep(pause_s)
            except WorldFailed:
                await asyncio.sleep(AWAY_S)

    # sound ------------------------------------------------------------------------------------------------------------

    async def archive_next(self) -> bool:
        """Archives one call's sound; False if none is due."""
        async with transaction(self._pool) as taken:
            job = await store.claim_recording(taken, self._clock.now(), lease=ARCHIVE_LEASE)
            times = await store.call_times(taken, job.call) if job else None
        if job is None or times is None:
            return False
        if job.attempts > 2 * self._settings.archive_tries:  # tries that end otherwise are given up or not counted before this
            log.error("a recording is given up: each try ended us", call=job.call)
            await self._give_up(job, "failed", "gave_up")
            return True
        try:
            await self._archive_one(job, times)
        except (ArchiveFailed, OSError) as error:
            code = error.code if isinstance(error, ArchiveFailed) else type(error).__name__
            log.error("a recording cannot be archived now", call=job.call, error=code)
            await self._put_off(job, WORLD_AGAIN, counts=False, error=code)
        except (BadLeg, AlreadyArchived, ValueError, RuntimeError, MemoryError) as error:
            await self._failed_try(job, getattr(error, "code", type(error).__name__))
        return True

    async def _archive_one(self, job: Job, times: CallTimes) -> None:
        legs = (await asyncio.to_thread(spool.look, self._settings.spool)).calls.get(job.call, [])
        now = self._clock.now()
        since = now - (times.ended_at or now)
        if not legs:
            await self._no_legs(job, times, since)
        elif since < PATIENCE and not spool.is_finished(legs, over=(), now=now, untouched=self._settings.settle):
            await self._put_off(job, AGAIN, counts=False, error=None)
        else:
            await self._weave(job, times, legs)

    async def _no_legs(self, job: Job, times: CallTimes, since: timedelta) -> None:
        if since < ABSENT and times.sounded:
            await self._put_off(job, AGAIN, counts=False, error=None)
        elif times.sounded:
            log.error("a call has no sound in the spool", call=job.call)
            await self._give_up(job, "failed", "no_files")
        else:
            await self._give_up(job, "empty", None)

    async def _weave(self, job: Job, times: CallTimes, legs: list[SpooledLeg]) -> None:
        target = self._settings.work / f"{job.call}.flac"
        sources = [Source(leg.leg, leg.path, leg.touched_at, _spans(leg, legs, times)) for leg in legs]
        missing = () if not times.spans or any(leg.leg.role is Role.AGENT for leg in legs) else (Role.AGENT,)
        try:
            woven = await asyncio.to_thread(audio.produce, sources, target, ended_at=times.ended_at, missing=missing)
            await self._keep(job, woven, legs, _answered(legs, times))
        finally:
            await asyncio.to_thread(target.unlink, missing_ok=True)

    async def _keep(self, job: Job, woven: Woven, legs: list[SpooledLeg], answered: datetime | None) -> None:
        """Durable first, then the row, then the spool: a crash in between repeats a step and loses nothing."""
        stored = await self._archive.put(archives.key_of(job.call, woven.starts_at), woven.path)
        drawn = await self._keep_peaks(job.call, woven)
        now = self._clock.now()
        async with transaction(self._pool) as taken:
            await taken.execute(
                store.QUERIES.archive_recording,
                job.id,
                stored.key,
                drawn,
                stored.sha256,
                stored.size,
                woven.duration_ms,
                woven.sample_rate,
                woven.starts_at,
                [_leg_row(report) for report in woven.legs],
                list(woven.remarks),
                now,
            )
            await taken.execute(store.QUERIES.expect_transcript, job.id, now)
            if answered is not None:
                await taken.execute(store.QUERIES.learn_answer, job.call, answered)
        bad = {(report.channel, report.started_at) for report in woven.legs if report.error}
        await self._clear(legs, stored, [leg for leg in legs if (leg.leg.channel, leg.leg.started_at) in bad])

    async def _keep_peaks(self, call: CallId, woven: Woven) -> str:
        path = self._settings.work / f"{call}.peaks.json"
        try:
            await asyncio.to_thread(path.write_text, json.dumps(asdict(woven.peaks), separators=(",", ":")))
            return (await self._archive.put(archives.key_of(call, woven.starts_at, "peaks.json"), path)).key
        finally:
            await asyncio.to_thread(path.unlink, missing_ok=True)

    async def _clear(self, legs: list[SpooledLeg], stored: archives.Stored, bad: list[SpooledLeg]) -> None:
        """Leg files go once archived; those that could not be read go into quarantine for a person to look at."""
        try:
            await asyncio.to_thread(spool.remove, [leg for leg in legs if leg not in bad], stored)
            for leg in bad:
                await asyncio.to_thread(spool.quarantine, leg)
        except (SpoolChanged, OSError) as error:
            log.warning("leg files stay in the spool", error=type(error).__name__)

    async def _failed_try(self, job: Job, code: str) -> None:
        log.warning("a recording could not be made", call=job.call, error=code, attempt=job.attempts)
        if job.attempts >= self._settings.archive_tries:
            await self._give_up(job, "failed", code)
        else:
            await self._put_off(job, AGAIN * 5 * job.attempts, counts=True, error=code)

    async def _put_off(self, job: Job, wait: timedelta, *, counts: bool, error: str | None) -> None:
        async with connection(self._pool) as taken:
            await taken.execute(store.QUERIES.put_off_recording, job.id, self._clock.now() + wait, counts, error)

    async def _give_up(self, job: Job, state: str, error: str | None) -> None:
        async with connection(self._pool) as taken:
            await taken.execute(
                store.QUERIES.give_up_recording, job.id, state, error, ["no_files"] if error == "no_files" else []
            )
        await self._tell_of(job.call, "failed")

    # words ------------------------------------------------------------------------------------------------------------

    async def listen_next(self) -> bool:
        """Finds one recording's words and fills its draft; False if none is due."""
        now = self._clock.now()
        async with transaction(self._pool) as taken:
            overdue = await taken.fetch(store.QUERIES.give_up_overdue, now, self._settings.listen_tries)
            job = await store.claim_transcript(taken, now, lease=_lease(0), tries=self._settings.listen_tries)
        for row in overdue:
            await self._tell_of(CallId(row["call_id"]), "failed")
        if job is None:
            return False
        await self._listen(job)
        return True

    async def _listen(self, job: Listening) -> None:
        assert self._crew is not None
        path = self._settings.work / f"{job.call}.listen.flac"
        try:
            await self._fetch(job.object, path)
            heard = await self._crew.transcribe(path, channels=2, limit_s=_lease(job.duration_ms).total_seconds() / 2)
        except (ModelRefused, ArchiveFailed, OSError) as error:
            if getattr(error, "code", "") == "missing":
                await self._words_failed(job, "missing")
                return
            log.error("nobody can listen now", error=getattr(error, "code", type(error).__name__))
            await self._try_again(job, WORLD_AGAIN, counts=False, error=getattr(error, "code", type(error).__name__))
        except AudioRefused as error:
            await self._words_failed(job, error.code)
        except TranscriptionFailed as error:
            await self._words_failed(job, error.code, again=job.attempts < self._settings.listen_tries)
        else:
            await self._words_found(job, heard)
        finally:
            await asyncio.to_thread(path.unlink, missing_ok=True)

    async def _fetch(self, key: str, path: Path) -> None:
        with await asyncio.to_thread(path.open, "wb") as file:
            async for block in self._archive.stream(key):
                await asyncio.to_thread(file.write, block)

    async def _words_found(self, job: Listening, heard: Heard) -> None:
        caller, agent = heard.channels
        utterances = conversation.weave(caller, agent)
        state = "done" if heard.speech and utterances else "no_speech"
        kept = conversation.to_json(utterances)
        for _ in range(10):
            try:
                async with transaction(self._pool) as taken:
                    await store.finish(taken, job.recording, state, self._clock.now(), model=heard.model, utterances=kept)
                    await self._fill(taken, job.call, utterances)
                break
            except Stale:
                continue  # the agent typed in this very moment: with the new version
        await self._tell_of(job.call, state)

    async def _fill(self, taken: Connection, call: CallId, utterances: Sequence[conversation.Utterance]) -> None:
        ticket = await ticket_store.load_of_call(taken, call)
        if ticket is None:
            return
        fillings = draft(utterances, await store.lexicon(taken), kind=ticket.kind)
        await fill_from_words(taken, call, fillings, self._clock.now())

    async def _words_failed(self, job: Listening, code: str, *, again: bool = False) -> None:
        log.warning("a recording was not understood", call=job.call, error=code, attempt=job.attempts)
        if again:
            await self._try_again(job, AGAIN * 5 * job.attempts, counts=True, error=code)
            return
        async with connection(self._pool) as taken:
            await store.finish(taken, job.recording, "failed", self._clock.now(), error=code)
        await self._tell_of(job.call, "failed")

    async def _try_again(self, job: Listening, wait: timedelta, *, counts: bool, error: str) -> None:
        async with connection(self._pool) as taken:
            await taken.execute(store.QUERIES.put_off_transcript, job.recording, self._clock.now() + wait, counts, error)

    async def _tell_of(self, call: CallId, state: Any) -> None:
        async with connection(self._pool) as taken:
            row = await taken.fetchrow(store.QUERIES.listeners, call)
        if row is None or row["person"] is None:
            return
        ticket = row["ticket_id"]

        def message(seq: int) -> DraftMessage:
            return DraftMessage(seq=seq, ticket_id=ticket, call_id=call, state=state)

        self._outbox.push(row["person"], f"draft:{ticket}", message, over=True)

    # orphans ----------------------------------------------------------------------------------------------------------

    async def adopt_orphans(self) -> bool:
        """Sound that lies in the spool for long. Always False: no need to hurry.

        Calls that nobody knows get the rows that the switch's diary makes of them (a draft as well if they were answered), or
        else a row ``lost``, and go the same way. Of calls that we were done with, what a crash left behind is cleared and what
        came too late is taken in.
        """
        try:
            spooled = await asyncio.to_thread(spool.look, self._settings.spool)
        except OSError as error:
            log.error("the spool cannot be read", error=type(error).__name__)
            return False
        live = set(self._live())
        found = spool.orphans(spooled, live.__contains__, now=self._clock.now(), age=self._settings.orphan_age)
        if not found:
            return False
        await self._caught_up()  # after days without a database its calls are unknown only until the journal is in
        async with connection(self._pool) as taken:
            unknown = await store.unknown_calls(taken, found)
        told = await self._told_of(unknown)
        async with transaction(self._pool) as taken:
            for call in unknown:
                await self._adopt(taken, call, spooled.calls[call], told.get(call))
            await taken.execute(store.QUERIES.expect_late_sound, found, self._clock.now())
            archived = await taken.fetch(store.QUERIES.archived_of, found)
        for row in archived:
            await self._clear_left(row, spooled.calls[CallId(row["call_id"])])
        return False

    async def _told_of(self, calls: Collection[CallId]) -> dict[CallId, Witness]:
        """What the switch's diary knows; without it the calls are adopted all the same."""
        if not calls or self._settings.diary is None:
            return {}
        try:
            return await asyncio.to_thread(witness.ask, self._settings.diary, calls)
        except OSError as error:
            log.error("the switch's queue_log cannot be read", error=type(error).__name__)
            return {}

    async def _adopt(self, taken: Connection, call: CallId, legs: Sequence[SpooledLeg], told: Witness | None) -> None:
        log.warning("sound of an unknown call is adopted", call=call, told=told is not None)
        if told is None:
            await taken.execute(store.QUERIES.adopt_call, call, *_times_of(legs))
        for change in witness.changes(told, legs) if told else ():
            await follow.apply(taken, change)
        await taken.execute(store.QUERIES.adopt_recording, call, self._clock.now())

    async def _clear_left(self, row: Row, legs: list[SpooledLeg]) -> None:
        """What lies here though it is archived: we died before we removed it. What was never woven is put aside."""
        woven = {(leg["channel"], leg["started_at"]) for leg in row["legs"] if not leg["error"]}
        bad = [
            leg
            for leg in legs
            if (leg.leg.channel, leg.leg.started_at.isoformat()) not in woven or leg.touched_at >= row["archived_at"]
        ]
        try:
            stored = await self._archive.receipt(row["object"], row["bytes"], row["sha256"])
        except ArchiveFailed as error:
            log.error("leg files stay in the spool: their recording is not in the store", call=row["call_id"], error=error.code)
            return
        log.warning("leg files left behind are cleared", call=row["call_id"], removed=len(legs) - len(bad), aside=len(bad))
        await self._clear(legs, stored, bad)


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


def _leg_row(report: audio.LegReport) -> dict[str, Any]:
    return {
        "channel": report.channel,
        "role": str(report.role),
        "started_at": report.started_at.isoformat(),
        "duration_ms": report.duration_ms,
        "remarks": list(report.remarks),
        "error": report.error,
    }


def _times_of(legs: Sequence[SpooledLeg]) -> tuple[datetime, datetime]:
    began = min(leg.leg.started_at for leg in legs)
    return began, max(began, *(leg.touched_at for leg in legs))


def _lease(duration_ms: int) -> timedelta:
    """Long enough for the slowest model at work on a day's recording; a claim begins before the length is known."""
    return max(timedelta(hours=2), timedelta(milliseconds=4 * duration_ms))
