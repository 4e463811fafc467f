"""Explains a clock: from when it counts and why, which time counts, when it was warned of, and what came of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Literal

from services.clocks.calendar import Calendar, between, pieces
from services.clocks.model import RUNNING, Deadline, Standing, State, standing

SHOWN = 12
"""Stretches of counting time that are shown: two weeks of days with a lunch would be a wall of numbers."""

What = Literal["started", "warned", "warns", "ends", "ended", "met", "late", "stopped"]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that the clock came to, or comes to: ``warns`` and ``ends`` are still ahead."""

    at: datetime
    what: What


@dataclass(frozen=True, slots=True)
class Stretch:
    """Time that counts, from ``begin`` until just before ``end``."""

    begin: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Move:
    """A change of the calendars gave the clock another end. ``by`` None: the settings or the law changed."""

    at: datetime
    was: datetime
    became: datetime
    by: str | None


@dataclass(frozen=True, slots=True)
class Rule:
    """How a clock counts: ``calendar`` as it is now; ``within``: how much counting time it has, None where somebody named its
    end; ``edition``: of the calendars by which its end was counted.
    """

    calendar: Calendar
    within: timedelta | None = None
    edition: int | None = None

    def still_explains(self, deadline: Deadline) -> bool:
        """Whether the calendar as it is now is the one by which the end came about. One that changed later moves what runs, and
        leaves what is over as it was.
        """
        if deadline.state in RUNNING or self.edition in {None, self.calendar.edition}:
            return True
        if self.within is None:
            return not self.calendar.name
        return between(self.calendar, deadline.starts_at, deadline.ends_at) == self.within


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """``calendar``: its name, None for day and night. ``length``: the counting time from start to end; ``counted``: how much of
    it has passed until now, or until it was settled; None of a clock that is over and was counted by a calendar that is another
    one now. ``more``: not all stretches are shown.
    """

    deadline: Deadline
    standing: Standing
    calendar: str | None
    length: timedelta | None
    counted: timedelta | None
    events: tuple[Event, ...]
    stretches: tuple[Stretch, ...]
    more: bool
    moves: tuple[Move, ...] = ()


def explain(deadline: Deadline, rule: Rule, now: datetime, moves: tuple[Move, ...] = ()) -> Explained:
    """As it stands at this moment, by the calendar in which it counts."""
    calendar, known = rule.calendar, rule.still_explains(deadline)
    until = min(deadline.settled_at or now, deadline.ends_at)
    counting = pieces(calendar, deadline.starts_at, deadline.ends_at) if known else ()
    stretches = list(islice(_joined(counting), SHOWN + 1))
    return Explained(
        deadline=deadline,
        standing=standing(deadline, now),
        calendar=calendar.name or None,
        length=between(calendar, deadline.starts_at, deadline.ends_at) if known else None,
        counted=between(calendar, deadline.starts_at, until) if known else None,
        events=tuple(sorted(_events(deadline, now), key=lambda event: event.at)),
        stretches=tuple(stretches[:SHOWN]),
        more=len(stretches) > SHOWN,
        moves=moves,
    )


def _events(deadline: Deadline, now: datetime) -> Iterator[Event]:
    yield Event(deadline.starts_at, "started")
    if deadline.warned_at:
        yield Event(deadline.warned_at, "warned")
    elif deadline.warns_at and deadline.state in RUNNING and now < deadline.ends_at:
        yield Event(deadline.warns_at, "warns")
    over = now if deadline.settled_at is None else deadline.settled_at
    yield Event(deadline.ends_at, "ended" if over >= deadline.ends_at else "ends")
    if deadline.settled_at:
        yield Event(deadline.settled_at, _came_of_it(deadline.state))


def _came_of_it(state: State) -> What:
    if state is State.MET:
        return "met"
    return "stopped" if state is State.STOPPED else "late"


def _joined(found: Iterable[tuple[datetime, datetime]]) -> Iterator[Stretch]:
    """Neighbours that touch are one: day and night is a single stretch, however many midnights are in it."""
    last: Stretch | None = None
    for begin, end in found:
        if last and last.end == begin:
            last = Stretch(last.begin, end)
            continue
        if last:
            yield last
        last = Stretch(begin, end)
    if last:
        yield last
