"""Performs what leaves the centre: dispatches, chases and withdrawals of work orders, and their second review (SPEC A6, N2–N5).

Each is a paper of one author. A reviewer's leaves at once; everybody else's waits for the review of another person, and the
database refuses anything else (``0024_orders.sql``).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from services.access.actor import LoggedIn
from services.access.policy import Act
from services.access.rights import Right
from services.clocks.calendar import Calendar
from services.clocks.calendar import after as counted
from services.departments.model import MOST_HOURS
from services.errors import Conflict, Forbidden, Invalid, NotAllowed, Stale, WrongField
from services.orders import clocked, store, telling
from services.orders.hands import Hands
from services.orders.model import WRONG, Dispatch, Mark, Order, Outgoing, Paper, Said, State, Verb, Verdict, Wording
from services.orders.store import QUERIES, Entry
from services.orders.workflow import LEAVING, Action, PaperOpen, advance, final, left, rewritten, turned
from services.store.db import Connection
from services.tickets import store as tickets
from services.tickets.actions import dispatched
from services.tickets.model import Ticket
from services.tickets.numbers import GivenNumbers
from services.tickets.workflow import Action as Step
from services.tickets.workflow import advance as opened

LONGEST = timedelta(hours=MOST_HOURS)
"""In which any order is over, counted as its time is."""


class LeadingOrder(Conflict):
    """Another department leads this case already: this one can assist it."""

    code = "order_leading"


@dataclass(frozen=True, slots=True)
class Papers:
    """The use-cases. ``refusals``: how often a department may send an order back before the final arbiter decides."""

    hands: Hands
    zone: ZoneInfo
    refusals: int
    given: GivenNumbers = field(default_factory=GivenNumbers)
    given_warnings: GivenNumbers = field(default_factory=GivenNumbers)

    async def dispatch(self, ticket: int, version: int, wanted: Dispatch, *, key: str, by: LoggedIn) -> Order:
        """A new order about a case. Raises Stale, Forbidden, Invalid, NotAllowed (not an open case), LeadingOrder.

        A repeated ``key`` returns the first order, whatever has become of the case; with another wish it is a Conflict.
        """
        own = store.OwnKey(key, wanted.digest(ticket))
        async with self.hands.on_ticket(ticket, Act.ORDER_WRITE, by) as (connection, case):
            if first := await store.of_key(connection, by.id, own):
                return first
            if case.version != version:
                raise Stale("somebody else changed the ticket in the meantime")
            order = await self._dispatch(connection, case, wanted, key=own, by=by)
        return await self._given(order)

    async def send(self, connection: Connection, case: Ticket, wanted: Dispatch, *, key: store.OwnKey, by: LoggedIn) -> Order:
        """A new order about a case that is held, in somebody's transaction; its number is theirs to note in ``given`` then."""
        return await self._dispatch(connection, case, wanted, key=key, by=by)

    async def second(self, order: int, version: int, wanted: Dispatch, warning: str, *, by: LoggedIn) -> Order:
        """A second dispatch, which makes good a remedy that was found wanting (SPEC V4), with its written warning (SPEC N5): a
        reviewer's alone.
        """
        async with self.hands.on_order(order, version, Act.ORDER_SECOND, by) as (connection, first, case):
            if first.state is not State.DONE:
                raise NotAllowed(f"a second dispatch is not possible while {first.state}")
            if wanted.department != first.department_id:  # the warning is for the department whose remedy was found wanting
                raise Invalid((WrongField("department", "not_the_first", "the department of the first dispatch"),))
            made = await self._dispatch(connection, case, wanted, by=by, second_of=first)
            number = await self._warn(connection, made, warning, by=by)
        await self.given_warnings.note(number)
        return await self._given(made)

    async def chase(self, order: int, version: int, wording: Wording, *, by: LoggedIn) -> Order:
        """Another task, more urgency or another deadline for an order that a department has (SPEC N3)."""
        async with self.hands.on_order(order, version, Act.ORDER_WRITE, by) as (connection, before, _):
            return await self.chased(connection, before, wording, by=by)

    async def chased(self, connection: Connection, before: Order, wording: Wording, *, by: LoggedIn) -> Order:
        """The same in the caller's transaction, with the order under its lock."""
        advance(before, Action.CHASE)
        self._check_until(wording.until)
        return await self._write(connection, before, Verb.CHASE, wording, by=by)

    async def withdraw(self, order: int, version: int, reason: str, *, by: LoggedIn) -> Order:
        """The customer wants it stopped (SPEC N3), or it was another department's after all."""
        async with self.hands.on_order(order, version, Act.ORDER_WRITE, by) as (connection, before, _):
            return await self.withdrawn(connection, before, reason, by=by)

    async def withdrawn(self, connection: Connection, before: Order, reason: str, *, by: LoggedIn) -> Order:
        """The same in the caller's transaction, with the order under its lock."""
        advance(before, Action.WITHDRAW)
        check_arbiter(before, by, self.refusals)
        if by.may(Right.ORDERS_REVIEW) and (overtaken := await store.open_paper(connection, before)):
            await self.hands.let_fall(connection, overtaken, before)
        wording = Wording(before.task, before.urgent, reason)
        return await self._write(connection, before, Verb.WITHDRAW, wording, by=by)

    async def redirect(self, order: int, version: int, wanted: Dispatch, *, by: LoggedIn) -> Order:
        """Not this department's: withdrawn from it and sent to another, both at once; the new order. A reviewer's alone, and
        as another order about the case not for who is below it.

        Raises Invalid for a department that has sent the case back before: it is asked again by ``uphold`` alone, which the
        final arbiter has the last word of (SPEC O8).
        """
        async with self.hands.on_order(order, version, Act.ORDER_SECOND, by) as (connection, before, case):
            check_arbiter(before, by, self.refusals)
            if before.state is not State.REFUSED:
                raise NotAllowed(f"redirect is not possible while {before.state}")
            if await QUERIES.has_refused.fetchval(connection, ticket=case.id, department=wanted.department):
                raise Invalid((WrongField("department", "department_refused", "a department that has not refused this case"),))
            if overtaken := await store.open_paper(connection, before):
                await self.hands.let_fall(connection, overtaken, before)
            wording = Wording(before.task, before.urgent, wanted.reason)
            await self._write(connection, before, Verb.WITHDRAW, wording, by=by)
            made = await self._dispatch(connection, case, replace(wanted, leads=before.leads), by=by)
        return await self._given(made)

    async def rewrite(self, paper: int, version: int, wording: Wording, *, by: LoggedIn) -> Order:
        """Its author writes a paper anew that waits or was sent back: another version, which needs its own review (SPEC A6)."""
        async with self.hands.on_paper(paper, version, by, author=True) as (connection, before, order):
            kept = self._rewritten(before, wording)
            await store.save_paper(connection, rewritten(before, kept, self.hands.clock.now()), before=before)
            await store.rung(connection, order)
            return order

    async def drop(self, paper: int, version: int, *, by: LoggedIn) -> Order:
        """Its author takes back a paper that has not left, or a reviewer does: an author may be away."""
        author = None if by.may(Right.ORDERS_REVIEW) else True
        async with self.hands.on_paper(paper, version, by, author=author) as (connection, before, order):
            await telling.taken_back(connection, order, before, by=by.id, at=self.hands.clock.now())
            return await self._drop(connection, before, order, by=by)

    async def review(self, paper: int, version: int, said: Said, *, by: LoggedIn) -> Order:
        """The second review of this version of a paper (SPEC A6, N4). Raises Forbidden for its author, Stale for another."""
        async with self.hands.on_paper(paper, version, by, author=False) as (connection, before, order):
            if before.state is not Paper.WAITING:
                raise NotAllowed(f"review is not possible while {before.state}")
            _check_said(said, before)
            now = self.hands.clock.now()
            await store.write_review(connection, before, said, by=by.id, at=now)
            await telling.reviewed(connection, order, before, said.verdict, said.reason, by=by.id, at=now)
            reviewed = await self._reviewed(connection, before, order, said, by=by)
        return await self._given(reviewed)

    async def _reviewed(self, connection: Connection, paper: Outgoing, order: Order, said: Said, *, by: LoggedIn) -> Order:
        """What follows from the verdict."""
        match said.verdict:
            case Verdict.APPROVE:
                if paper.verb is Verb.DISPATCH:
                    await _check_active(connection, order)
                return await self._leave(connection, paper, order, by=by)
            case Verdict.ANSWER:
                return await self._drop(connection, paper, order, by=by, note=said.reason)
            case Verdict.SEND_BACK:
                await store.save_paper(connection, turned(paper, "send_back"), before=paper)
                await store.rung(connection, order)
                return order

    async def _given(self, order: Order) -> Order:
        """Notes the order's number, once its transaction is committed."""
        if order.number:
            await self.given.note(order.number)
        return order

    async def _dispatch(
        self,
        connection: Connection,
        case: Ticket,
        wanted: Dispatch,
        *,
        by: LoggedIn,
        second_of: Order | None = None,
        key: store.OwnKey | None = None,
    ) -> Order:
        opened(case, Step.DISPATCH)
        department = await QUERIES.department.fetchrow(connection, department=wanted.department, ticket=case.id)
        if department is None or not department["active"]:
            raise Invalid((WrongField("department", "unknown_department", "a department that receives orders"),))
        if wanted.leads and department["case_is_led"]:
            raise LeadingOrder
        now = self.hands.clock.now()
        proposal = Order(
            id=0,
            number=None,
            ticket_id=case.id,
            department_id=wanted.department,
            leads=wanted.leads,
            second_of=second_of.id if second_of else None,
            state=State.PROPOSED,
            version=1,
            author_id=by.id,
            made_at=now,
            task=wanted.task,
            urgent=wanted.urgent,
            hours=wanted.hours or self.hands.limit(case, department["hours"]),
        )
        order = await store.create(connection, proposal, Entry("propose", by.id, now, wanted.reason), key)
        wording = Wording(order.task, order.urgent, wanted.reason, hours=order.hours)
        return await self._write_first(connection, order, Verb.DISPATCH, wording, by=by)

    async def _warn(self, connection: Connection, order: Order, text: str, *, by: LoggedIn) -> str:
        now = self.hands.clock.now()
        local = now.astimezone(self.zone)
        number = await store.next_warning(connection, local, self.given_warnings.highest(f"{local:%Y}"))
        await QUERIES.write_warning.execute(
            connection, number=number, order=order.id, department=order.department_id, text=text, person=by.id, at=now
        )
        return number

    async def _write(self, connection: Connection, order: Order, verb: Verb, wording: Wording, *, by: LoggedIn) -> Order:
        """A paper about the order; a reviewer's leaves at once. Raises PaperOpen while another is under way."""
        if await store.open_paper(connection, order):
            raise PaperOpen
        return await self._write_first(connection, order, verb, wording, by=by)

    async def _write_first(self, connection: Connection, order: Order, verb: Verb, wording: Wording, *, by: LoggedIn) -> Order:
        """The same where no other can be under way, because nobody knows of the order yet."""
        leaves = by.may(Right.ORDERS_REVIEW)
        paper = await store.write_paper(connection, order, verb, wording, by=by.id, at=self.hands.clock.now(), leaves=leaves)
        if leaves:
            return await self._left(connection, paper, order, by=by)
        await store.rung(connection, order)
        return order

    async def _leave(self, connection: Connection, paper: Outgoing, order: Order, *, by: LoggedIn) -> Order:
        """A paper that has passed its review leaves."""
        self._check_until(paper.until)  # it may have waited for its review longer than that
        if paper.verb is Verb.WITHDRAW:
            check_arbiter(order, by, self.refusals)
        gone = replace(turned(paper, "leave"), ended_at=self.hands.clock.now())
        await store.save_paper(connection, gone, before=paper)
        return await self._left(connection, gone, order, by=by)

    async def _left(self, connection: Connection, paper: Outgoing, order: Order, *, by: LoggedIn) -> Order:
        """The paper has left: the order becomes what it says, and its clock runs."""
        now = self.hands.clock.now()
        timed = order
        if paper.hours is not None:
            timed = clocked.given(order, paper.hours, self.hands.calendar, now)
        elif paper.until is not None:
            timed = clocked.until(order, paper.until)
        after = left(timed, paper, timed.due_at, now)
        if paper.verb is not Verb.DISPATCH:
            return await self.hands.move(connection, after, order, LEAVING[paper.verb], by, paper.reason)
        case = await tickets.lock(connection, order.ticket_id)
        month = f"{now.astimezone(self.zone):%Y-%m}"
        numbering = store.Numbering(month, self.given.highest(month))
        issued = await self.hands.issue(connection, after, order, numbering, by, paper.reason)
        own = paper.author_id == by.id
        assert issued.number is not None
        await dispatched(connection, case, issued.number, at=now, by=by, own=own, table=self.hands.clocks)
        return issued

    async def _drop(self, connection: Connection, paper: Outgoing, order: Order, *, by: LoggedIn, note: str = "") -> Order:
        """The paper never leaves; a proposal falls with its dispatch."""
        now = self.hands.clock.now()
        await self.hands.let_fall(connection, paper, order)
        if paper.verb is not Verb.DISPATCH:
            await store.rung(connection, order)
            return order
        after = replace(advance(order, Action.DROP), ended_at=now)
        return await self.hands.move(connection, after, order, Action.DROP, by, note)

    def _rewritten(self, before: Outgoing, wording: Wording) -> Wording:
        """What of it a paper of this kind has. Raises Invalid."""
        self._check_until(wording.until)
        if before.verb is Verb.DISPATCH:
            return replace(wording, hours=wording.hours or before.hours, until=None)
        if not wording.reason.strip():
            raise Invalid((WrongField("reason", "required", "why"),))
        if before.verb is Verb.CHASE:
            return replace(wording, hours=None)
        return Wording(before.task, before.urgent, wording.reason)

    def _check_until(self, until: datetime | None) -> None:
        check_until(until, self.hands.clock.now(), self.hands.calendar)


