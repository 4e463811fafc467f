"""Calls: list, detail with recording and transcript, and the sound itself (SPEC C6, C8)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated

from aiohttp import web
from pydantic import StringConstraints, ValidationError

from cti.ids import CallId
from recordings.models import DEMONSTRATION
from services.access.reads import Reads
from services.access.rights import Right
from services.calls import policy, store, wire
from services.calls.policy import Part
from services.customers import wire as customers_wire
from services.customers.numbers import ANYWHERE, Numbering
from services.errors import Forbidden, NotFound
from services.now import Clock
from services.recordings.playback import Playback, StoreAway
from services.store import db
from services.transcripts import wire as transcripts_wire
from services.web.cursor import from_cursor, to_cursor
from services.web.http import Asked, route
from services.web.problems import RangeNotSatisfiable
from services.web.ranges import Content, send

CallIdText = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{1,32}-[0-9]{1,12}\.[0-9]{1,12}$")]
READERS = (Right.CALLS_READ, Right.CALLS_READ_OWN)
LISTENERS = (Right.RECORDINGS_LISTEN, Right.RECORDINGS_LISTEN_OWN)


class CallRoutes:
    def __init__(self, pool: db.Pool, playback: Playback, clock: Clock, numbering: Numbering = ANYWHERE) -> None:
        self._pool = pool
        self._playback = playback
        self._numbering = numbering
        self._reads = Reads(pool, clock)

    @route("GET", "/api/calls", right=READERS)
    async def page(self, asked: Asked, query: wire.CallsQuery) -> wire.CallPage:
        """Newest first: every call, or for agents their own."""
        at, behind = from_cursor(query.after)
        number = self._numbering.read(query.number) if query.number.strip() else None
        if number == "":
            return wire.CallPage(calls=[], next=None)  # no number at all: not the calls that came without one
        async with db.transaction(self._pool) as connection:
            await connection.execute("set local plan_cache_mode = force_custom_plan")
            rows = await store.QUERIES.page.fetch(
                connection,
                at=at,
                behind=behind,
                number=number,
                outcome=query.outcome,
                begin=query.begin,
                end=query.end,
                own_of=policy.only_own(asked.by),
                limit=query.limit + 1,
            )
        shown = rows[: query.limit]
        more = len(rows) > query.limit
        return wire.CallPage(
            calls=[_row(row) for row in shown], next=to_cursor(shown[-1]["started_at"], shown[-1]["id"]) if more else None
        )

    @route("GET", "/api/calls/{call_id}", right=READERS, long_answer=True)
    async def show(self, asked: Asked, call_id: CallIdText) -> wire.CallDetail:
        """One call with the agents' legs, its recording and its words."""
        async with db.connection(self._pool) as connection:
            row = await store.QUERIES.detail.fetchrow(connection, call=call_id)
            if row is None:
                raise NotFound("there is no such call")
            allowed = await policy.may(connection, asked.by, Part.CALL, call_id)
            words = await policy.may(connection, asked.by, Part.WORDS, call_id)
            legs = await store.QUERIES.legs.fetch(connection, call=call_id)
            recording = await store.QUERIES.recording_of.fetchrow(connection, call=call_id)
            utterances = (
                await store.QUERIES.utterances_of.fetch(connection, recording=recording["id"]) if recording and words else []
            )
        if not allowed:
            await self._reads.note(asked.by, "call.refused", f"call:{call_id}")
            raise NotFound("there is no such call")
        if utterances:
            await self._reads.note(asked.by, "transcript.read", f"call:{call_id}")
        return wire.CallDetail(
            call=_row(row),
            legs=[_leg(leg) for leg in legs],
            recording=await self._recording(call_id, recording) if recording else None,
            transcript=await asyncio.to_thread(_transcript, recording, utterances) if recording else None,
        )

    @route(
        "GET",
        "/api/calls/{call_id}/audio",
        right=LISTENERS,
        produces="audio/flac",
        raises=(RangeNotSatisfiable, StoreAway),
    )
    async def audio(self, asked: Asked, call_id: CallIdText, query: wire.AudioQuery) -> web.StreamResponse:
        """The sound, whole or by a byte range. Every listening is on record."""
        async with db.connection(self._pool) as connection:
            allowed = await policy.may(connection, asked.by, Part.SOUND, call_id)
            recording = await store.QUERIES.recording_of.fetchrow(connection, call=call_id)
        if not allowed:
            await self._reads.note(asked.by, "recording.refused", f"call:{call_id}")
            raise Forbidden("not a call of yours")
        if recording is None or recording["state"] != "archived":
            raise NotFound("there is no recording of this call")
        await self._reads.note(asked.by, "recording.listen", f"call:{call_id}", {"side": query.side})
        sound = await self._playback.sound(CallId(call_id), recording["object"], query.side)
        etag = f"{recording['id']}-{query.side}-{sound.size}"
        name = f"{call_id}.{query.side}.flac"
        content = Content(size=sound.size, content_type="audio/flac", etag=etag, read=sound.read, filename=name)
        return await send(asked, content)

    async def _recording(self, call: str, row: db.Row) -> wire.Recording:
        drawn = await self._playback.peaks(row["peaks"]) if row["peaks"] else None
        return wire.Recording(
            id=row["id"],
            call_id=call,
            state=row["state"],
            duration_ms=row["duration_ms"],
            starts_at=row["starts_at"],
            remarks=row["remarks"],
            error=row["error"],
            peaks=_peaks(drawn),
        )


def _transcript(row: db.Row, utterances: Sequence[db.Row]) -> transcripts_wire.Transcript | None:
    """Long ones take a while: to be called in a thread, which lets the loop in between two utterances."""
    if row["transcript_state"] is None:
        return None
    return transcripts_wire.Transcript.model_validate(
        {
            "state": row["transcript_state"],
            "model": row["model"],
            "demonstration": row["model"] == DEMONSTRATION.name,  # the one that wrote it, not the one of today
            "utterances": [transcripts_wire.Utterance.model_validate_json(line["utterance"]) for line in utterances],
            "error": row["transcript_error"],
        }
    )


def _peaks(drawn: bytes | None) -> wire.Peaks | None:
    try:
        return wire.Peaks.model_validate_json(drawn) if drawn else None
    except ValidationError:
        return None  # drawn by another version: the sound is what counts


def _leg(row: db.Row) -> wire.Leg:
    return wire.Leg.model_validate({name: row[name] for name in wire.Leg.model_fields})


SAME_NAME = tuple(name for name in wire.CallRow.model_fields if name not in {"customer", "answered_by"})


def _row(row: db.Row) -> wire.CallRow:
    customer = None
    if row["customer_id"] is not None:
        parts = {name: row[f"k_{name}"] for name in ("number", "name", "tier", "note")}
        customer = customers_wire.Customer(id=row["customer_id"], **parts)
    plain = {name: row[name] for name in SAME_NAME}
    return wire.CallRow.model_validate({**plain, "customer": customer, "answered_by": row["answered_by_name"]})
