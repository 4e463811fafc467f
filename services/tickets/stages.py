"""Derives the stages of a case, with their times, from what is on record of it (SPEC O6, GB/T 19012). Pure.

Nobody sets a stage: each follows from the ticket, its journal and its orders, so the register of acceptance counts what was done.
Not every case goes through all of them: one that is settled on the spot is never investigated by a department.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from services.tickets.model import State, Ticket

Standing = Literal["done", "current", "passed", "ahead"]


class Stage(StrEnum):
    """In the order of the standard."""

    RECEIVE = "receive"
    TRACK = "track"
    ACKNOWLEDGE = "acknowledge"
    ASSESS = "assess"
    INVESTIGATE = "investigate"
    RESPOND = "respond"
    COMMUNICATE = "communicate"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class Milestones:
    """What journal and orders tell beside the ticket itself; None: it has not happened.

    ``assessed_at``: a severity was set for the first time. ``answered_at``: an answer stood there for the first time.
    ``returned_at``: a department gave its first answer. ``communicated_at``: the customer heard the decision and said so.
    """

    assessed_at: datetime | None = None
    answered_at: datetime | None = None
    closed_at: datetime | None = None
    communicated_at: datetime | None = None
    returned_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reached:
    """``passed``: a later stage came without it. ``current``: the one that is worked at."""

    stage: Stage
    at: datetime | None
    standing: Standing


def stages(ticket: Ticket, milestones: Milestones) -> tuple[Reached, ...]:
    """Every stage in its order. At most one is current, and of a case that is over none is."""
    times = _times(ticket, milestones)
    last = max(place for place, stage in enumerate(Stage) if times[stage])
    over = ticket.state in {State.CLOSED, State.DISCARDED}
    reached, waits = [], not over
    for place, stage in enumerate(Stage):
        if times[stage]:
            standing: Standing = "done"
        elif place < last or over:
            standing = "passed"
        else:
            standing, waits = ("current" if waits else "ahead"), False
        reached.append(Reached(stage, times[stage], standing))
    return tuple(reached)


def _times(ticket: Ticket, milestones: Milestones) -> Mapping[Stage, datetime | None]:
    answers = [at for at in (milestones.answered_at, milestones.returned_at) if at]
    closed = ticket.state is State.CLOSED
    return {
        Stage.RECEIVE: ticket.received_at,
        Stage.TRACK: ticket.confirmed_at,
        Stage.ACKNOWLEDGE: ticket.acknowledged_at,
        # whoever confirms a case lets its severity stand, if nobody has set another one before
        Stage.ASSESS: ticket.confirmed_at and (milestones.assessed_at or ticket.confirmed_at),
        Stage.INVESTIGATE: ticket.dispatched_at,
        Stage.RESPOND: min(answers, default=None) if ticket.confirmed_at else None,
        Stage.COMMUNICATE: milestones.communicated_at,
        Stage.CLOSE: milestones.closed_at if closed else None,
    }
