"""Serves calls over HTTP: the list, one call with recording and transcript, and the sound itself (SPEC C6, C8)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from recordings.models import DEMONSTRATION
from services.access import masks
from services.access.masks import Personal
from services.access.policy import Act
from services.access.rights import Right
from services.calls import policy, sheet, wire
from services.calls.actions import CallFilter, Calls, Told
from services.cells import Reader
from services.customers import wire as customers_wire
from services.recordings import wire as recordings_wire
from services.recordings.playback import StoreAway
from services.store import db
from services.web.cursor import from_cursor, to_cursor
from services.web.http import Asked, Streamed, route
from services.web.problems import RangeNotSatisfiable
from services.web.ranges import Content, send
from services.web.sheets import send_sheet

READERS = (Right.CALLS_READ, Right.CALLS_READ_OWN)
MAY: Mapping[Act, Literal["words", "listen"]] = {Act.CALL_WORDS: "words", Act.CALL_LISTEN: "listen"}
LISTENERS = (Right.RECORDINGS_LISTEN, Right.RECORDINGS_LISTEN_OWN)


class CallRoutes:
    """``zone`` is the centre's."""

    def __init__(self, calls: Calls, zone: ZoneInfo) -> None:
        self._calls = calls
        self._zone = zone

    @route("GET", "/api/calls", right=READERS)
    async def page(self, asked: Asked, query: wire.CallsQuery) -> wire.CallPage:
        """Every call, or for agents their own; newest first, unless ``sort`` says otherwise."""
        cursor = from_cursor(query.after, query.sort, self._calls.sorted_by)
        wanted = CallFilter(
            number=query.number,
            outcome=query.outcome,
            direction=query.direction,
            begin=query.begin,
            end=query.end,
            after=(cursor.at, cursor.behind),
            limit=query.limit,
            sort=cursor.sort,
        )
        page = await self._calls.page(asked.by, wanted)
        last = page.rows[-1] if page.more else None
        behind = last and to_cursor(cursor.sort, last["sort_key"], last["id"])
        return wire.CallPage(calls=[_row(row) for row in page.rows], next=behind, may=policy.of_list(asked.by))

    @route("POST", "/api/call-exports", right=Right.LISTS_EXPORT, produces="text/csv")
    async def export(self, asked: Asked, body: wire.ChosenCalls) -> Streamed:
        """These calls as a file for a spreadsheet. Audited, with how many."""
        rows = await self._calls.take_away(asked.by, body.ids)
        return await send_sheet(asked, "calls", sheet.COLUMNS, rows, Reader(asked.by.person.language, self._zone))

    @route("GET", "/api/calls/{call_id}", right=READERS, long_answer=True)
    async def show(self, asked: Asked, call_id: wire.CallIdText) -> wire.CallDetail:
        """One call with the agents' legs, its recording and its words."""
        told = await self._calls.show(asked.by, call_id)
        return wire.CallDetail(
            call=_row(told.call),
            legs=[_leg(leg) for leg in told.legs],
            recording=_recording(told),
            transcript=await asyncio.to_thread(_transcript, told, masks.hidden_from(asked.by)),
            may=[MAY[act] for act in told.may],
        )

    @route(
        "GET",
        "/api/calls/{call_id}/audio",
        right=LISTENERS,
        produces="audio/flac",
        raises=(RangeNotSatisfiable, StoreAway),
    )
    async def audio(self, asked: Asked, call_id: wire.CallIdText, query: recordings_wire.AudioQuery) -> Streamed:
        """The sound, whole or by a byte range. Every listening is on record."""
        recording, sound = await self._calls.sound(asked.by, call_id, query.side)
        etag = f"{recording}-{query.side}-{sound.size}"
        name = f"{call_id}.{query.side}.flac"
        content = Content(size=sound.size, content_type="audio/flac", etag=etag, read=sound.read, filename=name)
        return await send(asked, content)


def _recording(told: Told) -> recordings_wire.Recording | None:
    row = told.recording
    if row is None:
        return None
    same = {name: row[name] for name in ("id", "state", "duration_ms", "starts_at", "remarks", "error")}
    return recordings_wire.Recording(**same, call_id=told.call["id"], peaks=_peaks(told.peaks))


def _transcript(told: Told, hidden: frozenset[Personal]) -> recordings_wire.Transcript | None:
    """Long ones take a while: to be called in a thread, which lets the loop in between two utterances."""
    row = told.recording
    if row is None or row["transcript_state"] is None:
        return None
    return recordings_wire.Transcript.model_validate(
        {
            "state": row["transcript_state"],
            "model": row["model"],
            "demonstration": row["model"] == DEMONSTRATION.name,  # the model that wrote the words, not today's
            "utterances": [_utterance(line["utterance"], hidden) for line in told.utterances],
            "error": row["transcript_error"],
        }
    )


def _utterance(line: str, hidden: frozenset[Personal]) -> recordings_wire.Utterance:
    """A number is spoken in several words: where one is masked in the whole of it, its digits are in the words too."""
    said = recordings_wire.Utterance.model_validate_json(line)
    text = masks.words(said.text) if hidden else said.text
    if text == said.text:
        return said
    words: list[recordings_wire.Word] = [{**word, "text": masks.spoken(word["text"])} for word in said.words]
    return said.model_copy(update={"text": text, "words": words})


def _peaks(drawn: bytes | None) -> recordings_wire.Peaks | None:
    try:
        return recordings_wire.Peaks.model_validate_json(drawn) if drawn else None
    except ValidationError:
        return None  # drawn by another version: the sound is what counts


def _leg(row: db.Row) -> wire.Leg:
    return wire.Leg.model_validate({name: row[name] for name in wire.Leg.model_fields})


SAME_NAME = tuple(name for name in wire.CallRow.model_fields if name not in {"customer", "answered_by"})


def _row(row: db.Row) -> wire.CallRow:
    customer = None
    if row["customer_id"] is not None:
        parts = {name: row[f"k_{name}"] for name in ("number", "name", "tier", "note")}
        customer = customers_wire.KnownCustomer(id=row["customer_id"], **parts)
    plain = {name: row[name] for name in SAME_NAME}
    return wire.CallRow.model_validate({**plain, "customer": customer, "answered_by": row["agent_name"]})
