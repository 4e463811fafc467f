"""Reads and writes the words of recordings, on their way and found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cti.ids import CallId
from services.store.db import Connection
from services.store.queries import load_queries

QUERIES = load_queries(Path(__file__).parent / "transcripts.sql")


@dataclass(frozen=True, slots=True)
class Listening:
    """A claimed transcript; ``object`` is the recording's key in the archive."""

    recording: int
    call: CallId
    attempts: int
    object: str


async def claim_transcript(connection: Connection, now: datetime, *, lease: timedelta, tries: int) -> Listening | None:
    row = await QUERIES.claim_transcript.fetchrow(connection, now=now, until=now + lease, tries=tries)
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
    await QUERIES.finish_transcript.execute(
        connection, recording=recording, state=state, model=model, utterances=list(utterances), error=error, at=at
    )
