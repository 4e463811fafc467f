"""Reads and writes recordings on their way, and reads what their weaving needs of a call."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cti.ids import CallId, ChannelId
from services.store.db import Connection
from services.store.jobs import Job, Line
from services.store.queries import load_queries

QUERIES = load_queries(Path(__file__).parent / "recordings.sql")

LINE = Line("recording", thing="call_id")
"""Calls whose sound is to be archived; a claimed row goes on waiting, for who looks at it."""


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


def call_of(job: Job) -> CallId:
    """The call whose sound, or whose words, a claimed row is about."""
    return CallId(job.thing)


async def call_times(connection: Connection, call: CallId) -> CallTimes:
    row = await QUERIES.call_times.fetchrow(connection, call=call)
    assert row is not None  # recording.call_id refers to it
    spans: dict[str, list[KnownSpan]] = {}
    for span in await QUERIES.spans.fetch(connection, call=call):
        spans.setdefault(span["channel"], []).append(KnownSpan(span["joined_at"], span["left_at"], span["recovered"]))
    sounded = row["queued_at"] is not None or row["answered_at"] is not None or row["talked_ms"] > 0
    known = {name: row[name] for name in ("recovered", "concluded", "queued_at", "answered_at")}
    return CallTimes(row["started_at"], row["ended_at"], sounded, spans, **known)


async def calls_of_legs(connection: Connection, channels: Collection[ChannelId]) -> dict[ChannelId, CallId]:
    """Whose callers these legs have spoken with, as far as they have."""
    rows = await QUERIES.calls_of_legs.fetch(connection, channels=list(channels))
    return {ChannelId(row["channel"]): CallId(row["call_id"]) for row in rows}


async def unknown_calls(connection: Connection, calls: Collection[CallId]) -> set[CallId]:
    known = {row["id"] for row in await QUERIES.known_calls.fetch(connection, calls=list(calls))}
    return set(calls) - known