def _check_said(said: Said, paper: Outgoing) -> None:
    """Raises NotAllowed for a verdict that is not for such papers, Invalid without its reason, or for marks that contradict."""
    if said.verdict is Verdict.ANSWER and paper.verb is not Verb.DISPATCH:
        raise NotAllowed("only a dispatch can be answered instead")
    if said.verdict is not Verdict.APPROVE and not said.reason.strip():
        raise Invalid((WrongField("reason", "required", "why, for its author"),))
    if Mark.RIGHT in said.marks and said.marks & WRONG:
        raise Invalid((WrongField("marks", "contradict", "right, or what is wrong"),))


def check_arbiter(order: Order, by: LoggedIn, refusals: int) -> None:
    """Raises Forbidden once it is the final arbiter's (终审, SPEC O8) to say whose the order is, and this is not one."""
    if final(order, refusals) and not by.may(Right.ORDERS_ARBITRATE):
        raise Forbidden("this is the final arbiter's to decide")


def check_until(until: datetime | None, now: datetime, calendar: Calendar) -> None:
    """Raises Invalid for a deadline that is over, or further away than any order's."""
    if until is not None and until <= now:
        raise Invalid((WrongField("until", "past", "a time to come"),))
    if until is not None and until > (furthest := counted(calendar, now, LONGEST)):
        raise Invalid((WrongField("until", "too_far", f"by {furthest.isoformat(timespec='minutes')}"),))


async def _check_active(connection: Connection, order: Order) -> None:
    """Raises NotAllowed for a department that was closed while the paper waited."""
    department = await QUERIES.department.fetchrow(connection, department=order.department_id, ticket=order.ticket_id)
    if department is None or not department["active"]:
        raise NotAllowed("the department receives no orders any more")
