"""Keeps the decisions of the manager hotline."""

from __future__ import annotations

from pathlib import Path

from services.hotline.model import Decision
from services.store.db import Connection
from services.store.queries import load_queries

QUERIES = load_queries(Path(__file__).parent / "hotline.sql")


async def write(connection: Connection, ticket: int, decision: Decision) -> int:
    """The decision with its number in the case, whose row is held; the database refuses anybody's but a manager's."""
    seq: int = await QUERIES.next.fetchval(connection, ticket=ticket)
    await QUERIES.write.execute(
        connection,
        ticket=ticket,
        seq=seq,
        kind=str(decision.kind),
        person=decision.by,
        at=decision.at,
        reason=decision.reason,
        step=decision.step,
        order=decision.order_id,
        order_step=decision.order_step,
        amount=decision.amount,
        currency=decision.currency,
        approved_by=decision.approved_by,
        answers=decision.answers,
    )
    return seq
