"""Reads and writes the words of recordings, on their way and found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from services.store.db import Connection
from services.store.jobs import Line
from services.store.queries import load_queries

QUERIES = load_queries(Path(__file__).parent / "transcripts.sql")


LINE = Line(
    "transcript", key="recording_id", claimed="running", thing="(select r.call_id from recording r where r.id = recording_id)"
)
"""Recordings whose words are to be found."""


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
