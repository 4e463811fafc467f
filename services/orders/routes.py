"""Serves work orders, their papers and reviews over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from services.access.rights import Right
from services.clocks.wire import ClockExplained, Deadline, explained
from services.errors import Conflict, NotAllowed, Stale
from services.orders import wire
from services.orders.actions import Orders
from services.orders.model import Dispatch, Order, Said, Wording
from services.orders.papers import Papers
from services.orders.reminding import Urging
from services.orders.views import PaperSeen, Seen, Views, Warned
from services.store.db import Row
from services.web.http import Asked, route
from services.web.shapes import Id

READ = (Right.ORDERS_READ, Right.ORDERS_ANSWER, Right.ORDERS_LINK)
ANSWER = (Right.ORDERS_ANSWER, Right.ORDERS_LINK)
CLASH = (Conflict, Stale, NotAllowed)
"""Somebody was first, or its state does not allow it."""


class PaperRoutes:
    """What leaves the centre, and its second review (SPEC A6, N2–N5)."""

    def __init__(self, papers: Papers, views: Views) -> None:
        self._papers = papers
        self._views = views

    @route("POST", "/api/tickets/{ticket_id}/orders", right=Right.ORDERS_WRITE, status=201, raises=CLASH)
    async def dispatch(self, asked: Asked, ticket_id: Id, body: wire.DispatchBody) -> wire.Order:
        """A work order for a department; a reviewer's leaves at once, another's waits for the second review."""
        wanted = _dispatch(body, leads=body.leads)
        order = await self._papers.dispatch(ticket_id, body.version, wanted, key=body.key, by=asked.by)
        return await self._wire(asked, order)

    @route("POST", "/api/orders/{order_id}/second", right=Right.ORDERS_REVIEW, status=201, raises=CLASH)
    async def second(self, asked: Asked, order_id: Id, body: wire.SecondBody) -> wire.Order:
        """A second dispatch with its written warning; the new order."""
        order = await self._papers.second(order_id, body.version, _dispatch(body, leads=True), body.warning, by=asked.by)
        return await self._wire(asked, order)

    @route("POST", "/api/orders/{order_id}/redirect", right=Right.ORDERS_REVIEW, status=201, raises=CLASH)
    async def redirect(self, asked: Asked, order_id: Id, body: wire.RedirectBody) -> wire.Order:
        """Not that department's: withdrawn from it, and sent to another; the new order."""
        order = await self._papers.redirect(order_id, body.version, _dispatch(body, leads=True), by=asked.by)
        return await self._wire(asked, order)

    @route("POST", "/api/orders/{order_id}/chase", right=Right.ORDERS_WRITE, raises=CLASH)
    async def chase(self, asked: Asked, order_id: Id, body: wire.ChaseBody) -> wire.Order:
        """Another task, more urgency or another deadline."""
        wording = Wording(body.task, body.urgent, body.reason, until=body.until)
        return await self._wire(asked, await self._papers.chase(order_id, body.version, wording, by=asked.by))

    @route("POST", "/api/orders/{order_id}/withdraw", right=Right.ORDERS_WRITE, raises=CLASH)
    async def withdraw(self, asked: Asked, order_id: Id, body: wire.OrderReason) -> wire.Order:
        """Take the order back from the department."""
        return await self._wire(asked, await self._papers.withdraw(order_id, body.version, body.reason, by=asked.by))

    @route("GET", "/api/reviews", right=Right.ORDERS_REVIEW)
    async def waiting(self, asked: Asked) -> list[wire.ReviewRow]:
        """What waits for one's second review: urgent first, then the one that has waited longest."""
        return [_review_row(row) for row in await self._views.waiting(asked.by)]

    @route("PUT", "/api/papers/{paper_id}", right=Right.ORDERS_WRITE, raises=CLASH)
    async def rewrite(self, asked: Asked, paper_id: Id, body: wire.PaperBody) -> wire.Order:
        """One's own paper, written anew before it leaves: another version, which needs a review of its own."""
        wording = Wording(body.task, body.urgent, body.reason, body.hours, body.until)
        return await self._wire(asked, await self._papers.rewrite(paper_id, body.version, wording, by=asked.by))

    @route("POST", "/api/papers/{paper_id}/drop", right=Right.ORDERS_WRITE, raises=CLASH)
    async def drop(self, asked: Asked, paper_id: Id, body: wire.OrderStep) -> wire.Order:
        """Take back one's own paper before it leaves."""
        return await self._wire(asked, await self._papers.drop(paper_id, body.version, by=asked.by))

    @route("POST", "/api/papers/{paper_id}/review", right=Right.ORDERS_REVIEW, raises=CLASH)
    async def review(self, asked: Asked, paper_id: Id, body: wire.ReviewBody) -> wire.Order:
        """The second review of this version of another person's paper."""
        said = Said(body.verdict, body.reason, frozenset(body.marks))
        order = await self._papers.review(paper_id, body.version, said, by=asked.by)
        return await self._wire(asked, order)

    async def _wire(self, asked: Asked, order: Order) -> wire.Order:
        return shown(await self._views.see(asked.by, order.id))


