"""Looks up what we remember of a caller: customer, open tickets, last calls. For the pop it answers within a fixed time or not
at all.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg
import structlog

from cti.ids import CallId
from services.customers.wire import KnownCustomer
from services.errors import WorldFailed
from services.pops import store
from services.pops.wire import CallBrief, TicketBrief
from services.store.db import Pool, connection

LIMIT_S = 0.9  # from the ring: the card is enriched within the same second, or says that the history is not to be had
RECEIVE_S = 0.4  # the IVR itself waits 0.5 s (ivr.settings); what the cache has must come before it gives up
CACHED = 4_096  # callers whose customer row is kept for the first card and for days without a database

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Known:
    """``history`` False: only what the cache had."""

    history: bool
    customer: KnownCustomer | None = None
    open_tickets: tuple[TicketBrief, ...] = ()
    last_calls: tuple[CallBrief, ...] = ()


class Memory:
    """Looks callers up; remembers their customer rows."""

    def __init__(self, pool: Pool, *, limit_s: float = LIMIT_S) -> None:
        self._pool = pool
        self._limit_s = limit_s
        self._customers: OrderedDict[str, KnownCustomer | None] = OrderedDict()

    def cached(self, number: str) -> KnownCustomer | None:
        """The customer as last seen; never waits."""
        return self._customers.get(number)

    async def known(self, number: str, *, call: CallId, waited: float = 0.0) -> Known:
        """Everything the card shows; ``history`` False while the database is away or LIMIT_S after the ring.

        ``waited``: seconds that have gone by since the ring.
        """
        if not number:
            return Known(history=True)
        if waited >= self._limit_s:
            return Known(history=False, customer=self.cached(number))
        try:
            async with asyncio.timeout(self._limit_s - waited):
                return await self._look_up(number, call)
        except (WorldFailed, TimeoutError, asyncpg.PostgresError, ValueError) as wrong:
            self._say_odd(wrong)
            return Known(history=False, customer=self.cached(number))

    async def customer(self, number: str) -> KnownCustomer | None:
        """The customer alone, for the IVR: as last seen while the database is away or after RECEIVE_S."""
        if not number:
            return None
        try:
            async with asyncio.timeout(RECEIVE_S), connection(self._pool) as taken:
                return self._keep(number, await store.known_customer(taken, number))
        except (WorldFailed, TimeoutError, asyncpg.PostgresError, ValueError) as wrong:
            self._say_odd(wrong)
            return self.cached(number)

    def _say_odd(self, wrong: Exception) -> None:
        """A row that is none of ours (a tier of a newer version), a query that is refused: no card waits for the repair."""
        if not isinstance(wrong, WorldFailed | TimeoutError):
            log.error("pops.history_unreadable", error=type(wrong).__name__)

    async def _look_up(self, number: str, call: CallId) -> Known:
        async with connection(self._pool) as taken:
            row = await store.remember(taken, number, but=call)
        customer = self._keep(number, row["customer"])
        return Known(
            True,
            customer,
            tuple(TicketBrief(**ticket) for ticket in row["tickets"]),
            tuple(CallBrief(**each) for each in row["calls"]),
        )

    def _keep(self, number: str, row: Mapping[str, Any] | asyncpg.Record | None) -> KnownCustomer | None:
        customer = KnownCustomer(**row) if row else None
        self._customers.pop(number, None)
        self._customers[number] = customer
        if len(self._customers) > CACHED:
            self._customers.popitem(last=False)
        return customer
