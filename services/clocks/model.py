"""Defines a clock that runs for one thing: when it ends, what the sweeper makes of it, and how it stands. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Literal

from services.clocks.calendar import after, before
from services.clocks.table import CLOCKS, Clocks


class State(StrEnum):
    """``waiting`` for its end, ``looking`` while the sweeper has it; the others are what came of it.

    Met: it was done in time. Stopped: there was nothing left to do. Breached: its end came first, however it went on.
    """

    WAITING = "waiting"
    LOOKING = "looking"
    MET = "met"
    STOPPED = "stopped"
    BREACHED = "breached"


RUNNING = frozenset({State.WAITING, State.LOOKING})

Standing = Literal["running", "met", "stopped", "breached"]


@dataclass(frozen=True, slots=True)
class Start:
    """From when a clock counts, and why from then: a code such as ``receipt``."""

    at: datetime
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """Time counts in [``starts_at``, ``ends_at``): done at ``ends_at`` is late. ``due_at``: the sweeper looks at it then.

    ``breached_at``: the sweeper noted the breach. ``settled_at``: it was done or stopped, in time or late.
    """

    rule: str
    because: str
    starts_at: datetime
    ends_at: datetime
    warns_at: datetime | None
    due_at: datetime
    state: State = State.WAITING
    warned_at: datetime | None = None
    breached_at: datetime | None = None
    settled_at: datetime | None = None


def started(rule: str, start: Start, clocks: Clocks = CLOCKS) -> Deadline:
    """The clock of a rule, running since ``start``. Its rule must name a length of time."""
    clock = clocks[rule]
    assert clock.within is not None
    ends_at = after(clock.calendar, start.at, clock.within)
    warns_at = before(clock.calendar, ends_at, clock.warning) if clock.warning else None
    return Deadline(
        rule=rule, because=start.because, starts_at=start.at, ends_at=ends_at, warns_at=warns_at, due_at=warns_at or ends_at
    )


def recounted(deadline: Deadline, ends_at: datetime, warns_at: datetime | None, now: datetime) -> Deadline:
    """A clock that runs, with the end that it has by another calendar. What is over stays so, and nobody is warned twice."""
    if deadline.state not in RUNNING or now >= deadline.ends_at:
        return deadline
    due_at = ends_at if deadline.warned_at or warns_at is None else warns_at
    return replace(deadline, ends_at=ends_at, warns_at=warns_at, due_at=due_at, state=State.WAITING)


def looked_at(deadline: Deadline, now: datetime) -> Deadline:
    """What the sweeper makes of a clock that still runs: breached, warned of, or to be looked at later.

    A clock that ended while nobody looked is breached without a warning: it could warn nobody any more.
    """
    if now >= deadline.ends_at:
        return replace(deadline, state=State.BREACHED, breached_at=now, due_at=deadline.ends_at)
    if deadline.warns_at and now >= deadline.warns_at:
        return replace(deadline, state=State.WAITING, warned_at=deadline.warned_at or now, due_at=deadline.ends_at)
    return replace(deadline, state=State.WAITING, due_at=deadline.warns_at or deadline.ends_at)


def standing(deadline: Deadline, now: datetime) -> Standing:
    """How it stands, also in the moment before the sweeper has noted it."""
    match deadline.state:
        case State.MET:
            return "met"
        case State.STOPPED:
            return "stopped"
        case State.BREACHED:
            return "breached"
    return "breached" if now >= deadline.ends_at else "running"
