"""Performs what the manager hotline decides about a case (SPEC M1, N6).

Each is one transaction: the decision, the case's journal, and whatever follows from it. The manager leads and reviews like a
senior agent, so what a decision asks for is done by the ordinary steps too: a dispatch leaves at once, a step that does not stand
is put right by another one. A decision says that it was one, and why.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from decimal import Decimal

from services.access.actor import LoggedIn
from services.access.rights import Right
from services.errors import Conflict, Forbidden, Invalid, NotAllowed, Stale, WrongField
from services.hotline import store
from services.hotline.model import Decision, DecisionKind, Limits
from services.hotline.store import QUERIES
from services.inbox import store as inbox
from services.inbox.model import Code, Notice
from services.orders import store as orders
from services.orders.model import Dispatch, Order
from services.orders.papers import Papers
from services.store.db import Connection
from services.tickets import store as tickets
from services.tickets.actions import Tickets, check_over, moved, taken
from services.tickets.model import Changes, Ticket, by_agent, fill
from services.tickets.ringing import concerned
from services.tickets.store import Entry
from services.tickets.workflow import Action, advance, check_closing, check_complete

CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Step:
    """A row of the case's journal, or of one of its orders'."""

    seq: int
    order: int | None = None


@dataclass(frozen=True, slots=True)
class Conclusion:
    """``answer``: what the customer was told ('': as it stands in the case). ``closing``: that the customer has confirmed, or the
    code of why not; only of a suggestion neither.
    """

    answer: str = ""
    closing: str | None = None


@dataclass(frozen=True, slots=True)
class Hotline:
    """The use-cases. Whoever takes one holds the case's row; ``version`` is the case's."""

    tickets: Tickets
    papers: Papers
    limits: Limits

    async def overrule(self, ticket: int, version: int, step: Step, reason: str, *, by: LoggedIn) -> Ticket:
        """This step does not stand. It stays in the journal; what is to be instead is done by the steps there are."""
        async with self.tickets.hand_on(ticket, version, Action.DECIDE, by) as (connection, before):
            action = await self._overruled(connection, ticket, step)
            decision = self._decision(DecisionKind.OVERRULE, by, reason)
            if step.order is None:
                decision = replace(decision, step=step.seq)
            else:
                decision = replace(decision, order_id=step.order, order_step=step.seq)
            return await self._decided(connection, before, decision, {"overruled": (None, f"{step.seq} {action}")}, by)

    async def order(self, ticket: int, version: int, wanted: Dispatch, *, key: str, by: LoggedIn) -> tuple[Ticket, Order]:
        """A work order to whichever department; it leaves at once. A repeated ``key`` returns the first one."""
        own = orders.OwnKey(key, wanted.digest(ticket))
        async with self.tickets.hand_on(ticket, None, Action.DECIDE, by) as (connection, before):
            if first := await orders.of_key(connection, by.id, own):
                return before, first
            if before.version != version:
                raise Stale("somebody else changed the ticket in the meantime")
            advance(before, Action.DECIDE)
            made = await self.papers.send(connection, before, wanted, key=own, by=by)
            dispatched = await tickets.load(connection, ticket)
            decision = replace(self._decision(DecisionKind.ORDER, by, wanted.reason), order_id=made.id)
            after = await self._decided(connection, dispatched, decision, {"order": (None, made.number)}, by)
        if made.number:
            await self.papers.given.note(made.number)
        return after, made

    async def compensate(self, ticket: int, version: int, amount: Decimal, reason: str, *, by: LoggedIn) -> Ticket:
        """What the customer gets. Above the limit, with what was granted about the case before, it waits for another manager."""
        if amount <= 0:
            raise Invalid((WrongField("amount", "nothing", "more than nothing"),))
        exact = amount.quantize(CENT)
        async with self.tickets.hand_on(ticket, version, Action.DECIDE, by) as (connection, before):
            before_it = await QUERIES.alone.fetchval(connection, ticket=ticket, currency=self.limits.currency)
            alone = by.id if before_it + exact <= self.limits.alone else None
            decision = replace(
                self._decision(DecisionKind.COMPENSATE, by, reason),
                amount=exact,
                currency=self.limits.currency,
                approved_by=alone,
            )
            return await self._decided(connection, before, decision, {"amount": (None, f"{exact} {self.limits.currency}")}, by)

    async def answer(self, ticket: int, version: int, about: int, reason: str, *, granted: bool, by: LoggedIn) -> Ticket:
        """Another manager's answer to an amount above the limit. Raises Forbidden for whoever set it."""
        async with self.tickets.hand_on(ticket, version, Action.DECIDE, by) as (connection, before):
            waiting = await QUERIES.waiting.fetchrow(connection, ticket=ticket, seq=about)
            if waiting is None:
                raise NotAllowed("this decision waits for nobody")
            if waiting["person_id"] == by.id:
                raise Forbidden("another manager answers it")
            kind = DecisionKind.APPROVE if granted else DecisionKind.DENY
            decision = replace(self._decision(kind, by, reason), answers=about)
            return await self._decided(connection, before, decision, {"answers": (None, str(about))}, by)

    async def conclude(self, ticket: int, version: int, said: Conclusion, reason: str, *, by: LoggedIn) -> Ticket:
        """Closes the case, with its customer's confirmation or why there is none (SPEC N9). Raises Invalid, and what
        ``check_over`` raises.
        """
        async with self.tickets.hand_on(ticket, version, Action.CONCLUDE, by) as (connection, before):
            after = replace(advance(before, Action.CONCLUDE), closing=said.closing)
            changes: Changes = {"state": (before.state, after.state)}
            if said.closing is not None:
                changes["closing"] = (before.closing, said.closing)
            if said.answer.strip():
                after, filled = fill(after, by_agent({"answer": said.answer}))
                changes |= filled
            check_complete(after)
            reasons = [row["code"] for row in await tickets.QUERIES.closing_reasons.fetch(connection)]
            check_closing(before, said.closing, reason, reasons)
            await check_over(connection, ticket)
            decision = self._decision(DecisionKind.CONCLUDE, by, reason)
            return await self._decided(connection, before, decision, changes, by, after=after)

    async def reopen(self, ticket: int, version: int, reason: str, *, by: LoggedIn) -> Ticket:
        """A closed case is open again, in the hands of whoever opens it; its clocks count from now on."""
        async with self.tickets.hand_on(ticket, version, Action.REOPEN, by) as (connection, before):
            now = self.tickets.clock.now()
            after = replace(taken(advance(before, Action.REOPEN), by, now), reopened_at=now)
            changes: Changes = {"state": (before.state, after.state)}
            if before.level is not after.level:
                changes["level"] = (before.level, after.level)
            changes["owner"] = (await tickets.name(connection, before.owner_id), by.person.name)
            return await self._decided(
                connection, before, self._decision(DecisionKind.REOPEN, by, reason), changes, by, after=after
            )

    def _decision(self, kind: DecisionKind, by: LoggedIn, reason: str) -> Decision:
        return Decision(kind=kind, by=by.id, at=self.tickets.clock.now(), reason=reason)

    async def _decided(
        self,
        connection: Connection,
        before: Ticket,
        decision: Decision,
        changes: Changes,
        by: LoggedIn,
        *,
        after: Ticket | None = None,
    ) -> Ticket:
        """The case after the decision: where it is, unless ``after`` says otherwise; and the row of its journal."""
        action = ACTIONS.get(decision.kind, Action.DECIDE)
        after = after or advance(before, action)
        seq = await store.write(connection, before.id, decision)
        said: Changes = {"decision": (None, f"{seq} {decision.kind}"), **changes}
        entry = Entry(action, decision.by, decision.at, said, decision.reason)
        people = await concerned(connection, before)  # before the step: it may put the case into other hands
        await moved(connection, after, before=before, entry=entry, table=self.tickets.clocks, by=by)
        await self._told(connection, after, decision, people)
        return await tickets.load(connection, before.id)

    async def _told(self, connection: Connection, case: Ticket, decision: Decision, people: Collection[int | None]) -> None:
        """Whoever has the case, or sent it here, hears what was decided; an amount that is too high rings for who answers it."""
        code, details = Code.CASE_DECIDED, {"decision": str(decision.kind), "reason": decision.reason}
        if decision.kind is DecisionKind.COMPENSATE and decision.approved_by is None:
            code, people = Code.COMPENSATION_ASKED, await inbox.people_with(connection, Right.HOTLINE)
        elif decision.answers is not None:
            code = Code.COMPENSATION_ANSWERED
            people = [*people, await QUERIES.set_by.fetchval(connection, ticket=case.id, seq=decision.answers)]
        if decision.amount is not None:
            details["amount"] = f"{decision.amount} {decision.currency}"
        cause = f"{code}:{case.id}:{case.version}"
        notice = Notice(code=code, cause=cause, ticket=case.id, at=decision.at, by=decision.by, details=details)
        await inbox.tell(connection, notice, people)
        # the last one was answered, or overruled
        if not await tickets.QUERIES.open_compensation.fetchval(connection, ticket=case.id):
            await inbox.over(connection, case.id, Code.COMPENSATION_ASKED, decision.at)

    @staticmethod
    async def _overruled(connection: Connection, ticket: int, step: Step) -> str:
        """What was done by the step. Raises Invalid if there is none of this case, Conflict if it does not stand already."""
        if step.order is None:
            action = await QUERIES.journal_row.fetchval(connection, ticket=ticket, step=step.seq)
            which = {"step": step.seq, "order": None, "order_step": None}
        else:
            action = await QUERIES.order_row.fetchval(connection, ticket=ticket, order=step.order, step=step.seq)
            which = {"step": None, "order": step.order, "order_step": step.seq}
        if action is None:
            raise Invalid((WrongField("step", "no_such_step", "a step of this case"),))
        if await QUERIES.overruled.fetchval(connection, ticket=ticket, **which):
            raise Conflict("this step does not stand already")
        return str(action)


ACTIONS = {DecisionKind.CONCLUDE: Action.CONCLUDE, DecisionKind.REOPEN: Action.REOPEN}
"""Decisions that are a step of the case's own; the others leave it where it is."""
