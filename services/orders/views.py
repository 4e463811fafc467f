"""Shows work orders as one person may see them: the centre with their papers and reviews, a department with what it needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.access import masks, policy
from services.access.actor import LoggedIn
from services.access.masks import ALL, CLEAR
from services.access.policy import Act, Whose
from services.access.reads import Reads
from services.clocks import store as clocks
from services.clocks.explaining import Explained
from services.clocks.model import Deadline, Standing, standing
from services.clocks.table import CLOCKS, Clocks
from services.customers.numbers import written
from services.errors import NotFound
from services.now import Clock
from services.orders import reminders, store
from services.orders.model import Order, Outgoing, Paper
from services.orders.policy import Stands, Step, may, offered, paper_steps
from services.orders.store import QUERIES
from services.orders.workflow import OPEN
from services.store.db import Connection, Pool, Row, connection, transaction
from services.tickets import store as tickets
from services.tickets.model import Ticket

UNSENT = {Paper.WAITING, Paper.SENT_BACK}
WAITING = 200  # papers shown that wait for a review


@dataclass(frozen=True, slots=True)
class PaperSeen:
    """A paper, who wrote it, its last review (None: none yet), and what the reader can do with it."""

    paper: Outgoing
    row: Row
    may: Sequence[str]


@dataclass(frozen=True, slots=True)
class Warned:
    """The written warning that went with an order, and who wrote it."""

    id: int
    number: str
    text: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An order, the names that stand beside it, its papers, requests for more time, warning and clock, and what the reader can
    do with it."""

    order: Order
    names: Mapping[str, Any]
    papers: Sequence[PaperSeen]
    extensions: Sequence[Row]
    warning: Warned | None
    reminders: Sequence[Row]
    deadline: tuple[Deadline, Standing] | None
    contact: str
    may: Sequence[Step]


