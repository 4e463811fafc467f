"""Performs what is done with supplementary appeals (SPEC A5). Each action is one transaction: the appeal, the journal of its
case, its clock, and what it led to.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.access.actor import LoggedIn
from services.access.policy import Act
from services.appeals import clocked, store
from services.appeals.model import Added, Appeal, State
from services.appeals.policy import may, possible
from services.appeals.workflow import Action, settled
from services.calls import policy as calls
from services.clocks.store import Settled
from services.errors import Forbidden, Invalid, NotFound, Stale, WrongField
from services.inbox import store as inbox
from services.inbox.model import Code, Notice
from services.orders import store as orders
from services.orders.hands import Hands
from services.orders.model import Order, Wording
from services.orders.papers import Papers
from services.store.db import Connection, Row, connection, transaction
from services.tickets import store as tickets
from services.tickets.actions import appealed, put_aside
from services.tickets.model import State as TicketState
from services.tickets.model import Ticket
from services.tickets.ringing import who_takes


@dataclass(frozen=True, slots=True)
class Seen:
    """An appeal, the names that stand beside it, and what the reader can do with it."""

    appeal: Appeal
    row: Row
    may: Sequence[Action]


@dataclass(frozen=True, slots=True)
class Appeals:
    """The use-cases of this room."""

    papers: Papers

    @property
    def hands(self) -> Hands:
        return self.papers.hands

    async def of_ticket(self, who: LoggedIn, ticket: int) -> Sequence[Seen]:
        """The appeals about a case, as they were made. Raises NotFound."""
        async with connection(self.hands.pool) as taken:
            case = await tickets.load(taken, ticket)
            rows = await store.QUERIES.of_ticket.fetch(taken, ticket=ticket, limit=store.SHOWN)
            found = await orders.QUERIES.of_ticket.fetch(taken, ticket=ticket, limit=orders.SHOWN) if rows else []
        made = [orders.order_of(row) for row in found]
        return [Seen(one, row, possible(who, case, one, made)) for row in rows for one in (store.appeal_of(row),)]

    async def add(self, ticket: int, added: Added, *, key: str, by: LoggedIn) -> Appeal:
        """What the customer adds to a case, open or closed; the draft of the call that it came by is put aside with it.

        Raises NotAllowed (no case), Invalid (no words), Stale (the draft is another by now). A repeated ``key`` gives the first.
        """
        async with self.hands.on_ticket(ticket, Act.APPEAL_ADD, by) as (taken, case):
            if first := await store.of_key(taken, by.id, key, added.digest(ticket)):
                return first
            now = self.hands.clock.now()
            text, call = await self._taken_over(taken, case, added, by)
            if not text.strip():
                raise Invalid((WrongField("text", "required", "what the customer adds"),))
            await appealed(taken, case, (None, State.OPEN), text, at=now, by=by, table=self.hands.clocks)
            while_open = case.state is TicketState.OPEN
            made = await store.create(taken, ticket, text, call, while_open=while_open, by=by.id, at=now)
            await clocked.begin(taken, ticket, now)
            await _tell(taken, case, made, by=by, at=now)
            await store.take_key(taken, made, key, added, ticket, by=by.id, at=now)
            return await store.load(taken, made)

    async def answer(self, appeal: int, version: int, text: str, *, by: LoggedIn) -> Appeal:
        """The customer was answered. Raises Stale, Forbidden, NotAllowed."""
        async with self._hand_on(appeal, version, by) as (taken, case, before):
            return await self._settle(taken, case, before, Action.ANSWER, text, by=by)

    async def drop(self, appeal: int, version: int, reason: str, *, by: LoggedIn) -> Appeal:
        """It was no appeal to this case after all: what takes back that it was added."""
        async with self._hand_on(appeal, version, by) as (taken, case, before):
            return await self._settle(taken, case, before, Action.DROP, reason, by=by)

    async def chase(self, appeal: int, version: int, order: tuple[int, int], wording: Wording, *, by: LoggedIn) -> Appeal:
        """The department that has ``order`` (id, version) is asked for more, or for it sooner (SPEC N3)."""
        async with self.hands.on_order(*order, Act.ORDER_WRITE, by) as (taken, chased, case):
            before = await self._of(taken, appeal, version, case, by)
            await self.papers.chased(taken, chased, wording, by=by)
            return await self._settle(taken, case, before, Action.CHASE, wording.reason, by=by, order=chased)

    async def withdraw(self, appeal: int, version: int, order: tuple[int, int], reason: str, *, by: LoggedIn) -> Appeal:
        """The customer wants it stopped: the order is taken back (SPEC N3)."""
        async with self.hands.on_order(*order, Act.ORDER_WRITE, by) as (taken, withdrawn, case):
            before = await self._of(taken, appeal, version, case, by)
            await self.papers.withdrawn(taken, withdrawn, reason, by=by)
            return await self._settle(taken, case, before, Action.WITHDRAW, reason, by=by, order=withdrawn)

    async def _taken_over(self, taken: Connection, case: Ticket, added: Added, by: LoggedIn) -> tuple[str, str | None]:
        """Words and call, of the draft that it was begun as if there is one. Raises Forbidden for a call that is not theirs."""
        if added.draft is None:
            if added.call and not await store.QUERIES.call_there.fetchval(taken, call=added.call):
                raise NotFound("there is no such call")
            if added.call and not await calls.may(taken, by, Act.CALL_SEE, added.call):
                raise Forbidden("the call is not yours")
            return added.text, added.call
        at = self.hands.clock.now()
        note = case.number or ""
        draft = await put_aside(taken, added.draft.id, added.draft.version, note, at=at, by=by, table=self.hands.clocks)
        return added.text if added.text.strip() else draft.description, draft.call_id

    @contextlib.asynccontextmanager
    async def _hand_on(self, appeal: int, version: int, by: LoggedIn) -> AsyncIterator[tuple[Connection, Ticket, Appeal]]:
        """One transaction with the appeal and its case, which nobody else changes meanwhile."""
        async with transaction(self.hands.pool) as taken:
            case = await tickets.lock(taken, await store.ticket_of(taken, appeal))
            yield taken, case, await self._of(taken, appeal, version, case, by)

    @staticmethod
    async def _of(taken: Connection, appeal: int, version: int, case: Ticket, by: LoggedIn) -> Appeal:
        if await store.ticket_of(taken, appeal) != case.id:
            raise NotFound("there is no such appeal about this case")
        found = await store.load(taken, appeal)
        if not may(by, case, found):
            raise Forbidden("the appeal is another agent's")
        if found.version != version:
            raise Stale("somebody else changed the appeal in the meantime")
        return found

    async def _settle(
        self,
        taken: Connection,
        case: Ticket,
        before: Appeal,
        action: Action,
        said: str,
        *,
        by: LoggedIn,
        order: Order | None = None,
    ) -> Appeal:
        """Its end, with the journal of the case, which it is a part of. ``said``: the answer, or the reason."""
        now = self.hands.clock.now()
        paper = await store.QUERIES.newest_paper.fetchval(taken, order=order.id) if order else None
        after = settled(before, action, by=by.id, at=now, answer=said, paper=paper)
        await store.save(taken, after, before=before)
        present = await tickets.load(taken, case.id)  # a withdrawal has its own row in it meanwhile
        await appealed(taken, present, (before.state, after.state), said, at=now, by=by, table=self.hands.clocks)
        how: Settled = "stopped" if action is Action.DROP else "met"
        await clocked.settle(taken, case.id, how, now)
        return after


async def _tell(taken: Connection, case: Ticket, appeal: int, *, by: LoggedIn, at: datetime) -> None:
    """Whoever has the case hears of it, also of a closed one; of a case in a tray the people of its level."""
    holders = await who_takes(taken, case.level) if case.owner_id is None else [case.owner_id]
    notice = Notice(code=Code.APPEAL_ADDED, cause=f"appeal:{appeal}", ticket=case.id, at=at, by=by.id)
    await inbox.tell(taken, notice, holders)
