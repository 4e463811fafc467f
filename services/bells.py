"""Rings and listens by NOTIFY, on all channels there are: a ring is a wake-up that says "look again", never what to find.

Whoever changes something rings in the same transaction. A ring can be lost (the connection was away) and can come twice. So
whoever listens looks at the database itself, and after every (re)connection each listener is rung once with ``None``: something
may have been missed.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import structlog

from services.errors import DatabaseAway
from services.store import db
from services.store.db import FIRST_WAIT_S, LONGEST_WAIT_S, SHUT, Connection, DatabaseRefused, OwnConnection
from services.store.queries import load_queries

QUERIES = load_queries(Path(__file__).parent / "bells.sql")


class Channel(StrEnum):
    """Every channel there is, and what is said on it."""

    PHONES_CHANGED = "phones_changed"  # a person's id: who has which phone is no longer what it was
    SESSION_ENDED = "session_ended"  # a person's id: some or all of their sessions are over
    THING_CHANGED = "thing_changed"  # a Change: whoever shows the thing reads it again


class Kind(StrEnum):
    """Things whose change is told to the browsers that may show them."""

    TICKET = "ticket"
    CALL = "call"
    ORDER = "order"
    NOTICE = "notice"  # a person's inbox, by the person's id
    CUSTOMER = "customer"
    AUDIT = "audit"  # a row has been added: any of them


ANY = "-"  # in a payload, for any thing of a kind; nothing has it as its id


@dataclass(frozen=True, slots=True)
class Change:
    """A thing is no longer what it was. The higher ``version`` is the newer. ``id`` None: any of the kind may have changed.

    ``ticket`` is the case that an order belongs to: a page about one case need not read its orders at every order's change.
    """

    kind: Kind
    id: str | None = None
    version: int = 0
    ticket: int | None = None

    @classmethod
    def of_call(cls, call: str, at: datetime) -> Change:
        """A call's row has no version of its own: what was heard last is the newest."""
        return cls(Kind.CALL, call, int(at.timestamp() * 1000))

    @classmethod
    def of_customer(cls, customer: int, at: datetime) -> Change:
        """Nor has a customer's: what was changed last is the newest."""
        return cls(Kind.CUSTOMER, str(customer), int(at.timestamp() * 1000))

    @property
    def payload(self) -> str:
        words = f"{self.kind} {ANY if self.id is None else self.id} {self.version}"
        return words if self.ticket is None else f"{words} {self.ticket}"

    @classmethod
    def read(cls, payload: str) -> Change | None:
        """None for what is no payload of ours, or one of another version of this program."""
        try:
            name, thing, version, *of = payload.split(" ", 3)
            if of and Kind(name) is not Kind.ORDER:
                return None
            return cls(Kind(name), None if thing == ANY else thing, int(version), int(of[0]) if of else None)
        except ValueError:
            return None


async def ring(connection: Connection, channel: Channel, *payloads: str) -> None:
    """Heard once the transaction of ``connection`` is committed."""
    await QUERIES.ring.execute(connection, channel=str(channel), payloads=list(payloads))


async def tell_changed(connection: Connection, *changes: Change) -> None:
    """These things are no longer what they were, once the transaction is committed."""
    await ring(connection, Channel.THING_CHANGED, *(change.payload for change in changes))


log = structlog.get_logger(__name__)

Rung = Callable[[str | None], Awaitable[None]]
"""Called with the payload, or with None when something may have been missed."""

ALIVE_S = 15.0  # a connection that died in silence is noticed by this
BACKLOG = 10_000  # rings not yet passed on; beyond it they are dropped and every listener is told to look again


class Bell:
    """Register listeners with ``on``, then let a TaskGroup own ``run``."""

    def __init__(self, url: str, password: str | None = None) -> None:
        self._url = url
        self._password = password
        self._listeners: dict[Channel, list[Rung]] = {}
        self.listening = asyncio.Event()

    def on(self, channel: Channel, rung: Rung) -> None:
        """Before ``run``. Listeners of one bell are called one after the other: they must be quick, and must not raise."""
        self._listeners.setdefault(channel, []).append(rung)

    async def run(self) -> None:
        """Listen for ever, across losses of the connection."""
        wait = FIRST_WAIT_S
        while True:
            try:
                connection = await db.connect(self._url, password=self._password)
            except (DatabaseAway, DatabaseRefused):  # it had let us in when we started, and may do so again
                await asyncio.sleep(wait)
                wait = min(LONGEST_WAIT_S, wait * 2)
                continue
            wait = FIRST_WAIT_S
            try:
                await self._listen(connection)
            except SHUT as error:
                log.warning("bell.lost", error=type(error).__name__)
            finally:
                self.listening.clear()
                connection.terminate()

    async def _listen(self, connection: OwnConnection) -> None:
        rings: asyncio.Queue[tuple[Channel, str | None] | None] = asyncio.Queue(BACKLOG)

        def heard(_: object, __: int, channel: str, payload: object) -> None:
            with contextlib.suppress(asyncio.QueueFull):  # _pass_on sees the full queue and has everybody look again
                rings.put_nowait((Channel(channel), str(payload)))

        def lost(_: object) -> None:
            while rings.full():
                rings.get_nowait()
            rings.put_nowait(None)

        connection.add_termination_listener(lost)
        for channel in self._listeners:
            await connection.add_listener(channel, heard)
        self.listening.set()
        await self._everybody_looks()
        while await self._pass_on(connection, rings):
            pass

    async def _pass_on(self, connection: OwnConnection, rings: asyncio.Queue[tuple[Channel, str | None] | None]) -> bool:
        """One ring, or a sign of life of a quiet connection; False when the connection is gone."""
        overflowed = rings.full()
        try:
            async with asyncio.timeout(ALIVE_S):
                ring = await rings.get()
        except TimeoutError:
            await connection.execute("select 1", timeout=ALIVE_S)
            return True
        if ring is None:
            return False
        await self._ring(*ring)
        if overflowed:
            await self._everybody_looks()
        return True

    async def _everybody_looks(self) -> None:
        for channel in self._listeners:
            await self._ring(channel, None)

    async def _ring(self, channel: Channel, payload: str | None) -> None:
        for rung in self._listeners[channel]:
            await rung(payload)
