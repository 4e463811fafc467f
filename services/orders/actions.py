"""Performs what a department does with its orders, and what the centre says to that (SPEC O7, O8). Each is one transaction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from services.access.actor import LoggedIn
from services.access.policy import Act
from services.errors import Conflict, Forbidden, Invalid, NotAllowed, WrongField
from services.orders import clocked, store, telling
from services.orders.hands import Hands
from services.orders.model import Extension, Order
from services.orders.papers import check_arbiter, check_until
from services.orders.store import QUERIES
from services.orders.workflow import Action, advance, refused, upheld
from services.store.db import Connection


class Late(NotAllowed):
    """An extension is asked for before the deadline."""

    code = "extension_late"


class Overtaken(NotAllowed):
    """The deadline is later by now than what was asked for."""

    code = "extension_overtaken"


@dataclass(frozen=True, slots=True)
class Orders:
    """The use-cases. ``refusals``: how often a department may send an order back before the final arbiter decides."""

    hands: Hands
    refusals: int

    async def accept(self, order: int, version: int, *, by: LoggedIn) -> Order:
        """The department says that it is at work. Its clock has been running since the order left (SPEC O8)."""
        async with self.hands.on_order(order, version, Act.ORDER_ANSWER, by) as (connection, before, _):
            after = replace(advance(before, Action.ACCEPT), accepted_at=self.hands.clock.now())
            return await self.hands.move(connection, after, before, Action.ACCEPT, by)

    async def refuse(self, order: int, version: int, reason: str, *, by: LoggedIn) -> Order:
        """The department says that the order is not its own. Raises Binding after the final arbiter said that it is."""
        async with self.hands.on_order(order, version, Act.ORDER_ANSWER, by) as (connection, before, _):
            return await self.hands.move(connection, refused(before), before, Action.REFUSE, by, reason)

    async def uphold(self, order: int, version: int, reason: str, *, by: LoggedIn) -> Order:
        """It is the department's after all; for good, once it is the final arbiter's to say (终审, SPEC O8)."""
        async with self.hands.on_order(order, version, Act.ORDER_DECIDE, by) as (connection, before, _):
            check_arbiter(before, by, self.refusals)
            return await self.hands.move(connection, upheld(before, self.refusals), before, Action.UPHOLD, by, reason)

    async def return_(self, order: int, version: int, answer: str, *, by: LoggedIn) -> Order:
        """The department's answer (回单)."""
        async with self.hands.on_order(order, version, Act.ORDER_ANSWER, by) as (connection, before, _):
            now = self.hands.clock.now()
            after = replace(advance(before, Action.RETURN), answer=answer, returned_at=now)
            return await self.hands.move(connection, after, before, Action.RETURN, by)

    async def settle(self, order: int, version: int, note: str, *, by: LoggedIn) -> Order:
        """The centre is content with what came back."""
        async with self.hands.on_order(order, version, Act.ORDER_WRITE, by) as (connection, before, _):
            after = replace(advance(before, Action.SETTLE), ended_at=self.hands.clock.now())
            return await self.hands.move(connection, after, before, Action.SETTLE, by, note)

    async def redo(self, order: int, version: int, hours: int, reason: str, *, by: LoggedIn) -> Order:
        """What came back does not do: the department has it again, for ``hours``. A reviewer's alone, like every deadline."""
        async with self.hands.on_order(order, version, Act.ORDER_DECIDE, by) as (connection, before, _):
            now = self.hands.clock.now()
            after = clocked.given(advance(before, Action.REDO), hours, self.hands.calendar, now)
            if (asked := await store.open_extension(connection, before)) and asked.asked_by != by.id:
                await QUERIES.decide_extension.fetchval(  # the new deadline is the answer to what was asked about the old one
                    connection, extension=asked.id, person=by.id, at=now, granted=False, note=""
                )
            return await self.hands.move(connection, after, before, Action.REDO, by, reason)

    async def ask_extension(self, order: int, version: int, until: datetime, reason: str, *, by: LoggedIn) -> Order:
        """More time, asked for before the deadline (SPEC O7). Raises Late, and Conflict while another request is open."""
        async with self.hands.on_order(order, version, Act.ORDER_ANSWER, by) as (connection, before, _):
            advance(before, Action.EXTEND)
            now = self.hands.clock.now()
            assert before.due_at is not None
            if now >= before.due_at:
                raise Late
            if until <= before.due_at:
                raise Invalid((WrongField("until", "not_later", "a time after the present deadline"),))
            check_until(until, now, self.hands.calendar)
            if await store.open_extension(connection, before):
                raise Conflict("a request for more time is open")
            asked = Extension(id=0, order_id=order, asked_by=by.id, asked_at=now, until=until, reason=reason)
            await telling.asked(connection, before, await store.ask_extension(connection, asked))
            await store.rung(connection, before)
            return before

    async def decide_extension(self, order: int, version: int, note: str, *, granted: bool, by: LoggedIn) -> Order:
        """Another person's decision about the open request."""
        async with self.hands.on_order(order, version, Act.ORDER_DECIDE, by) as (connection, before, _):
            asked = await store.open_extension(connection, before)
            if asked is None:
                raise NotAllowed("no request for more time is open")
            if asked.asked_by == by.id:
                raise Forbidden("nobody grants their own request")
            now = self.hands.clock.now()
            await QUERIES.decide_extension.fetchval(
                connection, extension=asked.id, person=by.id, at=now, granted=granted, note=note
            )
            await telling.decided(connection, before, asked, note, granted=granted, by=by.id, at=now)
            if not granted:
                await self.hands.mailing.denied(connection, before, asked.id, now)
                await store.rung(connection, before)
                return before
            return await self._extend(connection, before, asked, note, by=by)

    async def _extend(self, connection: Connection, before: Order, asked: Extension, note: str, *, by: LoggedIn) -> Order:
        if before.due_at is None or asked.until <= max(before.due_at, self.hands.clock.now()):
            raise Overtaken
        after = clocked.until(advance(before, Action.EXTEND), asked.until)
        return await self.hands.move(connection, after, before, Action.EXTEND, by, note)
