"""Counts what waits in other rooms, for the system page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from services.store.db import Connection
from services.store.queries import load_queries

QUERIES = load_queries(Path(__file__).parent / "system.sql")


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits; ``failed`` transcripts of the last day."""

    recordings: int
    transcripts: int
    failed: int


async def queue(connection: Connection, since: datetime) -> Queue:
    row = await QUERIES.queue_length.fetchrow(connection, since=since)
    assert row is not None
    return Queue(row["recordings"], row["transcripts"], row["failed"])
