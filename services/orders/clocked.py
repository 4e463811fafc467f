"""Keeps an order's clock (SPEC V3, O8): it runs from when the order left, accepted or not, until the department returns it.

What the department sends back as not its own stops the clock only once the centre takes the order away from it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from services.clocks import store as deadlines
from services.clocks.calendar import Calendar, before, between
from services.clocks.model import Deadline
from services.clocks.store import Settled
from services.orders.model import Order, State
from services.orders.store import QUERIES
from services.orders.workflow import WITH_THE_DEPARTMENT
from services.store.db import Connection

ORDER = "V3"

WARNING_SHARE = 4  # a department is warned in the last quarter of its time
LONGEST_WARNING = timedelta(hours=4)

RUNS = WITH_THE_DEPARTMENT | {State.REFUSED}


def deadline(order: Order, began: datetime, now: datetime, calendar: Calendar) -> Deadline:
    """Its clock, as it runs from now on; ``began``: when the department got this time. Warned in the time that counts for it."""
    assert order.due_at is not None
    warning = min(LONGEST_WARNING, between(calendar, began, order.due_at) / WARNING_SHARE)
    warns_at = before(calendar, order.due_at, warning)
    due_at = warns_at if warns_at > now else order.due_at
    return Deadline(rule=ORDER, because="dispatch", starts_at=began, ends_at=order.due_at, warns_at=warns_at, due_at=due_at)


async def turn(connection: Connection, before: Order, after: Order, now: datetime, calendar: Calendar) -> None:
    """Starts, moves and settles the order's clock as its new state wants it."""
    ran, runs = before.state in RUNS, after.state in RUNS
    if ran and (not runs or after.due_at != before.due_at):
        how: Settled = "met" if after.state is State.RETURNED else "stopped"
        await deadlines.settle(connection, after.ticket_id, {ORDER}, how, now, order=after.id)
    if runs and (not ran or after.due_at != before.due_at):
        began = await QUERIES.began.fetchval(connection, order=after.id) if ran else now
        await deadlines.start(connection, after.ticket_id, deadline(after, began, now, calendar), order=after.id)
