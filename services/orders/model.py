"""Defines a work order, what leaves the centre about it, and its reviews as they are: frozen, no I/O.

What may happen to an order next stands in ``workflow``.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class State(StrEnum):
    """Proposed until its dispatch has left; then it is the department's, until the centre is content or takes it back."""

    PROPOSED = "proposed"
    ISSUED = "issued"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    RETURNED = "returned"
    DONE = "done"
    WITHDRAWN = "withdrawn"
    DROPPED = "dropped"


class Verb(StrEnum):
    """What leaves the centre about an order: 派单, 追单, 退单 (SPEC "Terms")."""

    DISPATCH = "dispatch"
    CHASE = "chase"
    WITHDRAW = "withdraw"


class Paper(StrEnum):
    """How a paper stands: it waits for the second review, was sent back to its author, has left, or never will."""

    WAITING = "waiting"
    SENT_BACK = "sent_back"
    LEFT = "left"
    DROPPED = "dropped"


class Verdict(StrEnum):
    """What a second review says. ``answer``: no order is needed, the reviewer answers by calling the customer (SPEC N4)."""

    APPROVE = "approve"
    SEND_BACK = "send_back"
    ANSWER = "answer"


class Mark(StrEnum):
    """How a reviewer found what a junior did (SPEC N1): given with a verdict, none or several, and kept with it for ever."""

    RIGHT = "right"
    LATE = "late"
    WRONG_CLASS = "wrong_class"
    WRONG_SENT = "wrong_sent"


WRONG = frozenset({Mark.WRONG_CLASS, Mark.WRONG_SENT})
"""What cannot be said beside ``right``; right and late can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """SPEC "Terms": what a service department is asked to do about a ticket. ``version`` is the journal's last number.

    ``hours``: what the department has from when the dispatch leaves. ``refusals``: how often it sent the order back as not its
    own. ``binding``: the final arbiter has said that it is. ``due_from``: its deadline is ``due_hours`` after that, counted by
    this edition of the calendar; None: the deadline was named.
    """

    id: int
    number: str | None
    ticket_id: int
    department_id: int
    leads: bool
    second_of: int | None
    state: State
    version: int
    author_id: int
    made_at: datetime
    task: str
    urgent: bool
    hours: int
    due_at: datetime | None = None
    issued_at: datetime | None = None
    accepted_at: datetime | None = None
    refusals: int = 0
    binding: bool = False
    answer: str = ""
    returned_at: datetime | None = None
    ended_at: datetime | None = None
    due_from: datetime | None = None
    due_hours: int | None = None
    due_edition: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A paper: a dispatch, chase or withdrawal by one author. A review is of one ``version`` of it and of no other.

    ``hours`` is a dispatch's, ``until`` a chase's new deadline (None: the deadline stays).
    """

    id: int
    order_id: int
    verb: Verb
    version: int
    state: Paper
    author_id: int
    task: str
    urgent: bool
    hours: int | None
    until: datetime | None
    reason: str
    written_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """What a second review says: its verdict, why, and how the author did."""

    verdict: Verdict
    reason: str = ""
    marks: frozenset[Mark] = frozenset()


@dataclass(frozen=True, slots=True)
class Wording:
    """What an author writes on a paper."""

    task: str
    urgent: bool
    reason: str = ""
    hours: int | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch:
    """What an author asks a department for. ``hours`` None: the department's own limit."""

    department: int
    task: str
    leads: bool = True
    urgent: bool = False
    hours: int | None = None
    reason: str = ""

    def digest(self, ticket: int) -> bytes:
        """Of the whole of it, about this ticket: the same is asked again."""
        asked = [ticket, *(getattr(self, name) for name in self.__slots__)]
        return hashlib.sha256(json.dumps(asked, ensure_ascii=True).encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """A request for more time (延期申请, SPEC O7); ``granted`` None until another person has decided."""

    id: int
    order_id: int
    asked_by: int
    asked_at: datetime
    until: datetime
    reason: str
    decided_by: int | None = None
    decided_at: datetime | None = None
    granted: bool | None = None
    note: str = ""
