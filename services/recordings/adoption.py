"""Takes care of sound in the spool that no row asks for: calls we never heard of, what a crash left behind, talk between
colleagues.

Calls that nobody knows get the rows that the switch's diary makes of them (a draft as well if they were answered), or else a row
``lost``, and go the same way as any other. Of calls that we were done with, what a crash left behind is cleared and what came too
late is taken in. What an agent said to a colleague alone is no call of the hotline's and is not kept, once we hear the switch and
every call of that time is settled. If one of them was not heard as it happened, it may be a caller's all the same and is adopted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime

import structlog

from cti.changes import Direction
from cti.ids import CallId
from cti.queue_log import Witness
from recordings import spool
from recordings.archive import Archive
from recordings.errors import ArchiveFailed, SpoolChanged
from recordings.spool import Spooled, SpooledLeg
from services import diary
from services.errors import WorldFailed
from services.now import Clock
from services.recordings import store
from services.recordings.archiving import clear
from services.recordings.steps import IntakeSettings, look
from services.store.db import Connection, Pool, Row, connection, transaction
from services.troubles import reason_of

log = structlog.get_logger(__name__)


class Adoption:
    """``look`` goes through the spool once.

    ``live``: calls that go on; ``hearing``: the switch is heard, and what was missed has been found out; ``caught_up`` returns
    once all that was heard is in the database.
    """

    def __init__(
        self,
        pool: Pool,
        archive: Archive,
        clock: Clock,
        *,
        settings: IntakeSettings,
        live: Callable[[], Collection[CallId]],
        hearing: Callable[[], bool],
        caught_up: Callable[[], Awaitable[None]],
    ) -> None:
        self._pool = pool
        self._archive = archive
        self._clock = clock
        self._settings = settings
        self._live = live
        self._hearing = hearing
        self._caught_up = caught_up
        self.refused: dict[CallId, str] = {}  # why nothing could be done with a call's sound at the last look

    async def look(self) -> bool:
        """Sound that lies in the spool for long. Always False: no need to hurry."""
        try:
            if not (await self._orphans())[1]:
                return False
            hearing = self._hearing()
            await self._caught_up()  # after days without a database its calls are unknown only until the journal is in
            spooled, found = await self._orphans()
        except OSError as error:
            log.error("recordings.spool_unreadable", error=type(error).__name__)
            return False
        async with connection(self._pool) as taken:
            unknown = await store.unknown_calls(taken, found)
        talk = {call for call in unknown if _is_talk(spooled.calls[call])}
        told = await diary.told_of(self._settings.diary, unknown - talk)
        for call in unknown - talk:
            await self._one(call, self._adopt_alone(call, spooled.calls[call], told.get(call)))
        async with transaction(self._pool) as taken:
            await store.QUERIES.expect_late_sound.execute(taken, calls=found, now=self._clock.now())
            archived = await store.QUERIES.archived_of.fetch(taken, calls=found)
        for row in archived:
            call = CallId(row["call_id"])
            await self._one(call, self._clear_left(row, spooled.calls[call]))
        for call in talk if hearing else ():
            await self._one(call, self._let_go(call, spooled))
        self.refused = {call: reason for call, reason in self.refused.items() if call in spooled.calls}
        return False

    async def _one(self, call: CallId, work: Awaitable[None]) -> None:
        """A call whose sound nothing can be done with keeps none of the others back; it is shown, and tried at the next look."""
        try:
            await work
        except WorldFailed:
            raise
        except Exception as wrong:  # noqa: BLE001  whatever it was
            if call not in self.refused:
                log.error("recordings.adoption_refused", call=call, reason=reason_of(wrong))
            self.refused[call] = reason_of(wrong)
        else:
            self.refused.pop(call, None)

    async def _adopt_alone(self, call: CallId, legs: Sequence[SpooledLeg], told: Witness | None) -> None:
        async with transaction(self._pool) as taken:
            await self._adopt(taken, call, legs, told)

    async def _orphans(self) -> tuple[Spooled, list[CallId]]:
        spooled = await look(self._pool, self._settings.spool)
        live = set(self._live())
        return spooled, spool.orphans(spooled, live.__contains__, now=self._clock.now(), age=self._settings.orphan_age)

    async def _adopt(self, taken: Connection, call: CallId, legs: Sequence[SpooledLeg], told: Witness | None) -> None:
        log.warning("recordings.adopted", call=call, told=told is not None)
        if told is None:
            began, ended = _times_of(legs)
            direction = Direction.OUTBOUND if any(leg.leg.called for leg in legs) else Direction.INBOUND
            known = {"direction": str(direction), "recovered": not _is_talk(legs), "node": self._settings.node}
            await store.QUERIES.adopt_call.execute(taken, call=call, began=began, ended=ended, **known)
        for change in diary.changes(told, legs) if told else ():
            await self._settings.bring(taken, change)
        await store.QUERIES.settle_end.execute(taken, call=call)
        await store.QUERIES.adopt_recording.execute(taken, call=call, now=self._clock.now())

    async def _let_go(self, call: CallId, spooled: Spooled) -> None:
        """Discards talk between colleagues. Whose caller it might have been is known once no call of that time goes on."""
        legs = spooled.calls[call]
        began, ended = _times_of(legs)
        others = (leg for other in spooled.calls.values() if not _is_talk(other) for leg in other)
        if any(leg.leg.started_at < ended and leg.touched_at > began for leg in others):
            return
        async with transaction(self._pool) as taken:
            heard = await store.QUERIES.how_heard.fetchval(taken, begin=began, end=ended)
            if heard == "badly":
                await self._adopt(taken, call, legs, None)
            if heard != "well":
                return
        log.info("recordings.colleagues_discarded", leg=call)
        try:
            await asyncio.to_thread(spool.discard, legs)
        except (SpoolChanged, OSError) as error:
            log.warning("recordings.legs_kept", error=type(error).__name__)

    async def _clear_left(self, row: Row, legs: list[SpooledLeg]) -> None:
        """Clears sound that lies here although it is archived: we died before we removed it. A leg that was never woven is put
        aside.
        """
        woven = {(leg["channel"], leg["started_at"]) for leg in row["legs"] if not leg["error"]}
        bad = [
            leg
            for leg in legs
            if (leg.leg.channel, leg.leg.started_at.isoformat()) not in woven or leg.touched_at >= row["archived_at"]
        ]
        try:
            stored = await self._archive.receipt(row["object"], row["bytes"], row["sha256"])
        except ArchiveFailed as error:
            log.error("recordings.legs_without_archive", call=row["call_id"], error=error.code)
            return
        log.warning("recordings.legs_cleared", call=row["call_id"], removed=len(legs) - len(bad), aside=len(bad))
        await clear(legs, stored, bad)


def _is_talk(legs: Sequence[SpooledLeg]) -> bool:
    return all(leg.leg.colleague for leg in legs)


def _times_of(legs: Sequence[SpooledLeg]) -> tuple[datetime, datetime]:
    began = min(leg.leg.started_at for leg in legs)
    return began, max(began, *(leg.touched_at for leg in legs))
