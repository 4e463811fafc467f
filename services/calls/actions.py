"""Answers what may be asked of calls: a list of them, one with its words, its sound. Every reading and listening is on record.

All three decide by ``policy``; whoever is refused is on record too, and learns nothing of whether there is such a call.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cti.ids import CallId
from services.access import audit
from services.access.actor import LoggedIn
from services.access.policy import Act
from services.access.reads import Reads
from services.calls import policy, store
from services.customers.numbers import ANYWHERE, Numbering
from services.errors import Forbidden, NotFound
from services.now import Clock
from services.recordings.playback import Playback, Side, Sound
from services.store.batches import parts_of
from services.store.db import Connection, Pool, Row, connection, transaction
from services.store.sorting import KeyKind, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFilter:
    """The calls that a list shows: ``number`` in any spelling, '' for any; [begin, end) by the call's start; those behind
    ``after`` in the order ``sort``.
    """

    number: str = ""
    outcome: str | None = None
    direction: str | None = None
    begin: datetime | None = None
    end: datetime | None = None
    after: tuple[Value | None, str] = (None, "")
    limit: int = 50
    sort: str = "-started"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """``more``: there is more behind the last of these rows."""

    rows: Sequence[Row]
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One call: its row, the agents' legs, its recording with what is drawn of it, and its words as far as they may be read."""

    call: Row
    legs: Sequence[Row]
    recording: Row | None
    peaks: bytes | None
    utterances: Sequence[Row]
    may: Sequence[Act]


@dataclass(frozen=True, slots=True)
class Calls:
    """The use-cases of this room."""

    pool: Pool
    playback: Playback
    reads: Reads
    clock: Clock
    numbering: Numbering = ANYWHERE

    @classmethod
    def of(cls, pool: Pool, playback: Playback, clock: Clock, numbering: Numbering = ANYWHERE) -> Calls:
        return cls(pool, playback, Reads(pool, clock), clock, numbering)

    @staticmethod
    def sorted_by(sort: str) -> KeyKind:
        """What a cursor of this order holds."""
        return store.SORTS.key(sort).kind

    async def page(self, who: LoggedIn, wanted: CallFilter) -> Page:
        """Every call, or only their own for a person who may see no others."""
        number = self.numbering.read(wanted.number) if wanted.number.strip() else None
        if number == "":
            return Page(
                rows=(), more=False
            )  # what was asked for is no number: an empty list, not the calls that came without a number
        at, behind = wanted.after
        async with transaction(self.pool) as taken:
            await taken.execute("set local plan_cache_mode = force_custom_plan")
            rows = await store.SORTS[wanted.sort].page.fetch(
                taken,
                at=at,
                behind=behind,
                number=number,
                outcome=wanted.outcome,
                direction=wanted.direction,
                begin=wanted.begin,
                end=wanted.end,
                own_of=policy.only_own(who),
                limit=wanted.limit + 1,
            )
        return Page(rows=rows[: wanted.limit], more=len(rows) > wanted.limit)

    async def take_away(self, who: LoggedIn, calls: Sequence[str]) -> list[Row]:
        """These calls in this order, those of them that this person may see, for a file. On record in the same transaction, with
        how many. Raises Forbidden.
        """
        if not policy.may_take_away(who):
            raise Forbidden
        async with transaction(self.pool) as taken:
            chosen, own_of = store.SORTS["-started"].chosen, policy.only_own(who)
            found = {row["id"]: row for part in parts_of(calls) for row in await chosen.fetch(taken, calls=part, own_of=own_of)}
            detail = {"rows": str(len(found))}
            await audit.write(taken, self.clock.now(), by=who.id, action="call.export", about="call", detail=detail)
        return [found[one] for one in dict.fromkeys(calls) if one in found]

    async def show(self, who: LoggedIn, call: str) -> Told:
        """Raises NotFound for a call that is not there, or not this person's to see."""
        async with connection(self.pool) as taken:
            row = await store.SORTS["-started"].detail.fetchrow(taken, call=call)
            if row is None:
                raise NotFound("there is no such call")
            allowed = await policy.may(taken, who, Act.CALL_SEE, call)
            legs = await store.QUERIES.legs.fetch(taken, call=call)
            recording = await store.QUERIES.recording_of.fetchrow(taken, call=call)
            utterances = await self._words(taken, who, call, recording)
            granted = [act for act in (Act.CALL_WORDS, Act.CALL_LISTEN) if await policy.may(taken, who, act, call)]
        if not allowed:
            await self.reads.note(who, "call.refused", f"call:{call}")
            raise NotFound("there is no such call")
        if utterances:
            await self.reads.note(who, "transcript.read", f"call:{call}")
        peaks = await self.playback.peaks(recording["peaks"]) if recording and recording["peaks"] else None
        return Told(call=row, legs=legs, recording=recording, peaks=peaks, utterances=utterances, may=granted)

    async def sound(self, who: LoggedIn, call: str, side: Side) -> tuple[int, Sound]:
        """The recording's id and its sound. Raises Forbidden, NotFound, StoreAway."""
        async with connection(self.pool) as taken:
            allowed = await policy.may(taken, who, Act.CALL_LISTEN, call)
            recording = await store.QUERIES.recording_of.fetchrow(taken, call=call)
        if not allowed:
            await self.reads.note(who, "recording.refused", f"call:{call}")
            raise Forbidden("not a call of yours")
        if recording is None or recording["state"] != "archived":
            raise NotFound("there is no recording of this call")
        await self.reads.note(who, "recording.listen", f"call:{call}", {"side": side})
        return recording["id"], await self.playback.sound(CallId(call), recording["object"], side)

    async def _words(self, taken: Connection, who: LoggedIn, call: str, recording: Row | None) -> Sequence[Row]:
        if recording is None or not await policy.may(taken, who, Act.CALL_WORDS, call):
            return ()
        return await store.QUERIES.utterances_of.fetch(taken, recording=recording["id"])
