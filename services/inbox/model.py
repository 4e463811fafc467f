"""Defines a notice: what happened, to which thing, told to one person (the bell inbox).

It is a code and values and never prose: each desk says it in its reader's language. Names that stand in the sentence (of the
case, the order, the department) are read with it and not kept in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

KEPT = timedelta(days=90)
"""A notice says where to look; what happened stands in the journals for ever. After a quarter nobody looks for it here."""

COUNTED = 100
"""Unread notices are counted up to here: the desk says 99+ then."""


class Code(StrEnum):
    """Everything that rings. A new one needs its sentence in both languages: ``notice`` in ``desk/src/rooms/inbox/words.ts``."""

    PAPER_APPROVED = "paper_approved"  # to a paper's author: it has left
    PAPER_SENT_BACK = "paper_sent_back"
    PAPER_ANSWERED = "paper_answered"  # no order is needed: the reviewer calls the customer
    PAPER_DROPPED = "paper_dropped"  # a reviewer took it back, for its author was away
    ORDER_REFUSED = "order_refused"  # to the centre: the department says that it is not its own
    ORDER_RETURNED = "order_returned"
    EXTENSION_ASKED = "extension_asked"
    EXTENSION_GRANTED = "extension_granted"  # to the department
    EXTENSION_DENIED = "extension_denied"
    ORDER_ISSUED = "order_issued"
    ORDER_CHASED = "order_chased"
    ORDER_WITHDRAWN = "order_withdrawn"
    ORDER_UPHELD = "order_upheld"
    ORDER_REDONE = "order_redone"
    REMINDER_WARNING = "reminder_warning"  # of an order's deadline: the steps of the ladder, and one by hand
    REMINDER_REMINDER = "reminder_reminder"
    REMINDER_NOTICE = "reminder_notice"
    REMINDER_CRITICISM = "reminder_criticism"
    REMINDER_URGE = "reminder_urge"
    CLOCK_WARNED = "clock_warned"  # a clock of the rules is about to end, or is over: which one is its detail ``rule``
    CLOCK_BREACHED = "clock_breached"
    CASE_WAITS = "case_waits"  # to whoever may take it: it lies in the tray of their level
    CASE_TAKEN = "case_taken"  # to whoever had it, or sent it there: somebody else has it now, or it lies elsewhere
    APPEAL_ADDED = "appeal_added"  # to whoever has the case: its customer said more, or asked again
    CASE_DECIDED = "case_decided"  # to the same: the manager hotline has decided
    COMPENSATION_ASKED = "compensation_asked"  # to the other managers: an amount waits for one of them
    COMPENSATION_ANSWERED = "compensation_answered"


IMPORTANT = frozenset(
    {
        Code.PAPER_SENT_BACK,
        Code.ORDER_REFUSED,
        Code.EXTENSION_ASKED,
        Code.ORDER_CHASED,
        Code.ORDER_WITHDRAWN,
        Code.ORDER_REDONE,
        Code.REMINDER_WARNING,
        Code.REMINDER_REMINDER,
        Code.REMINDER_NOTICE,
        Code.REMINDER_CRITICISM,
        Code.REMINDER_URGE,
        Code.CLOCK_WARNED,
        Code.CLOCK_BREACHED,
        Code.CASE_WAITS,
        Code.APPEAL_ADDED,
        Code.COMPENSATION_ASKED,
    }
)
"""What somebody waits for: the desktop tells it too, where it may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """``cause`` names the very event (``order:12:4``, an order and its version): told again it rings for nobody a second time.

    ``by``: who did it, and is told nothing; None is the system. ``details``: what the sentence names besides.
    """

    code: Code
    cause: str
    ticket: int
    at: datetime
    order: int | None = None
    by: int | None = None
    details: Mapping[str, str] = field(default_factory=dict)