class OrderRoutes:
    """What a department does with its orders, and what the centre says to that (SPEC O7, O8)."""

    def __init__(self, orders: Orders, urging: Urging, views: Views) -> None:
        self._orders = orders
        self._urging = urging
        self._views = views

    @route("GET", "/api/tickets/{ticket_id}/orders", right=Right.ORDERS_READ, long_answer=True)
    async def of_ticket(self, asked: Asked, ticket_id: Id) -> list[wire.Order]:
        """The newest orders about a ticket, as they were made."""
        return await asyncio.to_thread(_all, await self._views.of_ticket(asked.by, ticket_id))

    @route("GET", "/api/orders", right=Right.ORDERS_ANSWER, long_answer=True)
    async def page(self, asked: Asked, query: wire.OrdersQuery) -> list[wire.Order]:
        """What was sent to one's own department: the nearest deadline first; what is over, newest first."""
        seen = await self._views.departments(asked.by, done=query.over == "yes", after=query.after, limit=query.limit)
        return await asyncio.to_thread(_all, seen)

    @route("GET", "/api/orders/{order_id}", right=READ)
    async def show(self, asked: Asked, order_id: Id) -> wire.Order:
        """One order."""
        return shown(await self._views.see(asked.by, order_id))

    @route("GET", "/api/link", right=Right.ORDERS_LINK)
    async def linked(self, asked: Asked) -> wire.Linked:
        """The one order to which a link has led."""
        assert asked.by.order is not None
        return wire.Linked(order=asked.by.order, server_time=self._views.clock.now())

    @route("GET", "/api/tickets/{ticket_id}/clocks", right=Right.ORDERS_READ)
    async def why(self, asked: Asked, ticket_id: Id) -> list[ClockExplained]:
        """Why the clocks of a ticket and of its orders end when they do."""
        return [explained(clock, order) for clock, order in await self._views.why(ticket_id)]

    @route("GET", "/api/orders/{order_id}/clocks", right=READ)
    async def why_of(self, asked: Asked, order_id: Id) -> list[ClockExplained]:
        """Why the clocks of an order end when they do; the last one is its present deadline's."""
        return [explained(clock, order) for clock, order in await self._views.why_of(asked.by, order_id)]

    @route("GET", "/api/orders/{order_id}/journal", right=(Right.ORDERS_READ, Right.ORDERS_ANSWER))
    async def journal(self, asked: Asked, order_id: Id, query: wire.OrderJournalQuery) -> list[wire.OrderJournalRow]:
        """What was done to it, oldest first, a page; ``after`` is the ``seq`` of the last row seen."""
        rows = await self._views.history(asked.by, order_id, after=query.after, limit=query.limit)
        return [wire.OrderJournalRow.model_validate(dict(row)) for row in rows]

    @route("GET", "/api/warnings", right=(Right.ORDERS_READ, Right.ORDERS_ANSWER), long_answer=True)
    async def warnings(self, asked: Asked, query: wire.WarningsQuery) -> list[wire.WarningRow]:
        """The register of written warnings, newest first, a page; ``after`` is the ``id`` of the last row seen."""
        rows = await self._views.warnings(asked.by, after=query.after, limit=query.limit)
        plain = wire.WarningRow.model_fields.keys() - {"department"}
        return [wire.WarningRow(department=_department(row), **{name: row[name] for name in plain}) for row in rows]

    @route("POST", "/api/orders/{order_id}/accept", right=ANSWER, raises=CLASH)
    async def accept(self, asked: Asked, order_id: Id, body: wire.OrderStep) -> wire.Order:
        """At work. The clock has been running since the order left."""
        return await self._wire(asked, await self._orders.accept(order_id, body.version, by=asked.by))

    @route("POST", "/api/orders/{order_id}/refuse", right=ANSWER, raises=CLASH)
    async def refuse(self, asked: Asked, order_id: Id, body: wire.OrderReason) -> wire.Order:
        """Not ours."""
        return await self._wire(asked, await self._orders.refuse(order_id, body.version, body.reason, by=asked.by))

    @route("POST", "/api/orders/{order_id}/return", right=ANSWER, raises=CLASH)
    async def give_back(self, asked: Asked, order_id: Id, body: wire.OrderAnswer) -> wire.Order:
        """The department's answer."""
        return await self._wire(asked, await self._orders.return_(order_id, body.version, body.answer, by=asked.by))

    @route("POST", "/api/orders/{order_id}/extension", right=ANSWER, raises=CLASH)
    async def ask_extension(self, asked: Asked, order_id: Id, body: wire.ExtensionBody) -> wire.Order:
        """Ask for more time, before the deadline."""
        order = await self._orders.ask_extension(order_id, body.version, body.until, body.reason, by=asked.by)
        return await self._wire(asked, order)

    @route("POST", "/api/orders/{order_id}/extension/decision", right=Right.ORDERS_REVIEW, raises=CLASH)
    async def decide_extension(self, asked: Asked, order_id: Id, body: wire.ExtensionDecision) -> wire.Order:
        """Grant the open request for more time, or do not."""
        order = await self._orders.decide_extension(order_id, body.version, body.note, granted=body.granted, by=asked.by)
        return await self._wire(asked, order)

    @route("POST", "/api/orders/{order_id}/remind", right=Right.ORDERS_REMIND, raises=CLASH)
    async def remind(self, asked: Asked, order_id: Id, body: wire.OrderStep) -> wire.Order:
        """Nudge the department; it is on record, and tells the department at once."""
        return await self._wire(asked, await self._urging.remind(order_id, body.version, body.note, by=asked.by))

    @route("POST", "/api/orders/{order_id}/uphold", right=Right.ORDERS_REVIEW, raises=CLASH)
    async def uphold(self, asked: Asked, order_id: Id, body: wire.OrderReason) -> wire.Order:
        """It is the department's after all."""
        return await self._wire(asked, await self._orders.uphold(order_id, body.version, body.reason, by=asked.by))

    @route("POST", "/api/orders/{order_id}/settle", right=Right.ORDERS_WRITE, raises=CLASH)
    async def settle(self, asked: Asked, order_id: Id, body: wire.OrderStep) -> wire.Order:
        """Content with what came back."""
        return await self._wire(asked, await self._orders.settle(order_id, body.version, body.note, by=asked.by))

    @route("POST", "/api/orders/{order_id}/redo", right=Right.ORDERS_REVIEW, raises=CLASH)
    async def redo(self, asked: Asked, order_id: Id, body: wire.OrderRedo) -> wire.Order:
        """What came back does not do: the department has it again."""
        return await self._wire(asked, await self._orders.redo(order_id, body.version, body.hours, body.reason, by=asked.by))

    async def _wire(self, asked: Asked, order: Order) -> wire.Order:
        return shown(await self._views.see(asked.by, order.id))


