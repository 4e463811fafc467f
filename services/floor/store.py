"""Who sits at which extension, in the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from services.store.db import Connection
from services.store.queries import load_queries

QUERIES = load_queries(Path(__file__).parent / "floor.sql")


@dataclass(frozen=True, slots=True)
class Seat:
    """Who sits at an extension, and the state that person asked for."""

    person: int
    name: str
    extension: str
    language: str
    phone_kind: str
    role: str
    wanted: str
    reason: str
    wanted_at: datetime | None = None


async def seats(connection: Connection) -> list[Seat]:
    return [
        Seat(
            r["id"],
            r["name"],
            r["extension"],
            r["language"],
            r["phone_kind"],
            r["role"],
            r["wanted_state"],
            r["wanted_reason"],
            r["wanted_at"],
        )
        for r in await QUERIES.seats.fetch(connection)
    ]
