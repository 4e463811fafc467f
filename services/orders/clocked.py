"""Keeps an order's clock (SPEC V3, O8): it runs from when the order left, accepted or not, until the department returns it.

What the department sends back as not its own stops the clock only once the centre takes the order away from it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from services.clocks import store as deadlines
from services.clocks.calendar import Calendar
from services.clocks.calendar import after as counted
from services.clocks.ladder import Ladder, Planned, planned, warned
from services.clocks.model import RUNNING, Deadline, recounted
from services.clocks.store import Settled
from services.orders import reminders
from services.orders.model import Order, State
from services.orders.store import QUERIES
from services.orders.workflow import WITH_THE_DEPARTMENT
from services.store.db import Connection

ORDER = "V3"

RUNS = WITH_THE_DEPARTMENT | {State.REFUSED}


def given(order: Order, hours: int, calendar: Calendar, now: datetime) -> Order:
    """The order with so many hours from now on."""
    due_at = counted(calendar, now, timedelta(hours=hours))
    return replace(order, due_at=due_at, due_from=now, due_hours=hours, due_edition=calendar.edition)


def until(order: Order, due_at: datetime) -> Order:
    """The order with a deadline that somebody named: no calendar moves it."""
    return replace(order, due_at=due_at, due_from=None, due_hours=None, due_edition=None)


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
        edition = calendar.edition if after.due_edition is None else after.due_edition
        await deadlines.start(connection, after.ticket_id, deadline(after, plan, began, now), order=after.id, edition=edition)
    if reminds:
        await reminders.plan(connection, after.id, after.due_at, plan, now)


async def plan_ladder(connection: Connection, order: Order, now: datetime, *, calendar: Calendar, ladder: Ladder) -> None:
    """What is still ahead of the ladder of an order that left before there was one. Whoever asks holds the order."""
    began = await QUERIES.began.fetchval(connection, order=order.id)
    if order.state not in WITH_THE_DEPARTMENT or order.due_at is None or began is None:
        return
    await reminders.plan(connection, order.id, order.due_at, planned(ladder, began, order.due_at, calendar), now)


async def recount(
    connection: Connection, number: int, clock: Deadline, order: Order, now: datetime, *, calendar: Calendar, ladder: Ladder
) -> bool:
    """The order's clock ``number`` by another edition of the calendar: its deadline and what is still to come of its ladder.
    Whoever asks holds order and clock. Returns whether it moved. A deadline that somebody named stays, and one that is over.
    """
    stays = clock.state not in RUNNING or now >= clock.ends_at or order.due_at != clock.ends_at
    if stays or order.due_from is None or order.due_hours is None:
        await deadlines.keep_edition(connection, number, calendar.edition)
        return False
    after = given(order, order.due_hours, calendar, order.due_from)
    assert after.due_at is not None
    plan = planned(ladder, clock.starts_at, after.due_at, calendar)
    moved = recounted(clock, after.due_at, warned(plan, after.due_at), now)
    await deadlines.recount(connection, number, clock, moved, edition=calendar.edition, now=now)
    await QUERIES.recount.execute(connection, order=order.id, due_at=after.due_at, edition=calendar.edition)
    if after.due_at == order.due_at:
        return False
    await reminders.move(
        connection, order.id, after.due_at, plan, since=order.due_from, sending=order.state in WITH_THE_DEPARTMENT
    )
    return True
