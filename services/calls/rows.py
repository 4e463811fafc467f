"""What follows of a fact in the database: its rows, and the draft beside an answered call."""

from __future__ import annotations

from cti.changes import CallAnswered
from services.calls import store
from services.calls.facts import Fact
from services.customers.numbers import ANYWHERE, Numbering
from services.store.db import Connection
from services.tickets.actions import draft_of_call


async def apply(connection: Connection, fact: Fact, numbering: Numbering = ANYWHERE) -> int | None:
    """A fact's rows, and the draft ticket beside an answered call: its id. For the drain."""
    await store.apply(connection, fact, numbering)
    if isinstance(fact, CallAnswered):
        return await draft_of_call(connection, fact.call, fact.at)
    return None
