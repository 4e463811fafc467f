"""Decides which clocks run for a ticket, and which of them a change begins, meets or stops (SPEC A3, A7, N2, O1). Pure.

A complaint is to be dispatched within an hour of its receipt: its first order that leaves meets the clock, and the second review
counts inside the hour. One that is answered on the spot needs no dispatch: closing it stops the clock. Closing it is
the answer that the norm of fifteen days waits for, where that is in force (``table.with_norms``). A suggestion goes to the data
administrator at once: its clock counts from the confirmation, as before that there is no form that could go anywhere, and is
met when it arrives in that tray. A big, important or dedicated-line customer's case is a senior agent's at once: the clock counts
from the receipt until a senior, or the manager, has it. What the manager hotline opens again counts from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.clocks.model import Start
from services.clocks.table import ANSWER
from services.tickets.levels import TO_A_SENIOR_AT_ONCE, Level
from services.tickets.model import State, Ticket

DISPATCH, SUGGESTION, SENIOR = "N2", "A3", "A7"


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
    clocks: dict[str, Start] = {}
    if ticket.kind == "complaint":
        again = ticket.reopened_at
        start = Start(again, "reopened") if again else Start(ticket.received_at, "receipt")
        clocks = {DISPATCH: start} if ticket.dispatched_at is None else {}
        clocks[ANSWER] = start
    if ticket.kind == "suggestion" and ticket.level in {Level.JUNIOR, Level.SENIOR} and not ticket.reopened_at:
        assert ticket.confirmed_at is not None
        clocks[SUGGESTION] = Start(ticket.confirmed_at, "confirmed")
    if ticket.kind != "suggestion" and ticket.tier in TO_A_SENIOR_AT_ONCE and ticket.senior_at is None:
        clocks[SENIOR] = Start(ticket.received_at, "receipt")
    return clocks


def turn(before: Ticket, after: Ticket) -> Turn:
    """The clocks of another kind run once a ticket turns out to be of it; the old ones have nothing left to wait for."""
    ran, run = running(before), running(after)
    over = frozenset(ran.keys() - run.keys())
    met = over & {ANSWER} if after.state is State.CLOSED else frozenset[str]()
    met |= over & {SUGGESTION} if after.level is Level.DATA else frozenset[str]()
    met |= over & {DISPATCH} if after.dispatched_at else frozenset[str]()
    met |= over & {SENIOR} if after.senior_at else frozenset[str]()
    return Turn({rule: start for rule, start in run.items() if rule not in ran}, met, over - met)
