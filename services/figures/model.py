"""Defines what is counted of the juniors' papers and of the departments' orders, by which formula. Pure.

A paper belongs to the stretch of time in which it was reviewed, an order to the one in which it left, a warning to the one in
which it was given; every stretch is half-open. Nothing is kept: each figure is counted from the rows when it is asked for, so
that it is the same when counted again, and whatever it counts can be shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

JUNIORS = "tingsu-assessment-1"
"""Papers that had a review, by their author; those sent back, and those of each mark. Reviewed twice is counted twice."""

DEPARTMENTS = "tingsu-department-1"
"""In time: orders that came back before any end of their time, of those that came back or ran out. First time right: orders the
centre was content with that were never sent back, done once more or dispatched a second time, of all it was content with.
"""

LONGEST = timedelta(days=400)
"""A stretch of time that is counted at once: a year, and something beside it."""

USUAL = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Span:
    """Half-open."""

    begin: datetime
    end: datetime


def span(begin: datetime | None, end: datetime | None, now: datetime) -> Span:
    """What was asked for; what was left open is now, or thirty days before the end. Never longer than LONGEST: the end counts."""
    until = end or now
    try:
        return Span(max(begin or until - USUAL, until - LONGEST), until)
    except OverflowError:  # within a year of the calendar's own beginning
        return Span(begin or until, until)


class PaperFigure(StrEnum):
    """What can be counted, and shown, of a person's papers."""

    REVIEWED = "reviewed"
    SENT_BACK = "sent_back"
    RIGHT = "right"
    LATE = "late"
    WRONG_CLASS = "wrong_class"
    WRONG_SENT = "wrong_sent"


class OrderFigure(StrEnum):
    """What can be counted, and shown, of a department's orders."""

    DISPATCHED = "dispatched"
    RETURNED = "returned"
    IN_TIME = "in_time"
    LATE = "late"
    DONE = "done"
    FIRST_RIGHT = "first_right"
    REFUSED = "refused"
    WARNED = "warned"
