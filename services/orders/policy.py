"""Decides whose an order is, and who may take which step with it. What follows from that stands in ``access.policy``.

For people of the centre it is whose its ticket is. For people of a department it is the department's, once it has left for it;
before that they do not know of it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from services.access import policy
from services.access.actor import LoggedIn
from services.access.policy import Act, Whose
from services.access.rights import Right
from services.orders.model import Order, Outgoing, Paper, State
from services.orders.store import QUERIES
from services.orders.workflow import TRANSITIONS, WITH_THE_DEPARTMENT, Action, final
from services.store.db import Connection
from services.tickets.model import Ticket
from services.tickets.policy import possible as case_steps
from services.tickets.policy import whose
from services.tickets.workflow import Action as CaseAction

ACTS: Mapping[Action, Act] = {
    Action.ACCEPT: Act.ORDER_ANSWER,
    Action.REFUSE: Act.ORDER_ANSWER,
    Action.RETURN: Act.ORDER_ANSWER,
    Action.EXTEND: Act.ORDER_ANSWER,
    Action.REMIND: Act.ORDER_REMIND,
    Action.UPHOLD: Act.ORDER_DECIDE,
    Action.REDO: Act.ORDER_DECIDE,
    Action.SETTLE: Act.ORDER_WRITE,
    Action.CHASE: Act.ORDER_WRITE,
    Action.WITHDRAW: Act.ORDER_WRITE,
}
"""What a person does to an order that has left. A dispatch is done to a ticket; issue and drop follow from its paper."""

Step = Literal[
    "accept",
    "refuse",
    "return",
    "extension",
    "remind",
    "grant",
    "deny",
    "chase",
    "withdraw",
    "uphold",
    "redirect",
    "settle",
    "redo",
    "second",
]
STEPS: Mapping[Action, Step] = {
    Action.ACCEPT: "accept",
    Action.REFUSE: "refuse",
    Action.RETURN: "return",
    Action.REMIND: "remind",
    Action.CHASE: "chase",
    Action.WITHDRAW: "withdraw",
    Action.SETTLE: "settle",
    Action.REDO: "redo",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stands:
    """How an order stands besides its state: a paper about it has not left, who waits for more time (None: nobody), and whether
    its deadline is still ahead.
    """

    paper_waits: bool
    asked_by: int | None
    in_time: bool


def may(who: LoggedIn, act: Act, ticket: Ticket, order: Order | None = None) -> bool:
    """Whether this person may do that with the order, or with a case that gets one; whatever its state."""
    reach = policy.reach(who, act)
    return whose(who, ticket) in reach or (order is not None and not reach.isdisjoint(_theirs(who, order)))


def _theirs(who: LoggedIn, order: Order) -> frozenset[Whose]:
    """What the order is to somebody of its department; to who came by a link it is theirs if the link is to it."""
    if order.issued_at is None or relation(who, order.department_id) is not Whose.DEPARTMENT:
        return frozenset()
    if who.order is None:
        return frozenset({Whose.DEPARTMENT})
    return frozenset({Whose.LINKED}) if who.order == order.id else frozenset()


async def departments(connection: Connection, orders: Collection[str]) -> Mapping[str, Collection[int | None]]:
    """Which department has each of these orders; None: none yet."""
    rows = await QUERIES.departments_of.fetch(connection, orders=[int(order) for order in orders])
    return {str(row["id"]): (row["department_id"],) for row in rows}


def relation(who: LoggedIn, department: int | None) -> Whose:
    """The relation of the person to an order that this department has."""
    return Whose.DEPARTMENT if department is not None and department == who.person.department else Whose.OTHERS


def possible(who: LoggedIn, ticket: Ticket, order: Order, refusals: int) -> list[Action]:
    """The steps that this person can take with the order as it stands; ``refusals``: after so many the final arbiter decides."""
    steps = [step for step in TRANSITIONS[order.state] if step in ACTS and may(who, ACTS[step], ticket, order)]
    barred = {Action.REFUSE} if order.binding else set()
    barred |= {Action.UPHOLD, Action.WITHDRAW} if final(order, refusals) and not who.may(Right.ORDERS_ARBITRATE) else set()
    return [step for step in steps if step not in barred]


def offered(who: LoggedIn, ticket: Ticket, order: Order, refusals: int, stands: Stands) -> list[Step]:
    """The steps to be offered to this person: what is possible, as it stands with papers, extensions and the clock."""
    steps = [step for one in possible(who, ticket, order, refusals) for step in _named(who, ticket, order, one, stands)]
    if stands.asked_by is not None and stands.asked_by != who.id and may(who, Act.ORDER_DECIDE, ticket, order):
        steps += ["grant", "deny"] if order.state in WITH_THE_DEPARTMENT else ["deny"]
    if order.state is State.DONE and may(who, Act.ORDER_SECOND, ticket, order) and CaseAction.DISPATCH in case_steps(who, ticket):
        steps.append("second")
    return steps


def _named(who: LoggedIn, ticket: Ticket, order: Order, one: Action, stands: Stands) -> list[Step]:
    """An action as it is offered. One paper leaves at a time, but whoever reviews may take an order back all the same."""
    if one is Action.EXTEND:
        return ["extension"] if stands.in_time and stands.asked_by is None else []
    if stands.paper_waits and (one is Action.CHASE or (one is Action.WITHDRAW and not may(who, Act.ORDER_REVIEW, ticket, order))):
        return []
    if one is Action.UPHOLD:
        return ["uphold", "redirect"] if may(who, Act.ORDER_SECOND, ticket, order) else ["uphold"]
    return [STEPS[one]]


def paper_steps(who: LoggedIn, ticket: Ticket, paper: Outgoing) -> list[str]:
    """What this person can do with a paper that has not left."""
    if paper.state not in {Paper.WAITING, Paper.SENT_BACK}:
        return []
    if paper.author_id == who.id:
        return ["rewrite", "drop"]
    if not may(who, Act.ORDER_REVIEW, ticket):
        return []
    return ["review", "drop"] if paper.state is Paper.WAITING else ["drop"]  # its author may be away
