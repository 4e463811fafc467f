"""Counts clocks anew that were counted by an older edition of the calendars: from what began them, by the rule in force now.

Which they are is asked of the database, so a restart goes on where it was. Each is counted in a transaction of its own, which
locks its ticket first, as every step does. What has fired stays fired: a clock that is over is over, nobody is warned twice, and
of an order's ladder only what was not sent yet gets another time. What moved is on record (``deadline_move``).
"""

from __future__ import annotations

import structlog

from services.bells import Change, Kind, tell_changed
from services.calendars import store
from services.calendars.actions import Calendars
from services.clocks import store as deadlines
from services.clocks.model import Deadline, Start, recounted, started
from services.orders import clocked
from services.orders import store as orders
from services.store.db import Connection, connection, transaction
from services.store.jobs import for_ever
from services.tickets import store as tickets
from services.troubles import Troubles

LOOK_S = 1.0
BATCH = 50

log = structlog.get_logger(__name__)


class Recounting:
    """``run`` counts what is to be counted for ever, ``next`` a batch of it; a new year is noticed by either."""

    def __init__(self, calendars: Calendars, *, troubles: Troubles) -> None:
        self._calendars = calendars
        self._troubles = troubles
        self._year: int | None = None

    async def run(self) -> None:
        """For ever; owned by the composition root."""
        await for_ever(self.next, LOOK_S, part="calendars", troubles=self._troubles)

    async def next(self) -> bool:
        """The next batch; False if every clock that runs is counted by the edition in force."""
        here = self._calendars
        async with connection(here.pool) as taken:
            newest = await store.number(taken)
        if newest != here.current.edition or self._year != here.clock.now().astimezone(here.base.zone).year:
            self._year = await here.settle()
        edition = here.current.edition
        async with connection(here.pool) as taken:
            rows = await deadlines.of_older_editions(taken, edition, BATCH)
        moved = 0
        for row in rows:
            async with transaction(here.pool) as taken:
                moved += await self._one(taken, row["id"], row["ticket_id"], row["order_id"])
        if moved:
            log.info("calendars.moved", edition=edition, deadlines=moved)
        return bool(rows)

    async def _one(self, taken: Connection, number: int, ticket: int, order: int | None) -> bool:
        """Returns whether the clock has another end."""
        await tickets.lock(taken, ticket)
        held = await orders.load(taken, order) if order is not None else None
        _, before = await deadlines.load(taken, number)
        now, table = self._calendars.clock.now(), self._calendars.current
        edition = table.edition
        if held is not None:
            calendar, ladder = table[clocked.ORDER].calendar, self._calendars.base.ladder
            moved = await clocked.recount(taken, number, before, held, now, calendar=calendar, ladder=ladder)
        else:
            moved = await deadlines.recount(taken, number, before, self._anew(before), edition=edition, now=now)
        if moved:
            await tell_changed(taken, Change(Kind.TICKET), *([Change(Kind.ORDER)] if held else []))
        return moved

    def _anew(self, before: Deadline) -> Deadline:
        """The clock of a ticket; one that the table does not have (an appeal's, a norm that is switched off) as it is."""
        table = self._calendars.current
        if before.rule not in table or table[before.rule].within is None:
            return before
        again = started(before.rule, Start(before.starts_at, before.because), table)
        return recounted(before, again.ends_at, again.warns_at, self._calendars.clock.now())
