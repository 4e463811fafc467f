"""Decides who may do what with a supplementary appeal. Whoever has the customer on the line may add one to anybody's case; it is
settled by who has the case, who wrote it down, or a senior.
"""

from __future__ import annotations

from collections.abc import Collection

from services.access import policy
from services.access.actor import LoggedIn
from services.access.policy import Act, Whose
from services.appeals.model import Appeal
from services.appeals.workflow import TRANSITIONS, Action
from services.orders.model import Order
from services.orders.policy import may as may_order
from services.orders.workflow import TRANSITIONS as ORDERS
from services.orders.workflow import Action as Step
from services.tickets.model import Ticket
from services.tickets.policy import whose as whose_case

THROUGH = {Action.CHASE: Step.CHASE, Action.WITHDRAW: Step.WITHDRAW}
"""What is done through an order of the case."""


def may(who: LoggedIn, case: Ticket, appeal: Appeal) -> bool:
    """Whether this person may settle the appeal, whatever its state."""
    whose = Whose.OWN if appeal.author_id == who.id else whose_case(who, case)
    return policy.may(who, Act.APPEAL_SETTLE, whose)


def possible(who: LoggedIn, case: Ticket, appeal: Appeal, orders: Collection[Order]) -> list[Action]:
    """The steps that this person can take with the appeal as it and the orders of its case stand."""
    if not may(who, case, appeal):
        return []
    writes = may_order(who, Act.ORDER_WRITE, case)
    through = {step for step, of in THROUGH.items() if writes and any(of in ORDERS[order.state] for order in orders)}
    return [step for step in TRANSITIONS[appeal.state] if step not in THROUGH or step in through]
