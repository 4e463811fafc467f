"""Tells people what became of an order or a paper, in its transaction: the centre what a department did, the department what the
centre did, an author what the second review said (the bell inbox).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from services.access.rights import Right
from services.inbox import store as inbox
from services.inbox.model import Code, Notice
from services.orders.model import Extension, Order, Outgoing, Verdict
from services.orders.workflow import Action
from services.store.db import Connection

TO_CENTRE: Mapping[Action, Code] = {Action.REFUSE: Code.ORDER_REFUSED, Action.RETURN: Code.ORDER_RETURNED}

TO_DEPARTMENT: Mapping[Action, Code] = {
    Action.ISSUE: Code.ORDER_ISSUED,
    Action.CHASE: Code.ORDER_CHASED,
    Action.WITHDRAW: Code.ORDER_WITHDRAWN,
    Action.UPHOLD: Code.ORDER_UPHELD,
    Action.REDO: Code.ORDER_REDONE,
}

OF_REVIEW: Mapping[Verdict, Code] = {
    Verdict.APPROVE: Code.PAPER_APPROVED,
    Verdict.SEND_BACK: Code.PAPER_SENT_BACK,
    Verdict.ANSWER: Code.PAPER_ANSWERED,
}

REVIEWERS_DECIDE = frozenset({Code.ORDER_REFUSED, Code.EXTENSION_ASKED})
"""Whose order it is and how much time it gets is a reviewer's to say: where none of those concerned is one, all hear."""


async def moved(connection: Connection, order: Order, action: Action, *, by: int, at: datetime, note: str) -> None:
    """The order has taken this step."""
    cause = f"order:{order.id}:{order.version}"
    if code := TO_CENTRE.get(action):
        await _centre(connection, order, code, cause=cause, by=by, at=at, reason=note)
    if code := TO_DEPARTMENT.get(action):
        people = await inbox.officers(connection, order.department_id)
        await inbox.tell(connection, _notice(order, code, cause=cause, by=by, at=at, reason=note), people)


async def reviewed(
    connection: Connection, order: Order, paper: Outgoing, verdict: Verdict, reason: str, *, by: int, at: datetime
) -> None:
    """The second review of this version of the paper, to its author."""
    cause = f"paper:{paper.id}:{paper.version}"
    notice = _notice(order, OF_REVIEW[verdict], cause=cause, by=by, at=at, reason=reason)
    await inbox.tell(connection, notice, [paper.author_id])


async def taken_back(connection: Connection, order: Order, paper: Outgoing, *, by: int, at: datetime) -> None:
    """Somebody else let the paper fall, which its author believes to be on its way."""
    if by != paper.author_id:
        notice = _notice(order, Code.PAPER_DROPPED, cause=f"paper:{paper.id}:dropped", by=by, at=at)
        await inbox.tell(connection, notice, [paper.author_id])


async def asked(connection: Connection, order: Order, wish: Extension) -> None:
    """The department asks for more time."""
    details = {"reason": wish.reason, "until": wish.until.isoformat()}
    cause = f"extension:{wish.id}"
    await _centre(connection, order, Code.EXTENSION_ASKED, cause=cause, by=wish.asked_by, at=wish.asked_at, **details)


async def decided(
    connection: Connection, order: Order, asked: Extension, note: str, *, granted: bool, by: int, at: datetime
) -> None:
    """The centre has granted it, or not."""
    code = Code.EXTENSION_GRANTED if granted else Code.EXTENSION_DENIED
    notice = _notice(order, code, cause=f"extension:{asked.id}:decided", by=by, at=at, reason=note, until=asked.until.isoformat())
    await inbox.tell(connection, notice, await inbox.officers(connection, order.department_id))


async def _centre(connection: Connection, order: Order, code: Code, *, cause: str, by: int, at: datetime, **details: str) -> None:
    people = await inbox.concerned(connection, order.id)
    if code in REVIEWERS_DECIDE:
        reviewers = await inbox.people_with(connection, Right.ORDERS_REVIEW)
        people += [] if set(people) & set(reviewers) else reviewers
    await inbox.tell(connection, _notice(order, code, cause=cause, by=by, at=at, **details), people)


def _notice(order: Order, code: Code, *, cause: str, by: int | None, at: datetime, **details: str) -> Notice:
    kept = {name: value for name, value in details.items() if value}
    return Notice(code=code, cause=cause, ticket=order.ticket_id, order=order.id, by=by, at=at, details=kept)
