"""Listens to PostgreSQL's NOTIFY as a wake-up: a ring says "look again", never what to find.

A ring can be lost (the connection was away) and can come twice. So whoever listens looks at the database itself, and after
every (re)connection each listener is rung once with ``None``: something may have been missed.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog

from services.errors import DatabaseAway
from services.store import db
from services.store.db import FIRST_WAIT_S, LONGEST_WAIT_S, SHUT, DatabaseRefused, OwnConnection

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
        self._listeners: dict[str, list[Rung]] = {}
        self.listening = asyncio.Event()

    def on(self, channel: str, rung: Rung) -> None:
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
        rings: asyncio.Queue[tuple[str, str | None] | None] = asyncio.Queue(BACKLOG)

        def heard(_: object, __: int, channel: str, payload: object) -> None:
            with contextlib.suppress(asyncio.QueueFull):  # _pass_on sees the full queue and has everybody look again
                rings.put_nowait((channel, str(payload)))

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

    async def _pass_on(self, connection: OwnConnection, rings: asyncio.Queue[tuple[str, str | None] | None]) -> bool:
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

    async def _ring(self, channel: str, payload: str | None) -> None:
        for rung in self._listeners[channel]:
            await rung(payload)