@dataclass(frozen=True, slots=True)
class Views:
    """Shows orders to persons."""

    pool: Pool
    reads: Reads
    clock: Clock
    refusals: int
    clocks: Clocks = field(default_factory=lambda: CLOCKS)

    @classmethod
    def of(cls, pool: Pool, clock: Clock, refusals: int, clocks: Clocks = CLOCKS) -> Views:
        return cls(pool, Reads(pool, clock), clock, refusals, clocks)

    async def of_ticket(self, who: LoggedIn, ticket: int) -> Sequence[Seen]:
        """The orders about a ticket, as they were made. Raises NotFound."""
        async with connection(self.pool) as taken:
            case = await tickets.load(taken, ticket)
            rows = await QUERIES.of_ticket.fetch(taken, ticket=ticket, limit=store.SHOWN)
            return await self._seen(taken, who, {case.id: case}, [store.order_of(row) for row in rows])

    async def see(self, who: LoggedIn, order: int) -> Seen:
        """One order. Raises NotFound, also for one that is not theirs to see."""
        async with connection(self.pool) as taken:
            shown = store.order_of(_there(await QUERIES.show.fetchrow(taken, order=order)))
            case = await tickets.load(taken, shown.ticket_id)
            if not may(who, Act.ORDER_SEE, case, shown):
                raise NotFound
        # with a connection of its own, and none held: ten who hold one and wait for another hold everybody up
        await self._note(who, f"order:{order}")
        async with connection(self.pool) as taken:
            (seen,) = await self._seen(taken, who, {case.id: case}, [shown])
            return seen

    async def departments(self, who: LoggedIn, *, done: bool, after: int | None, limit: int) -> Sequence[Seen]:
        """What was sent to the reader's own department: open, the nearest deadline first; or over, newest first."""
        department = who.person.department
        if department is None:
            return []
        await self._note(who, f"department:{department}")
        async with transaction(self.pool) as taken:
            query = QUERIES.over_of_department if done else QUERIES.open_of_department
            rows = await query.fetch(taken, department=department, after=after, limit=limit)
            orders = [store.order_of(row) for row in rows]
            cases = await tickets.load_each(taken, [one.ticket_id for one in orders])
            return await self._seen(taken, who, cases, orders)

    async def waiting(self, who: LoggedIn) -> Sequence[Row]:
        """Papers that wait for this person's review, urgent ones first, then the one that has waited longest."""
        async with connection(self.pool) as taken:
            return await QUERIES.waiting.fetch(taken, person=who.id, limit=WAITING)

    async def warnings(self, who: LoggedIn, *, after: int | None, limit: int) -> Sequence[Row]:
        """The register of written warnings (SPEC N5), newest first; to people of a department their own."""
        centre = Whose.OTHERS in policy.reach(who, Act.ORDER_SEE)
        if not centre and who.person.department is None:
            return []
        department = None if centre else who.person.department
        async with connection(self.pool) as taken:
            return await QUERIES.warnings.fetch(taken, department=department, after=after, limit=limit)

    async def warned(self, who: LoggedIn, warning: int) -> Seen:
        """The order that a written warning went with. Raises NotFound, also for one that is not theirs to see."""
        async with connection(self.pool) as taken:
            order = await QUERIES.order_of_warning.fetchval(taken, warning=warning)
        if order is None:
            raise NotFound("there is no such warning")
        return await self.see(who, order)

    async def history(self, who: LoggedIn, order: int, *, after: int, limit: int) -> Sequence[Row]:
        """What was done to it, oldest first; for a department from when it left. Raises NotFound."""
        await self.see(who, order)
        centre = Whose.OTHERS in policy.reach(who, Act.ORDER_SEE)
        query = QUERIES.read_journal if centre else QUERIES.read_journal_left
        async with connection(self.pool) as taken:
            return await query.fetch(taken, order=order, after=after, limit=limit)

    async def why(self, ticket: int) -> Sequence[tuple[Explained, str | None]]:
        """Why the clocks of a ticket and of its orders end when they do. Raises NotFound."""
        async with connection(self.pool) as taken:
            await tickets.load(taken, ticket)
            return await clocks.explained(taken, ticket, self.clocks, self.clock.now())

    async def why_of(self, who: LoggedIn, order: int) -> Sequence[tuple[Explained, str | None]]:
        """Likewise the clocks of one order. Raises NotFound, also for one that is not theirs to see."""
        seen = await self.see(who, order)
        async with connection(self.pool) as taken:
            return await clocks.explained(taken, seen.order.ticket_id, self.clocks, self.clock.now(), order=order)

    async def _note(self, who: LoggedIn, about: str) -> None:
        """A department reads personal data of the centre's customers: that is on record."""
        if who.person.department is not None:
            await self.reads.note(who, "order.read", about)

    async def _seen(
        self, taken: Connection, who: LoggedIn, cases: Mapping[int, Ticket], orders: Sequence[Order]
    ) -> Sequence[Seen]:
        if not orders:  # of most cases there is none
            return []
        ids = [one.id for one in orders]
        beside = {row["order_id"]: row for row in await QUERIES.beside.fetch(taken, orders=ids)}
        centre = Whose.OTHERS in policy.reach(who, Act.ORDER_SEE)
        papers = await QUERIES.papers_of.fetch(taken, orders=ids) if centre else []
        extensions = await QUERIES.extensions_of.fetch(taken, orders=ids)
        running = {order: clocks.deadline_of(row) for order, row in beside.items() if row["rule"] is not None}
        reminded = await reminders.of_orders(taken, ids)
        now = self.clock.now()

        def paper(row: Row, case: Ticket) -> PaperSeen:
            read = store.paper_of({name: row[name] for name in Outgoing.__slots__})
            return PaperSeen(read, row, paper_steps(who, case, read))

        def stands(order: Order) -> Stands:
            clock = running.get(order.id)
            waits = (row["asker"] for row in extensions if row["order_id"] == order.id and row["granted"] is None)
            return Stands(
                paper_waits=any(row["order_id"] == order.id and row["state"] in UNSENT for row in papers),
                asked_by=next(waits, None),
                in_time=clock is not None and clock.settled_at is None and now < clock.ends_at,
            )

        return [
            Seen(
                order=one,
                names=_names(beside[one.id], needed=centre or one.state in OPEN),
                papers=[paper(row, cases[one.ticket_id]) for row in papers if row["order_id"] == one.id],
                extensions=[row for row in extensions if row["order_id"] == one.id],
                warning=_warning(beside[one.id]),
                reminders=[row for row in reminded if row["order_id"] == one.id],
                contact=beside[one.id]["contact_number"] or written(beside[one.id]["customer_number"]),
                deadline=(running[one.id], standing(running[one.id], now)) if one.id in running else None,
                may=offered(who, cases[one.ticket_id], one, self.refusals, stands(one)),
            )
            for one in orders
        ]


NAMES = (
    *("code", "zh", "en", "ticket", "author", "evidence"),
    *("customer_name", "address", "contact_number", "customer_number"),
)


def _names(beside: Row, *, needed: bool) -> Mapping[str, Any]:
    """A department needs to know where to go while it has the order; once it is over, name and address are masked. The number
    is masked wherever it is shown to them.
    """
    hidden = CLEAR if needed else ALL
    return {name: masks.field(name, beside[name], hidden) if name in masks.FIELDS else beside[name] for name in NAMES}


def _warning(beside: Row) -> Warned | None:
    if beside["warning_id"] is None:
        return None
    return Warned(*(beside[f"warning_{name}"] for name in ("id", "number", "text", "at", "by")))


def _there(row: Row | None) -> Row:
    if row is None:
        raise NotFound("there is no such order")
    return row
