"""Reads from the database who sits at which extension, and which queues each answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from services.access.rights import Right, Role, rights_of
from services.store.db import Connection
from services.store.queries import load_queries

QUERIES = load_queries(Path(__file__).parent / "floor.sql")


@dataclass(frozen=True, slots=True)
class Seat:
    """Who sits at an extension, and the state that person asked for. ``agent``: may take calls. ``queues``: those the
    person answers, None for every one.
    """

    person: int
    name: str
    extension: str
    language: str
    phone_kind: str
    agent: bool
    wanted: str
    reason: str
    wanted_at: datetime | None = None
    queues: tuple[str, ...] | None = None


async def seats(connection: Connection) -> list[Seat]:
    return [
        Seat(
            r["id"],
            r["name"],
            r["extension"],
            r["language"],
            r["phone_kind"],
            takes_calls(r["roles"]),
            r["wanted_state"],
            r["wanted_reason"],
            r["wanted_at"],
            None if r["queues"] is None else tuple(r["queues"]),
        )
        for r in await QUERIES.seats.fetch(connection)
    ]


def takes_calls(roles: Iterable[str]) -> bool:
    """Whether these roles may take calls: decided by the right to a desk, not by a role's name. A role that this program does
    not know gives no right.
    """
    return Right.DESK in rights_of(Role(role) for role in roles if role in set(Role))