def _dispatch(body: wire.DispatchBody | wire.RedirectBody | wire.SecondBody, *, leads: bool) -> Dispatch:
    return Dispatch(
        department=body.department,
        task=body.task,
        leads=leads,
        urgent=body.urgent,
        hours=body.hours,
        reason=body.reason,
    )


PLAIN = tuple(name for name in Order.__slots__ if name in wire.Order.model_fields)


def shown(seen: Seen) -> wire.Order:
    """An order on the wire."""
    names = seen.names
    plain: dict[str, Any] = {name: getattr(seen.order, name) for name in PLAIN}
    return wire.Order(
        **plain,
        department=_department(names),
        papers=[_paper(one) for one in seen.papers],
        extensions=[_extension(row) for row in seen.extensions],
        warning=_warning(seen.warning) if seen.warning else None,
        reminders=[_reminder(row) for row in seen.reminders],
        deadline=_deadline(seen),
        may=list(seen.may),
        contact_number=seen.contact,
        **{name: names[name] for name in ("ticket", "author", "customer_name", "address", "evidence")},
    )


def _all(orders: Sequence[Seen]) -> list[wire.Order]:
    """Texts of some megabytes take a while: in a thread."""
    return [shown(seen) for seen in orders]


def _paper(seen: PaperSeen) -> wire.OrderPaper:
    plain = {name: getattr(seen.paper, name) for name in wire.OrderPaper.model_fields if hasattr(seen.paper, name)}
    said = {name: seen.row[name] for name in ("author", "verdict", "review_reason", "reviewer", "reviewed_at")}
    return wire.OrderPaper(**plain, **said, may=list(seen.may))


def _extension(row: Row) -> wire.OrderExtension:
    return wire.OrderExtension(**{name: row[name] for name in wire.OrderExtension.model_fields})


def _warning(warned: Warned) -> wire.OrderWarning:
    return wire.OrderWarning(**{name: getattr(warned, name) for name in wire.OrderWarning.model_fields})


def _reminder(row: Row) -> wire.OrderReminder:
    return wire.OrderReminder(**{name: row[name] for name in wire.OrderReminder.model_fields})


def _department(row: Row | Mapping[str, Any]) -> wire.OrderDepartment:
    return wire.OrderDepartment(code=row["code"], zh=row["zh"], en=row["en"])


def _deadline(seen: Seen) -> Deadline | None:
    if seen.deadline is None:
        return None
    clock, standing = seen.deadline
    names = ("rule", "because", "starts_at", "ends_at", "warned_at", "settled_at")
    return Deadline(**{name: getattr(clock, name) for name in names}, standing=standing)


def _review_row(row: Row) -> wire.ReviewRow:
    plain = wire.ReviewRow.model_fields.keys() - {"paper", "order", "department"}
    return wire.ReviewRow(
        paper=row["id"], order=row["order_id"], department=_department(row), **{name: row[name] for name in plain}
    )
