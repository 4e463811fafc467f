"""Decides what may happen to a work order next (SPEC A5, A6, N2–N5, O7, O8). No other place decides that.

An order is a proposal until its dispatch has passed the second review. From then on it is the department's: its clock runs
whether the department says that it accepts or not (O8). "Not ours" goes back to the centre a limited number of times; then the
final arbiter decides, and after that it is the department's for good. What the department returns is looked at: it settles the
order, or the order goes back for more. A chase changes what is asked, or by when, and leaves the order where it is; a withdrawal
ends it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from services.errors import NotAllowed
from services.orders.model import Order, Outgoing, Paper, State, Verb, Wording


class Action(StrEnum):
    """What is done to an order; the words of its journal."""

    ISSUE = "issue"
    DROP = "drop"
    ACCEPT = "accept"
    REFUSE = "refuse"
    UPHOLD = "uphold"
    RETURN = "return"
    SETTLE = "settle"
    REDO = "redo"
    CHASE = "chase"
    EXTEND = "extend"
    REMIND = "remind"
    WITHDRAW = "withdraw"


WITH_DEPARTMENT: Mapping[Action, State] = {
    Action.RETURN: State.RETURNED,
    Action.WITHDRAW: State.WITHDRAWN,
}

TRANSITIONS: Mapping[State, Mapping[Action, State]] = {
    State.PROPOSED: {Action.ISSUE: State.ISSUED, Action.DROP: State.DROPPED},
    State.ISSUED: {
        Action.ACCEPT: State.ACCEPTED,
        Action.REFUSE: State.REFUSED,
        Action.CHASE: State.ISSUED,
        Action.EXTEND: State.ISSUED,
        Action.REMIND: State.ISSUED,
        **WITH_DEPARTMENT,
    },
    State.ACCEPTED: {
        Action.CHASE: State.ACCEPTED,
        Action.EXTEND: State.ACCEPTED,
        Action.REMIND: State.ACCEPTED,
        **WITH_DEPARTMENT,
    },
    State.REFUSED: {Action.UPHOLD: State.ISSUED, Action.WITHDRAW: State.WITHDRAWN},
    State.RETURNED: {Action.SETTLE: State.DONE, Action.REDO: State.ISSUED, Action.WITHDRAW: State.WITHDRAWN},
    State.DONE: {},
    State.WITHDRAWN: {},
    State.DROPPED: {},
}

OPEN = frozenset(state for state, steps in TRANSITIONS.items() if steps)
"""Something is still to come: such an order keeps its ticket from being closed."""

WITH_THE_DEPARTMENT = frozenset({State.ISSUED, State.ACCEPTED})
"""It is the department's turn, and its clock runs."""


class Binding(NotAllowed):
    """The final arbiter has decided that the order is this department's."""

    code = "order_binding"


class PaperOpen(NotAllowed):
    """Another paper about this order has not left yet."""

    code = "order_paper_open"


def advance(order: Order, action: Action) -> Order:
    """The order in its next state; NotAllowed (and nothing changed) if there is none."""
    if action is Action.REFUSE and order.binding:
        raise Binding
    try:
        state = TRANSITIONS[order.state][action]
    except KeyError:
        raise NotAllowed(f"{action} is not possible while {order.state}") from None
    return replace(order, state=state, version=order.version + 1)


LEAVING: Mapping[Verb, Action] = {Verb.DISPATCH: Action.ISSUE, Verb.CHASE: Action.CHASE, Verb.WITHDRAW: Action.WITHDRAW}
"""What it does to the order that a paper leaves."""


def left(order: Order, paper: Outgoing, due_at: datetime | None, now: datetime) -> Order:
    """The order once this paper has left. ``due_at``: its deadline from now on."""
    after = replace(advance(order, LEAVING[paper.verb]), task=paper.task, urgent=paper.urgent, due_at=due_at)
    if paper.verb is Verb.DISPATCH:
        assert paper.hours is not None
        return replace(after, issued_at=now, hours=paper.hours)
    return replace(after, ended_at=now) if paper.verb is Verb.WITHDRAW else after


def refused(order: Order) -> Order:
    """Sent back by the department as not its own."""
    return replace(advance(order, Action.REFUSE), refusals=order.refusals + 1)


def final(order: Order, limit: int) -> bool:
    """Whether the question whose it is has come to the final arbiter (终审): it was sent back ``limit`` times (SPEC O8)."""
    return order.state is State.REFUSED and order.refusals >= limit


def upheld(order: Order, limit: int) -> Order:
    """The department's after all; for good, if the final arbiter says so."""
    return replace(advance(order, Action.UPHOLD), binding=final(order, limit))


PAPERS: Mapping[Paper, Mapping[str, Paper]] = {
    Paper.WAITING: {"leave": Paper.LEFT, "send_back": Paper.SENT_BACK, "drop": Paper.DROPPED, "write": Paper.WAITING},
    Paper.SENT_BACK: {"write": Paper.WAITING, "drop": Paper.DROPPED},
    Paper.LEFT: {},
    Paper.DROPPED: {},
}
"""What may become of a paper. Writing it anew makes another version, which needs a review of its own."""


def turned(paper: Outgoing, step: str) -> Outgoing:
    """The paper after this step; NotAllowed if there is none."""
    try:
        return replace(paper, state=PAPERS[paper.state][step])
    except KeyError:
        raise NotAllowed(f"{step} is not possible while {paper.state}") from None


def rewritten(paper: Outgoing, wording: Wording, now: datetime) -> Outgoing:
    """Its next version; whatever a review said was of the one before."""
    written = turned(paper, "write")
    return replace(
        written,
        version=paper.version + 1,
        task=wording.task,
        urgent=wording.urgent,
        reason=wording.reason,
        hours=wording.hours,
        until=wording.until,
        written_at=now,
    )
