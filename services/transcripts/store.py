"""Recordings and transcripts on their way, and the lexicon, in the database."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cti.ids import CallId, ChannelId
from services.store.db import Connection
from services.store.queries import load_queries
from services.transcripts.lexicon import Category, Lexicon, Term

QUERIES = load_queries(Path(__file__).parent / "transcripts.sql")


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed recording; ``attempts`` counts this try."""

    id: int
    call: CallId
    attempts: int


@dataclass(frozen=True, slots=True)
class Listening:
    """A claimed transcript; ``object`` is the recording's key in the archive."""

    recording: int
    call: CallId
    attempts: int
    object: str


@dataclass(frozen=True, slots=True)
class KnownSpan:
    """``recovered``: the leg was found in the caller's bridge at ``joined_at`` and had come before."""

    joined_at: datetime
    left_at: datetime | None
    recovered: bool


@dataclass(frozen=True, slots=True)
class CallTimes:
    """What weaving needs of a call: its end, whether anybody was to be recorded, and each leg's spans.

    ``recovered``: we did not hear all of it, so a leg without a span may have spoken with the caller nevertheless.
    ``concluded``: nor its end, which stands where we noticed it.
    """

    started_at: datetime
    ended_at: datetime | None
    sounded: bool
    spans: dict[str, list[KnownSpan]]
    recovered: bool = False
    concluded: bool = False
    queued_at: datetime | None = None
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits; ``failed`` transcripts of the last day."""

    recordings: int
    transcripts: int
    failed: int


async def claim_recording(connection: Connection, now: datetime, *, lease: timedelta) -> Job | None:
    row = await connection.fetchrow(QUERIES.claim_recording, now, now + lease)
    return None if row is None else Job(row["id"], CallId(row["call_id"]), row["attempts"])


async def call_times(connection: Connection, call: CallId) -> CallTimes:
    row = await connection.fetchrow(QUERIES.call_times, call)
    assert row is not None  # recording.call_id refers to it
    spans: dict[str, list[KnownSpan]] = {}
    for span in await connection.fetch(QUERIES.spans, call):
        spans.setdefault(span["channel"], []).append(KnownSpan(span["joined_at"], span["left_at"], span["recovered"]))
    sounded = row["queued_at"] is not None or row["answered_at"] is not None or row["talked_ms"] > 0
    known = {name: row[name] for name in ("recovered", "concluded", "queued_at", "answered_at")}
    return CallTimes(row["started_at"], row["ended_at"], sounded, spans, **known)


async def calls_of_legs(connection: Connection, channels: Collection[ChannelId]) -> dict[ChannelId, CallId]:
    """Whose callers these legs have spoken with, as far as they have."""
    rows = await connection.fetch(QUERIES.calls_of_legs, list(channels))
    return {ChannelId(row["channel"]): CallId(row["call_id"]) for row in rows}


async def claim_transcript(connection: Connection, now: datetime, *, lease: timedelta, tries: int) -> Listening | None:
    row = await connection.fetchrow(QUERIES.claim_transcript, now, now + lease, tries)
    if row is None:
        return None
    return Listening(row["recording_id"], CallId(row["call_id"]), row["attempts"], row["object"])


async def finish(
    connection: Connection,
    recording: int,
    state: str,
    at: datetime,
    *,
    model: str | None = None,
    utterances: Sequence[dict[str, Any]] = (),
    error: str | None = None,
) -> None:
    """The transcript is done, no_speech or failed."""
    await connection.execute(QUERIES.finish_transcript, recording, state, model, list(utterances), error, at)


async def unknown_calls(connection: Connection, calls: Collection[CallId]) -> set[CallId]:
    known = {row["id"] for row in await connection.fetch(QUERIES.known_calls, list(calls))}
    return set(calls) - known


async def lexicon(connection: Connection) -> Lexicon:
    categories = [Category(**row) for row in await connection.fetch(QUERIES.categories)]
    return Lexicon(categories, [Term(**row) for row in await connection.fetch(QUERIES.terms)])


async def replace_lexicon(connection: Connection, new: Lexicon) -> None:
    """The new one in place of the old; call inside a transaction."""
    await connection.execute(QUERIES.lock_lexicon)
    await connection.execute(QUERIES.forget_terms)
    await connection.execute(QUERIES.forget_categories)
    await connection.executemany(
        QUERIES.write_category, [(c.list, c.code, c.zh, c.en, c.position, c.active) for c in new.categories]
    )
    await connection.executemany(QUERIES.write_term, [(t.list, t.code, t.term, t.weight) for t in new.terms])


async def queue(connection: Connection, since: datetime) -> Queue:
    row = await connection.fetchrow(QUERIES.queue_length, since)
    assert row is not None
    return Queue(row["recordings"], row["transcripts"], row["failed"])
