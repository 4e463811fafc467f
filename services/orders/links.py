"""Tells departments of their orders by e-mail, each mail with a link that opens the one order, without an account.

A link is a random token; the database has its SHA-256 alone, so the token is made when the mail is sent, and anew if it is sent
again. All links to an order are good while the department has it, and for some days at most: an answer that takes it out of the
department's hands, or a withdrawal, ends them in the same transaction (``Mailing.moved``), and so does another address of the
department (``Mailing.readdressed``). Who comes by one is known by ``access.links``.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from services.access.sessions import hash_of
from services.mail import store as mail
from services.mail.model import Letter
from services.now import Clock
from services.orders import letters
from services.orders.letters import About
from services.orders.model import Order, State
from services.orders.workflow import WITH_THE_DEPARTMENT, Action
from services.store.db import Connection, Row
from services.store.queries import load_queries

QUERIES = load_queries(Path(__file__).parent / "links.sql")

MAILED = frozenset({Action.ISSUE, Action.CHASE, Action.EXTEND, Action.UPHOLD, Action.REDO, Action.WITHDRAW})
"""What the centre does that a department is to hear of wherever it is; reminders, and a request that is denied, besides."""

PATH = "/answer"
"""The desk's page for who comes by a link. The token stands behind ``#``, which no browser sends and no server notes."""


@dataclass(frozen=True, slots=True)
class Mailing:
    """What of an order's steps is mailed, in their transactions. ``leaves``: whether mail leaves here at all."""

    leaves: bool = False

    async def moved(self, connection: Connection, before: Order, after: Order, action: Action, at: datetime) -> None:
        """The order has taken this step."""
        if after.state not in WITH_THE_DEPARTMENT:
            await QUERIES.over.execute(connection, order=after.id, at=at)
            await mail.drop(connection, after.id)
        if action in MAILED:
            await self.told(connection, after, str(action), at)

    async def told(self, connection: Connection, order: Order, kind: str, at: datetime) -> None:
        """The department is to hear of this version of its order: once, however often it is said."""
        if self.leaves:
            await mail.post(connection, cause=f"order:{order.id}:{order.version}", kind=kind, order=order.id, at=at)

    async def denied(self, connection: Connection, order: Order, extension: int, at: datetime) -> None:
        """The department does not get the time that it asked for; the order stands as it did."""
        if self.leaves and order.state in WITH_THE_DEPARTMENT:
            cause = f"extension:{extension}:decided"
            await mail.post(connection, cause=cause, kind=letters.DENIED, order=order.id, at=at)

    async def readdressed(self, connection: Connection, departments: Sequence[int], cause: str, at: datetime) -> None:
        """These departments are written to elsewhere from now on, or nowhere: whoever has the mail there was opens nothing any
        more, and what a department has to do it hears at the new address.
        """
        orders = [row["id"] for row in await QUERIES.hold.fetch(connection, departments=departments)]
        await QUERIES.over_for.execute(connection, departments=departments, at=at)
        await mail.drop_failed(connection, orders)
        if self.leaves:
            await mail.post_each(connection, orders, cause=cause, kind=letters.MOVED, at=at)


NO_MAIL = Mailing()


@dataclass(frozen=True, slots=True)
class LinkPlan:
    """``address``: what browsers type for the desk. ``days``: how long a link is good at most."""

    address: str
    centre: str
    days: int
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Letters:
    """Writes what is mailed about orders, each with a link of its own while the order is its department's."""

    plan: LinkPlan
    clock: Clock

    async def write(self, connection: Connection, number: int) -> Letter | None:
        """What this mail says; None if that is not so any more, or the department has no address by now."""
        row = await mail.QUERIES.of.fetchrow(connection, mail=number)
        assert row is not None
        await QUERIES.hold_still.execute(connection, order=row["order_id"])
        order = await QUERIES.about.fetchrow(connection, order=row["order_id"])
        assert order is not None
        if not order["email"] or row["kind"] not in letters.WANTED:
            return None
        if State(order["state"]) not in ({State.WITHDRAWN} if row["kind"] == letters.WITHDRAWN else WITH_THE_DEPARTMENT):
            return None
        about = About(kind=row["kind"], **{name: order[name] for name in ("number", "urgent", "due_at", "zh", "en")})
        return Letter(
            id=number,
            made_at=row["made_at"],
            to=order["email"],
            subject=letters.subject(about, self.plan.centre),
            text=await self._text(connection, order, about, number),
        )

    async def lost(self, connection: Connection, number: int) -> None:
        """No server took what was written last for this mail: its link is nobody's. A server may be away for days of tries."""
        await QUERIES.lost.execute(connection, mail=number)

    async def _text(self, connection: Connection, order: Row, about: About, number: int) -> str:
        if about.kind == letters.WITHDRAWN:
            return letters.ended(about, self.plan.centre)
        token, ends_at = await self._link(connection, order, number)
        url = f"{self.plan.address}{PATH}#{token}"
        return letters.text(about, self.plan.centre, url, ends_at=ends_at, zone=self.plan.zone)

    async def _link(self, connection: Connection, order: Row, number: int) -> tuple[str, datetime]:
        now = self.clock.now()
        token, ends_at = secrets.token_urlsafe(32), now + timedelta(days=self.plan.days)
        person = await QUERIES.account.fetchval(connection, department=order["department_id"], at=now)
        await QUERIES.add.execute(
            connection, hash=hash_of(token), order=order["id"], mail=number, person=person, at=now, ends_at=ends_at
        )
        return token, ends_at
