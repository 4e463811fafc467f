"""Defines what a home shows: trays of what a person is to do next, and the stages in which open cases stand. Pure.

Which trays a person has follows from their rights, so whoever holds several roles has those of all of them in one home.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.access.actor import LoggedIn
from services.access.rights import Right
from services.clocks.model import Deadline, Standing
from services.store.db import Row
from services.tickets.levels import Level
from services.tickets.policy import TRAYS


class Tray(StrEnum):
    """What waits for a person, in the order in which a home shows it."""

    TO_MANAGER = "to_manager"  # what waits to be taken at each level, by its clocks
    TO_DATA = "to_data"
    TO_SENIOR = "to_senior"
    TO_JUNIOR = "to_junior"
    CASES = "cases"  # one's own open cases, by their clocks
    SENT_BACK = "sent_back"  # one's papers that the second review sent back
    ORDERS = "orders"  # what one's own department is to do
    REVIEWS = "reviews"  # papers that wait for one's second review
    FINAL = "final"  # "not ours", with the final arbiter
    REFUSED = "refused"  # "not ours", to be upheld or sent elsewhere
    EXTENSIONS = "extensions"  # requests for more time
    RETURNED = "returned"  # departments' answers that nobody has judged
    CLOSING = "closing"  # one's cases whose orders are all over
    DRAFTS = "drafts"
    NOBODYS = "nobodys"  # drafts that whoever comes first takes
    CALLS = "calls"  # the newest recordings


LEVELS: Mapping[Level, Tray] = {
    Level.MANAGER: Tray.TO_MANAGER,
    Level.DATA: Tray.TO_DATA,
    Level.SENIOR: Tray.TO_SENIOR,
    Level.JUNIOR: Tray.TO_JUNIOR,
}
"""Where in a home a level's tray is (``tickets.trays``)."""

RIGHTS: Mapping[Tray, frozenset[Right]] = {
    **{tray: frozenset({TRAYS[level]}) for level, tray in LEVELS.items()},
    Tray.CASES: frozenset({Right.TICKETS_WRITE, Right.SUGGESTIONS}),
    Tray.SENT_BACK: frozenset({Right.ORDERS_WRITE}),
    Tray.ORDERS: frozenset({Right.ORDERS_ANSWER}),
    Tray.REVIEWS: frozenset({Right.ORDERS_REVIEW}),
    Tray.FINAL: frozenset({Right.ORDERS_ARBITRATE}),
    Tray.REFUSED: frozenset({Right.ORDERS_REVIEW}),
    Tray.EXTENSIONS: frozenset({Right.ORDERS_REVIEW}),
    Tray.RETURNED: frozenset({Right.ORDERS_WRITE}),
    Tray.CLOSING: frozenset({Right.TICKETS_WRITE}),
    Tray.DRAFTS: frozenset({Right.TICKETS_WRITE}),
    Tray.NOBODYS: frozenset({Right.TICKETS_WRITE}),
    Tray.CALLS: frozenset({Right.RECORDINGS_LISTEN}),
}
"""Any one of these has that tray."""


def trays(who: LoggedIn) -> list[Tray]:
    """Those that this person has, full or empty."""
    return [tray for tray, rights in RIGHTS.items() if who.may(*rights)]


class Stage(StrEnum):
    """What an open case waits for. Of several orders the one speaks that waits for the centre: the first of these that fits."""

    DRAFT = "draft"  # a person to confirm it
    DECIDE = "decide"  # a department says "not ours", or asks for more time
    REWRITE = "rewrite"  # a paper that the review sent back
    RETURNED = "returned"  # somebody to judge what came back
    REVIEW = "review"
    DEPARTMENT = "department"
    CLOSING = "closing"  # every order is over
    DISPATCH = "dispatch"  # an answer or an order: nothing has left about it


class Mark(StrEnum):
    """Why a senior looks at a case before the others."""

    LATE = "late"  # a clock of it has run out
    STUCK = "stuck"  # nothing was done to it for a while
    BOUNCING = "bouncing"  # between centre and departments, again and again


BOUNCES = 2
"""Refused by a department, sent to one once more, or dispatched a second time: so often together, and the case bounces."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One row of a tray, its clock if one runs, and how that stands now."""

    row: Row
    deadline: Deadline | None
    standing: Standing | None


@dataclass(frozen=True, slots=True)
class Filled:
    """A tray: how many things are in it, counted up to ``views.MOST``, and the most urgent of them."""

    tray: Tray
    count: int
    rows: tuple[Shown, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StageFigure:
    """How many open cases stand in a stage, and how many of them bear each mark; at least so many, if there are ``more`` open
    cases than were looked through.
    """

    stage: Stage
    cases: int
    late: int
    stuck: int
    bouncing: int
    more: bool


@dataclass(frozen=True, slots=True)
class Home:
    """Everything that waits for a person. ``stages`` None: they do not oversee the others' cases."""

    at: datetime
    trays: tuple[Filled, ...]
    stages: tuple[StageFigure, ...] | None
