"""Computes today's figures of each agent, by SPEC "How to count": the agent answer time, from the ring at an idle agent to that
agent's answer, with its own share in time.

A ring is one that a queue made; it belongs to the day in which it began. One that this agent let pass or declined is missed, a
breach of that agent (SPEC A1). One that ended otherwise, because the caller gave up or another answered, is in neither part.
What an agent dialled is no ring and stands apart. Talk belongs to the day in which it began, and counts once it is over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime

from services.floor.store import QUERIES
from services.store.db import Connection

FORMULA = "tingsu-agent-1"
"""Name and version of the formula; a change of it gets a new name."""


@dataclass(frozen=True, slots=True)
class OwnFigures:
    """Of one agent. ``answer_ms`` is the sum of the rings that the agent answered."""

    answered: int = 0
    answered_in_time: int = 0
    missed: int = 0
    answer_ms: int = 0
    talked_ms: int = 0
    dialled: int = 0
    dialled_talked_ms: int = 0

    def __add__(self, other: OwnFigures) -> OwnFigures:
        return OwnFigures(*(getattr(self, part.name) + getattr(other, part.name) for part in fields(self)))

    @property
    def average_ms(self) -> int | None:
        """Of an answer; None before the first."""
        return round(self.answer_ms / self.answered) if self.answered else None

    @property
    def in_time(self) -> float | None:
        """0 to 1, of the rings answered or missed; None before the first."""
        counted = self.answered + self.missed
        return self.answered_in_time / counted if counted else None


NONE = OwnFigures()


async def compute(
    connection: Connection, in_time_ms: Mapping[str, int], interval: tuple[datetime, datetime]
) -> dict[int, OwnFigures]:
    """By person, of who has any. ``in_time_ms``: each queue's own limit; rings of other queues are not counted."""
    begin, end = interval
    found: dict[int, OwnFigures] = {}
    for queue, limit in in_time_ms.items():
        rows = await QUERIES.own_rings.fetch(connection, queue=queue, begin=begin, end=end, in_time_ms=limit)
        _add(found, [(row["person"], OwnFigures(**{name: row[name] for name in RINGS})) for row in rows])
    for row in await QUERIES.own_talk.fetch(connection, begin=begin, end=end):
        talk = OwnFigures(talked_ms=row["talked_ms"], dialled_talked_ms=row["dialled_talked_ms"])
        _add(found, [(row["person"], talk)])
    for row in await QUERIES.own_dialled.fetch(connection, begin=begin, end=end):
        _add(found, [(row["person"], OwnFigures(dialled=row["dialled"]))])
    return found


RINGS = ("answered", "answered_in_time", "missed", "answer_ms")


def _add(found: dict[int, OwnFigures], more: list[tuple[int, OwnFigures]]) -> None:
    for person, figures in more:
        found[person] = found.get(person, NONE) + figures
