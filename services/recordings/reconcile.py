"""Compares store, rows and the switch's diary; names what one has and another lacks, and repairs it where something tells how.

Every five minutes over yesterday and today; at the start, and when the database turns out to be older than it was, since the last
recording that the database knows of. After everything heard is in the database, so that what is missing is really missing.

* sound in the store without a row that says so: the row is written from it (its call from the diary, else from the sound alone);
* a row whose sound is not in the store: named; there is nothing to make it of;
* a call that ended without a row for its recording, a recording without one for its words: they get it;
* a call that the diary knows and the database does not: its rows are written from the diary.

Sound in the spool that nobody asks for is ``adoption``'s; calls that the switch has and we have not are cti's.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import structlog

from cti.changes import Direction
from cti.ids import CallId, ChannelId
from cti.queue_log import Witness
from recordings.archive import Archive, key_of
from recordings.errors import ArchiveFailed
from recordings.naming import LegFile, Role
from recordings.spool import SpooledLeg
from services import diary
from services.errors import WorldFailed
from services.now import Clock
from services.recordings import receipts, store
from services.recordings.steps import IntakeSettings
from services.store.db import Pool, connection, transaction
from services.troubles import reason_of

EVERY_S = 300.0
FARTHEST = 400  # days looked back at most
LEFT_AFTER = timedelta(hours=1)  # a put under way is touched more often
SETTLED = timedelta(minutes=2)  # what is younger may still be on its way
LATELY = 1_000_000  # bytes of the diary: some 2,500 calls, more than five minutes have
DAY = timedelta(days=1)

log = structlog.get_logger(__name__)


class Reconciler:
    """``run`` looks for ever, ``look`` once; ``wake`` has it look soon, as far back as need be.

    ``missing``: recordings whose sound is not in the store, by call; ``unreadable``: calls that could not be repaired, and why;
    ``repaired``: how many of each kind, since the start.
    """

    def __init__(
        self,
        pool: Pool,
        archive: Archive,
        clock: Clock,
        *,
        settings: IntakeSettings,
        live: Callable[[], Collection[CallId]],
        caught_up: Callable[[], Awaitable[None]],
    ) -> None:
        self._pool = pool
        self._archive = archive
        self._clock = clock
        self._settings = settings
        self._live = live
        self._caught_up = caught_up
        self._far = True
        self._woken = asyncio.Event()
        self.missing: dict[CallId, str] = {}
        self.unreadable: dict[CallId, str] = {}
        self.repaired: Counter[str] = Counter()
        self.looked_at: datetime | None = None

    def wake(self) -> None:
        """The database is older than it was: look far, and soon."""
        self._far = True
        self._woken.set()

    async def step(self) -> bool:
        """A look and the wait until the next one."""
        self._woken.clear()
        await self.look()
        try:
            async with asyncio.timeout(EVERY_S):
                await self._woken.wait()
        except TimeoutError:
            pass  # nobody woke us: it is time
        return True

    async def look(self) -> None:
        """Once. Raises WorldFailed while the database or the store is away, and goes as far back at the next look."""
        await self._caught_up()
        far, self._far = self._far, False  # who wakes us from now on means the next look
        try:
            await self._look(far)
        except BaseException:
            self._far = self._far or far
            raise

    async def _look(self, far: bool) -> None:
        now = self._clock.now()
        days = await self._days(now, far)
        try:
            found = {day: await self._archive.of_day(day) for day in days}
        except ArchiveFailed as error:
            raise WorldFailed(f"the store cannot be listed: {error.code}") from error
        await self._sound_without_row(found)
        await self._rows_without_sound(found, days)
        await self._rows_without_rows(now, _begin(days[0]))
        await self._told_by_diary(now, _begin(days[0]), diary.READ_AT_MOST if far else LATELY)
        for day in days:
            swept = await asyncio.to_thread(self._archive.sweep, day, (now - LEFT_AFTER).timestamp())
            self._count("half-written objects", swept)
        self.looked_at = now

    async def _days(self, now: datetime, far: bool) -> list[date]:
        """The days looked at, the oldest first; one more than today, as another machine's clock may be ahead."""
        first = now - DAY
        if far:
            async with connection(self._pool) as taken:
                last = await store.QUERIES.last_archived.fetchval(taken)
            first = max(now - FARTHEST * DAY, min(first, (last or now - FARTHEST * DAY) - DAY))
        return [(first + n * DAY).astimezone(UTC).date() for n in range((now - first).days + 2)]

    async def _sound_without_row(self, found: dict[date, dict[CallId, set[str]]]) -> None:
        days = {call: day for day, calls in found.items() for call, suffixes in calls.items() if "flac" in suffixes}
        async with connection(self._pool) as taken:
            archived = {row["call_id"] for row in await store.QUERIES.archived_of.fetch(taken, calls=list(days))}
            lost = [call for call in days if call not in archived and call not in self._live()]
            unknown = await store.unknown_calls(taken, lost)
        told = await diary.told_of(self._settings.diary, unknown)
        for call in lost:
            try:
                if call in unknown:
                    await self._call_of(call, days[call], told.get(call))
                async with transaction(self._pool) as taken:
                    again = await store.QUERIES.expect_stored_sound.fetchval(taken, call=call, now=self._clock.now())
            except (WorldFailed, asyncio.CancelledError):
                raise
            except Exception as wrong:  # noqa: BLE001  one call that cannot be repaired keeps none of the others back
                self._leave(call, wrong)
                continue
            self.unreadable.pop(call, None)
            self._count("recordings without a row", int(again is not None), call)

    async def _call_of(self, call: CallId, day: date, told: Witness | None) -> None:
        """The row of a call of which the store has the sound."""
        begins = _begin(day)
        work = self._settings.work / f"{call}.told.flac"
        _, receipt = await receipts.of_stored(self._archive, key_of(call, begins), work, otherwise=begins)
        legs = receipts.legs_of(call, receipt)
        async with transaction(self._pool) as taken:
            for change in diary.changes(told, legs) if told and legs else ():
                await self._settings.bring(taken, change)
            ends = receipt.starts_at + timedelta(milliseconds=receipt.duration_ms)
            known = {"direction": str(Direction.INBOUND), "recovered": True, "node": self._settings.node}
            await store.QUERIES.adopt_call.execute(taken, call=call, began=receipt.starts_at, ended=ends, **known)
            await store.QUERIES.settle_end.execute(taken, call=call)
        self._count("calls known by their sound alone" if told is None else "calls told by the diary", 1, call)

    async def _rows_without_sound(self, found: dict[date, dict[CallId, set[str]]], days: list[date]) -> None:
        first, last = _begin(days[0]), _begin(days[-1])
        async with connection(self._pool) as taken:
            rows = await store.QUERIES.archived_between.fetch(
                taken, begin=first, end=last + DAY, settled=self._clock.now() - SETTLED
            )
        there = {call for calls in found.values() for call, suffixes in calls.items() if "flac" in suffixes}
        missing = {CallId(row["call_id"]): row["object"] for row in rows if row["call_id"] not in there}
        for call in missing.keys() - self.missing.keys():
            log.error("recordings.sound_missing", call=call)
        self.missing = missing

    async def _rows_without_rows(self, now: datetime, since: datetime) -> None:
        async with transaction(self._pool) as taken:
            recordings = await store.QUERIES.expect_forgotten_recordings.fetch(taken, now=now, settled=now - SETTLED, since=since)
            words = await store.QUERIES.expect_forgotten_transcripts.fetch(taken, now=now, settled=now - SETTLED, since=since)
        self._count("ended calls without a recording's row", len(recordings))
        self._count("recordings without a transcript's row", len(words))

    async def _told_by_diary(self, now: datetime, since: datetime, at_most: int) -> None:
        named = await diary.calls_between(self._settings.diary, since, now - SETTLED, at_most=at_most)
        live = set(self._live())
        async with connection(self._pool) as taken:
            unknown = await store.unknown_calls(taken, [call for call in named if call not in live])
        for call, told in (await diary.told_of(self._settings.diary, unknown)).items():
            try:
                await self._write_told(call, told)
                self.unreadable.pop(call, None)
            except (WorldFailed, asyncio.CancelledError):
                raise
            except Exception as wrong:  # noqa: BLE001  likewise
                self._leave(call, wrong)

    async def _write_told(self, call: CallId, told: Witness) -> None:
        if told.how is None and told.over_at is None:
            return  # it may go on
        async with transaction(self._pool) as taken:
            for change in diary.changes(told, list(_imagined(told))):
                await self._settings.bring(taken, change)
            await store.QUERIES.settle_end.execute(taken, call=call)
        self._count("calls told by the diary", 1, call)

    def _leave(self, call: CallId, wrong: Exception) -> None:
        if call not in self.unreadable:
            log.error("recordings.repair_failed", call=call, reason=reason_of(wrong))
        self.unreadable[call] = reason_of(wrong)

    def _count(self, kind: str, count: int, call: CallId | None = None) -> None:
        if count:
            self.repaired[kind] += count
            log.warning("recordings.repaired", what=kind, count=count, **({"call": call} if call else {}))


def _begin(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _imagined(told: Witness) -> Iterator[SpooledLeg]:
    """Where no file is left, the caller's own as it must have been: from the queue entry to the end that the diary has."""
    began = told.began_at or told.queued_at or told.talks[0].began
    last = max([began, *(talk.ended or talk.began for talk in told.talks)])
    leg = LegFile(told.call, ChannelId(told.call), Role.CALLER, began)
    yield SpooledLeg(leg, Path(), 0, told.over_at or told.ended_at or last)
