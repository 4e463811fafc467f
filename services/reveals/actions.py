"""Shows the personal data of one thing to who is otherwise shown masks: on demand, and never without a line in the audit.

The centre's people see those of whatever they may see, if their role may ask at all. Who works for a department sees those of an
order while their department has it, and of nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from services.access import audit, masks, policy
from services.access.actor import LoggedIn
from services.access.policy import Act, Whose
from services.errors import Forbidden, NotFound
from services.now import Clock
from services.orders.model import State
from services.orders.policy import relation
from services.orders.workflow import OPEN
from services.store.db import Pool, Row, transaction
from services.store.queries import load_queries

QUERIES = load_queries(Path(__file__).with_name("reveals.sql"))

Thing = Literal["ticket", "order", "call", "customer"]
SEEN: Mapping[Thing, Act] = {
    "ticket": Act.TICKET_SEE,
    "order": Act.ORDER_SEE,
    "call": Act.CALL_SEE,
    "customer": Act.CUSTOMER_SEE,
}


@dataclass(frozen=True, slots=True)
class Revealed:
    """In clear; ``written``: telephone numbers that stand in its texts."""

    customer_number: str
    contact_number: str
    customer_name: str
    address: str
    written: list[str]


@dataclass(frozen=True, slots=True)
class Reveals:
    """The use-case."""

    pool: Pool
    clock: Clock

    async def show(self, who: LoggedIn, thing: Thing, at: str) -> Revealed:
        """Read and noted in one transaction. Raises NotFound, also for what is not theirs to see; Forbidden."""
        async with transaction(self.pool) as taken:
            key = at if thing == "call" else int(at) if at.isdecimal() else 0
            row = await QUERIES[thing].fetchrow(taken, thing=key)
            if row is None or not _seen(who, thing, row):
                raise NotFound
            if not _asked(who, row):
                raise Forbidden("the order is over")
            await audit.write(taken, self.clock.now(), by=who.id, action="personal.reveal", about=f"{thing}:{at}")
        written = [number for text in row["texts"] for number in masks.found(text)]
        plain = {name: row[name] for name in ("customer_number", "contact_number", "customer_name", "address")}
        return Revealed(**plain, written=list(dict.fromkeys(written)))


def _seen(who: LoggedIn, thing: Thing, row: Row) -> bool:
    return not policy.reach(who, SEEN[thing]).isdisjoint(_whose(who, row))


def _asked(who: LoggedIn, row: Row) -> bool:
    """A department may ask while it has the order."""
    reach = policy.reach(who, Act.PERSONAL_SHOW)
    return Whose.OTHERS in reach or (not reach.isdisjoint(_whose(who, row)) and State(row["state"]) in OPEN)


def _whose(who: LoggedIn, row: Row) -> set[Whose]:
    theirs = row["issued_at"] is not None and relation(who, row["department_id"]) is Whose.DEPARTMENT
    return {Whose.OTHERS, Whose.DEPARTMENT} if theirs else {Whose.OTHERS}
