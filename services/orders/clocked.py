"""Keeps an order's clock (SPEC V3, O8): it runs from when the order left, accepted or not, until the department returns it.

What the department sends back as not its own stops the clock only once the centre takes the order away from it.
"""

from __future__ import annotations

from datetime import datetime

from services.clocks import store as deadlines
from services.clocks.calendar import Calendar
from services.clocks.ladder import Ladder, Planned, planned, warned
from services.clocks.model import Deadline
from services.clocks.store import Settled
from services.orders import reminders
from services.orders.model import Order, State
from services.orders.store import QUERIES
from services.orders.workflow import WITH_THE_DEPARTMENT
from services.store.db import Connection

ORDER = "V3"

RUNS = WITH_THE_DEPARTMENT | {State.REFUSED}


def deadline(order: Order, plan: list[Planned], began: datetime, now: datetime) -> Deadline:
    """Its clock from now on; ``began``: when the department got this time. Warned of with the first step before its end."""
    assert order.due_at is not None
    warns_at = warned(plan, order.due_at)
    due_at = warns_at if warns_at and warns_at > now else order.due_at
    return Deadline(rule=ORDER, because="dispatch", starts_at=began, ends_at=order.due_at, warns_at=warns_at, due_at=due_at)


async def turn(connection: Connection, before: Order, after: Order, now: datetime, calendar: Calendar, ladder: Ladder) -> None:
    """Starts, moves and settles the order's clock and its ladder of reminders as its new state wants it."""
    ran, runs, moved = before.state in RUNS, after.state in RUNS, after.due_at != before.due_at
    if ran and (not runs or moved):
        how: Settled = "met" if after.state is State.RETURNED else "stopped"
        await deadlines.settle(connection, after.ticket_id, {ORDER}, how, now, order=after.id)
    reminded, reminds = before.state in WITH_THE_DEPARTMENT, after.state in WITH_THE_DEPARTMENT
    if reminded and (not reminds or moved):
        await reminders.stop(connection, after.id)
    if not (runs and (not ran or moved)) and not (reminds and not reminded):
        return
    began = await QUERIES.began.fetchval(connection, order=after.id) if ran else now
    assert after.due_at is not None
    plan = planned(ladder, began, after.due_at, calendar)
    if not ran or moved:
        await deadlines.start(connection, after.ticket_id, deadline(after, plan, began, now), order=after.id)
    if reminds:
        await reminders.plan(connection, after.id, after.due_at, plan, now)
