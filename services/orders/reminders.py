"""Keeps the reminders about orders: what is planned, and what was sent."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path

from services.clocks.ladder import Planned
from services.store.db import Connection, Row
from services.store.queries import load_queries

QUERIES = load_queries(Path(__file__).parent / "reminders.sql")

SHOWN = 20  # of one order, the newest: whoever is reminded more often knows it


async def plan(connection: Connection, order: int, ends_at: datetime, steps: Sequence[Planned], now: datetime) -> None:
    """The ladder of this deadline of the order. A step whose time has passed is left out; what was stopped goes on."""
    ahead = [step for step in steps if step.at > now]
    await QUERIES.plan.execute(
        connection,
        order=order,
        ends_at=ends_at,
        steps=[str(step.rung) for step in ahead],
        places=[step.place for step in ahead],
        at=[step.at for step in ahead],
    )


async def move(
    connection: Connection, order: int, ends_at: datetime, steps: Sequence[Planned], *, since: datetime, sending: bool
) -> None:
    """The calendar has moved the deadline of the time that the order was given at ``since``: what was sent of its ladder is not
    sent again, the rest has new times, also those that are over by now. Not ``sending``: it rests until the department has it.
    """
    await QUERIES.stop.execute(connection, order=order)
    done = {row["place"] for row in await QUERIES.done_since.fetch(connection, order=order, since=since)}
    rest = "waiting" if sending else "stopped"
    rows = [
        {
            "order": order,
            "step": str(step.rung),
            "place": step.place,
            "ends_at": ends_at,
            "at": step.at,
            "state": "overtaken" if step.place in done else rest,
        }
        for step in steps
    ]
    await QUERIES.replan.execute_each(connection, rows)


async def stop(connection: Connection, order: int) -> None:
    """Nothing of the order's ladder is sent any more."""
    await QUERIES.stop.execute(connection, order=order)


async def unplanned(connection: Connection, behind: int, limit: int) -> list[int]:
    """The next orders behind this one that departments have, and whose deadline has no ladder."""
    return [row["id"] for row in await QUERIES.unplanned.fetch(connection, behind=behind, limit=limit)]


async def of_orders(connection: Connection, orders: Collection[int]) -> list[Row]:
    """What was sent about these orders, and what is still to come."""
    return await QUERIES.of_orders.fetch(connection, orders=list(orders), limit=SHOWN)
