"""Decides what may happen to a ticket next (SPEC A2, A3, M1, N9, O6), and nothing else does; who gets it stands in ``levels``.

A draft is nobody's case yet: the words of a call, waiting for a person. Confirming makes it a case with a number; from then on
it can be corrected but not thrown away. Closing needs what settles it, and what closes the loop: the customer has confirmed, or
it is on record why not. Discarding is undone by restoring, never by a copy. At the manager hotline a case is closed by a decision
(conclude), and only there a closed one is opened again.

             ┌──────── discard ────────┐                      ┌──── reopen ────┐
             ▼                         │                      ▼                │
        discarded ──── restore ────► draft ── confirm ──────► open ── close ──► closed
                                      ▲ │                     ▲ │     conclude  (appeal)
                        change, fill, └─┘                     └─┘ change, acknowledge, dispatch, appeal, repeat, not_accept,
                        repeat                                    accept, decide, hand_over, escalate, suggest, take, give_back
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from enum import StrEnum

from services.errors import Conflict, Invalid, NotAllowed, WrongField
from services.tickets.levels import LEVELS, TO_A_SENIOR_AT_ONCE, Hand, Level
from services.tickets.model import Place, State, Ticket


class Action(StrEnum):
    """What people do to a ticket; the words of the journal. ``fill`` is done by the transcript, ``dispatch`` by an order that
    leaves, ``appeal`` by what a customer adds (SPEC A5) and by what becomes of it.
    ``decide``: a decision of the manager hotline that leaves it where it is.
    """

    CHANGE = "change"
    FILL = "fill"
    CONFIRM = "confirm"
    DISCARD = "discard"
    RESTORE = "restore"
    CLOSE = "close"
    DISPATCH = "dispatch"
    HAND_OVER = "hand_over"
    ESCALATE = "escalate"
    SUGGEST = "suggest"
    TAKE = "take"
    GIVE_BACK = "give_back"
    DECIDE = "decide"
    CONCLUDE = "conclude"
    REOPEN = "reopen"
    ACKNOWLEDGE = "acknowledge"
    APPEAL = "appeal"
    REPEAT = "repeat"
    NOT_ACCEPT = "not_accept"
    ACCEPT = "accept"


HANDS: Mapping[Action, Hand] = {Action(hand): hand for hand in Hand}
"""Those that change who holds it."""

TRANSITIONS: Mapping[State, Mapping[Action, State]] = {
    State.DRAFT: {
        Action.CHANGE: State.DRAFT,
        Action.REPEAT: State.DRAFT,
        Action.FILL: State.DRAFT,
        Action.CONFIRM: State.OPEN,
        Action.DISCARD: State.DISCARDED,
    },
    State.OPEN: {
        Action.CHANGE: State.OPEN,
        Action.ACKNOWLEDGE: State.OPEN,
        Action.DISPATCH: State.OPEN,
        Action.APPEAL: State.OPEN,
        Action.REPEAT: State.OPEN,
        Action.NOT_ACCEPT: State.OPEN,
        Action.ACCEPT: State.OPEN,
        Action.CLOSE: State.CLOSED,
        **dict.fromkeys(HANDS, State.OPEN),
        Action.DECIDE: State.OPEN,
        Action.CONCLUDE: State.CLOSED,
    },
    State.CLOSED: {Action.APPEAL: State.CLOSED, Action.REOPEN: State.OPEN},
    State.DISCARDED: {Action.RESTORE: State.DRAFT},
}

CASES = frozenset({State.OPEN, State.CLOSED})
"""States of a ticket that has a number and must stay complete."""

FINAL = frozenset({State.CLOSED})

Codes = Mapping[str, Collection[str]]
"""List (kind, business, nature, suggestion) -> codes that are in use."""


CONFIRMED = "confirmed"
"""The customer has confirmed that the case is settled."""

OTHER = "other"
"""The one reason that says nothing by itself: it is written out."""


class OrdersOpen(NotAllowed):
    """Work orders about it are still open."""

    code = "orders_open"


class AppealsOpen(NotAllowed):
    """Something that the customer added to it is not answered yet."""

    code = "appeals_open"


class CompensationOpen(NotAllowed):
    """A compensation waits for another manager's answer."""

    code = "compensation_open"


class Held(Conflict):
    """Somebody else has the case already."""

    code = "held"


class ForDataAdministrator(NotAllowed):
    """A suggestion is the data administrator's to close (SPEC A3): it goes there first."""

    code = "for_data_administrator"


def possible(ticket: Ticket | Place) -> list[Action]:
    """The steps that its state, its level and whether somebody has it allow, in the table's order."""
    return [action for action in TRANSITIONS[ticket.state] if _fits(ticket, action)]


