"""Takes hold of an order, a paper or a case for one step: one transaction, the policy asked, the version compared; and gives the
order its next state, with its journal row and its clock.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from services.access import audit
from services.access.actor import LoggedIn
from services.access.policy import Act
from services.clocks.calendar import Calendar
from services.clocks.ladder import CENTRE, Ladder
from services.clocks.table import CLOCKS, Clocks
from services.errors import Forbidden, Stale
from services.now import Clock
from services.orders import clocked, store, telling
from services.orders.links import NO_MAIL, Mailing
from services.orders.model import Order, Outgoing
from services.orders.policy import may
from services.orders.store import Entry
from services.orders.workflow import OPEN, Action, turned
from services.store.db import Connection, Pool, transaction
from services.tickets import store as tickets
from services.tickets.model import Ticket

FAULT_REPAIR = "fault_repair"
"""The nature of a fault (障碍修复), as every centre's list begins with it."""


Fallen = Callable[[Connection, int, datetime], Awaitable[None]]
"""Told, inside the transaction, of which case a paper never leaves, and when: a room above may have relied on it."""


async def _nobody(_connection: Connection, _ticket: int, _now: datetime) -> None:
    return


@dataclass(frozen=True, slots=True)
class Hands:
    """A hand on what is not one's own is refused, and on record."""

    pool: Pool
    clock: Clock
    clocks: Clocks = field(default_factory=lambda: CLOCKS)
    ladder: Ladder = CENTRE
    repair_hours: int = 0
    fallen: Fallen = _nobody
    mailing: Mailing = NO_MAIL

    @property
    def calendar(self) -> Calendar:
        """In which an order's time counts."""
        return self.clocks[clocked.ORDER].calendar

    def limit(self, case: Ticket, own: int) -> int:
        """Hours that an order about this case has unless its dispatch says otherwise: the department's ``own``, but of a fault no
        more than the norm (SPEC O3), where that is in force.
        """
        return min(own, self.repair_hours) if self.repair_hours and case.nature == FAULT_REPAIR else own

    @contextlib.asynccontextmanager
    async def on_ticket(self, ticket: int, act: Act, by: LoggedIn) -> AsyncIterator[tuple[Connection, Ticket]]:
        """The case, which nobody else changes until the transaction ends. Raises NotFound, Forbidden."""
        async with self._refusals_noted(by, f"ticket:{ticket}"), transaction(self.pool) as connection:
            case = await tickets.lock(connection, ticket)
            if not may(by, act, case):
                raise Forbidden("the case is another agent's")
            yield connection, case

    @contextlib.asynccontextmanager
    async def on_order(
        self, order: int, version: int, act: Act, by: LoggedIn, *, exact: bool = False
    ) -> AsyncIterator[tuple[Connection, Order, Ticket]]:
        """The order and its case, likewise. The case is locked first, wherever both are.

        A reminder changes nothing of an order: who saw it before one may go on, unless it must be ``exact``.
        """
        async with self._refusals_noted(by, f"order:{order}"), transaction(self.pool) as connection:
            case = await tickets.lock(connection, await store.ticket_of(connection, order))
            before = await store.load(connection, order)
            if not may(by, act, case, before):
                raise Forbidden("the order is not yours")
            if before.version != version and (exact or not await store.only_reminded(connection, before, version)):
                raise Stale("somebody else changed the order in the meantime")
            yield connection, before, case

    @contextlib.asynccontextmanager
    async def on_paper(
        self, paper: int, version: int, by: LoggedIn, *, author: bool | None
    ) -> AsyncIterator[tuple[Connection, Outgoing, Order]]:
        """A paper in the hands of its ``author``, of anybody but its author, or (None) of anybody; and its order."""
        async with self._refusals_noted(by, f"paper:{paper}"), transaction(self.pool) as connection:
            order = await store.order_of_paper(connection, paper)
            await tickets.lock(connection, await store.ticket_of(connection, order))
            locked = await store.load(connection, order)
            before = await store.load_paper(connection, paper)
            if author is not None and (before.author_id == by.id) is not author:
                raise Forbidden("a paper is written by its author, and reviewed by another")
            if before.version != version:
                raise Stale("somebody else changed the paper in the meantime")
            yield connection, before, locked

    async def let_fall(self, connection: Connection, paper: Outgoing, order: Order) -> None:
        """The paper never leaves."""
        now = self.clock.now()
        await store.save_paper(connection, replace(turned(paper, "drop"), ended_at=now), before=paper)
        await self.fallen(connection, order.ticket_id, now)

    async def move(
        self, connection: Connection, after: Order, before: Order, action: Action, by: LoggedIn, note: str = ""
    ) -> Order:
        """The order in its next state. A paper that is overtaken by an order's end never leaves."""
        now = self.clock.now()
        if after.state not in OPEN and (paper := await store.open_paper(connection, after)):
            await self.let_fall(connection, paper, after)
        await store.move(connection, after, before=before, entry=Entry(str(action), by.id, now, note))
        await clocked.turn(connection, before, after, now, self.calendar, self.ladder)
        await telling.moved(connection, after, action, by=by.id, at=now, note=note)
        await self.mailing.moved(connection, before, after, action, now)
        return after

    async def issue(
        self, connection: Connection, after: Order, before: Order, numbering: store.Numbering, by: LoggedIn, note: str
    ) -> Order:
        """The order is its department's, with a number, which it takes last: from there to the commit whoever takes another one
        waits. That it has changed is heard before what is told of it, all the same.
        """
        now = self.clock.now()
        await store.rung(connection, after)
        await clocked.turn(connection, before, after, now, self.calendar, self.ladder)
        await telling.moved(connection, after, Action.ISSUE, by=by.id, at=now, note=note)
        await self.mailing.moved(connection, before, after, Action.ISSUE, now)
        entry = Entry(str(Action.ISSUE), by.id, now, note)
        return await store.move(connection, after, before=before, entry=entry, numbering=numbering)

    @contextlib.asynccontextmanager
    async def _refusals_noted(self, by: LoggedIn, about: str) -> AsyncIterator[None]:
        try:
            yield
        except Forbidden:
            async with transaction(self.pool) as connection:
                await audit.write(connection, self.clock.now(), by=by.id, action="order.refused", about=about)
            raise
