"""Decides which clocks run for a ticket, and which of them a change begins, meets or stops (SPEC A3, N2, O1). Pure.

A complaint is to be dispatched within an hour of its receipt: its first order that leaves meets the clock, and the second
review counts inside the hour. One that is answered on the spot needs no dispatch: closing it stops the clock. Closing it is the
answer that the norm of fifteen days waits for, where that is in force (``table.with_norms``). A suggestion goes to the data
administrator at once; its clock counts from the confirmation, as before that there is no form that could go anywhere. The data
administrator has no room yet, so closing a suggestion is what settles it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.clocks.model import Start
from services.clocks.table import ANSWER
from services.tickets.model import State, Ticket

DISPATCH, HAND_OVER = "N2", "A3"


@dataclass(frozen=True, slots=True)
class Turn:
    """What a step does to a ticket's clocks: those that begin, and those that are met or stopped by it."""

    begin: Mapping[str, Start]
    met: frozenset[str]
    stopped: frozenset[str]


def running(ticket: Ticket) -> dict[str, Start]:
    """The clocks that run while it is as it is, by rule. A draft is nobody's case yet and has none."""
    if ticket.state is not State.OPEN:
        return {}
    if ticket.kind == "complaint":
        receipt = Start(ticket.received_at, "receipt")
        return {ANSWER: receipt} if ticket.dispatched_at else {DISPATCH: receipt, ANSWER: receipt}
    if ticket.kind == "suggestion":
        assert ticket.confirmed_at is not None
        return {HAND_OVER: Start(ticket.confirmed_at, "confirmed")}
    return {}


def turn(before: Ticket, after: Ticket) -> Turn:
    """The clocks of another kind run once a ticket turns out to be of it; the old ones have nothing left to wait for."""
    ran, run = running(before), running(after)
    over = frozenset(ran.keys() - run.keys())
    met = over & {HAND_OVER, ANSWER} if after.state is State.CLOSED else frozenset[str]()
    met |= over & {DISPATCH} if after.dispatched_at else frozenset[str]()
    return Turn({rule: start for rule, start in run.items() if rule not in ran}, met, over - met)