def _fits(ticket: Ticket | Place, action: Action) -> bool:
    match action:
        case Action.TAKE:
            return ticket.owner_id is None
        case Action.GIVE_BACK:
            return ticket.owner_id is not None
        case Action.SUGGEST:
            return ticket.kind == "suggestion" and Hand.SUGGEST in LEVELS[ticket.level]
        case Action.HAND_OVER | Action.ESCALATE:
            return HANDS[action] in LEVELS[ticket.level]
        case Action.CLOSE:
            return ticket.level is not Level.MANAGER and (ticket.kind != "suggestion" or ticket.level is Level.DATA)
        case Action.REPEAT:
            return ticket.kind != "suggestion"
        case Action.ACKNOWLEDGE:
            return ticket.kind != "suggestion" and (isinstance(ticket, Place) or ticket.acknowledged_at is None)
        case Action.NOT_ACCEPT | Action.ACCEPT if ticket.kind == "suggestion":
            return False
        case Action.NOT_ACCEPT:
            return isinstance(ticket, Place) or (ticket.not_accepted_at is None and bool(ticket.answer.strip()))
        case Action.ACCEPT:
            return isinstance(ticket, Place) or ticket.not_accepted_at is not None
        case Action.DECIDE | Action.CONCLUDE:
            return ticket.level is Level.MANAGER
    return True


def advance(ticket: Ticket, action: Action) -> Ticket:
    """The ticket in its next state and at its next level; NotAllowed, Held (and nothing changed) if there is none.

    Who has it from then on is for whoever takes the step to say; once it is handed on, nobody.
    """
    state = TRANSITIONS[ticket.state].get(action)
    if state is None:
        raise NotAllowed(f"{action} is not possible while {ticket.state}")
    if not _fits(ticket, action):
        raise _unfit(ticket, action)
    after = replace(ticket, state=state, version=ticket.version + 1)
    if action is Action.REOPEN:
        return replace(after, level=Level.MANAGER, closing=None)
    if action not in HANDS:
        return after
    return replace(after, level=LEVELS[ticket.level][HANDS[action]], owner_id=None)


def _unfit(ticket: Ticket, action: Action) -> Conflict:
    if action is Action.TAKE:
        return Held()
    if action is Action.CLOSE and ticket.level is not Level.MANAGER:
        return ForDataAdministrator()
    return NotAllowed(f"{action} is not possible at the level {ticket.level}")


def onward(ticket: Ticket) -> Action | None:
    """What a case that was just confirmed does by itself: a suggestion goes to the data administrator (SPEC A3), a big, important
    or dedicated-line customer's case that no senior has goes to the seniors (A7).
    """
    if ticket.kind == "suggestion":
        return Action.SUGGEST
    if ticket.level is Level.JUNIOR and ticket.tier in TO_A_SENIOR_AT_ONCE:
        return Action.HAND_OVER
    return None


def mandatory(ticket: Ticket, state: State) -> frozenset[str]:
    """What a case of this kind must have filled in that state (SPEC S2, S3): closed, its answer too, but for a suggestion."""
    wanted = {"kind", "description"}
    if ticket.kind == "complaint":
        wanted |= {"business", "nature"}
    if ticket.kind == "suggestion":
        wanted |= {"suggestion"}
    elif state is State.CLOSED:
        wanted |= {"answer"}
    return frozenset(wanted)


def wants(ticket: Ticket) -> list[str]:
    """Fields that the next step forward needs: confirming a draft, closing a case. The desk marks them."""
    if ticket.state is State.DRAFT:
        return sorted(mandatory(ticket, State.OPEN))
    return sorted(mandatory(ticket, State.CLOSED) | ({"closing"} if closes_loop(ticket) else set()))


def closes_loop(ticket: Ticket) -> bool:
    """Whether closing it asks what the customer says (SPEC N9). Of a suggestion nothing is settled: its customer is thanked."""
    return ticket.kind != "suggestion"


def check_closing(ticket: Ticket, closing: str | None, note: str, reasons: Collection[str]) -> None:
    """Raises Invalid unless the customer has confirmed, or one of the centre's ``reasons`` says why not (SPEC N9)."""
    if closing is None:
        if closes_loop(ticket):
            raise Invalid((WrongField("closing", "required", "the customer's confirmation, or why it is closed without"),))
    elif closing != CONFIRMED and closing not in reasons:
        raise Invalid((WrongField("closing", "unknown_reason", "a reason of the centre's list", closing),))
    elif closing == OTHER and not note.strip():
        raise Invalid((WrongField("note", "required", "the reason in words"),))


def missing(ticket: Ticket) -> tuple[WrongField, ...]:
    """Mandatory fields that are empty in the state that it is in, all at once."""
    wanted = sorted(mandatory(ticket, ticket.state))
    return tuple(WrongField(name, "required", "a value") for name in wanted if not (ticket.value(name) or "").strip())


def check_complete(ticket: Ticket) -> None:
    """Raises Invalid unless every mandatory field is filled."""
    if lacking := missing(ticket):
        raise Invalid(lacking, "mandatory fields are empty")


def check_codes(fields: Mapping[str, str | None], codes: Codes) -> None:
    """Raises Invalid for a class that is not in its list."""
    wrong = tuple(
        WrongField(name, "unknown_class", "a class of the centre's list", (value or "")[:40])
        for name, value in fields.items()
        if name in codes and value is not None and value not in codes[name]
    )
    if wrong:
        raise Invalid(wrong, "not in the centre's lists")
