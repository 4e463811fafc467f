"""Decides what may happen to a ticket next (SPEC A2, A3). No other place decides that.

A draft is nobody's case yet: the words of a call, waiting for a person. Confirming makes it a case with a number; from then on
it can be corrected but not thrown away. Closing needs what settles it. Discarding is undone by restoring, never by a copy.

             ┌──────── discard ────────┐
             ▼                         │
        discarded ──── restore ────► draft ── confirm ──► open ── close ──► closed
                                      ▲ │                 ▲ │
                                      └─┘ change, fill    └─┘ change, dispatch
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from enum import StrEnum

from services.errors import Invalid, NotAllowed, WrongField
from services.tickets.model import State, Ticket


class Action(StrEnum):
    """What people (and ``fill``: the transcript; ``dispatch``: an order that leaves) do to a ticket; the words of the journal."""

    CHANGE = "change"
    FILL = "fill"
    CONFIRM = "confirm"
    DISCARD = "discard"
    RESTORE = "restore"
    CLOSE = "close"
    DISPATCH = "dispatch"


TRANSITIONS: Mapping[State, Mapping[Action, State]] = {
    State.DRAFT: {
        Action.CHANGE: State.DRAFT,
        Action.FILL: State.DRAFT,
        Action.CONFIRM: State.OPEN,
        Action.DISCARD: State.DISCARDED,
    },
    State.OPEN: {Action.CHANGE: State.OPEN, Action.DISPATCH: State.OPEN, Action.CLOSE: State.CLOSED},
    State.CLOSED: {},
    State.DISCARDED: {Action.RESTORE: State.DRAFT},
}

CASES = frozenset({State.OPEN, State.CLOSED})
"""States of a ticket that has a number and must stay complete."""

FINAL = frozenset({State.CLOSED})

Codes = Mapping[str, Collection[str]]
"""List (kind, business, nature, suggestion) -> codes that are in use."""


class OrdersOpen(NotAllowed):
    """Work orders about it are still open."""

    code = "orders_open"


def advance(ticket: Ticket, action: Action) -> Ticket:
    """The ticket in its next state; NotAllowed (and nothing changed) if there is none."""
    try:
        state = TRANSITIONS[ticket.state][action]
    except KeyError:
        raise NotAllowed(f"{action} is not possible while {ticket.state}") from None
    return replace(ticket, state=state, version=ticket.version + 1)


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
    return sorted(mandatory(ticket, State.OPEN if ticket.state is State.DRAFT else State.CLOSED))


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
