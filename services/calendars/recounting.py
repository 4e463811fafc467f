"""Counts clocks anew that were counted by an older edition of the calendars: from what began them, by the rule in force now.

Which they are is asked of the database, so a restart goes on where it was. Each is counted in a transaction of its own, which
locks its ticket first, as every step does. What has fired stays fired: a clock that is over is over, nobody is warned twice, and
of an order's ladder only what was not sent yet gets another time. What moved is on record (``deadline_move``). One that cannot be
counted keeps its end, stands among the troubles and is tried again later; it keeps none behind it.

At a start the orders that left before there were ladders get what is still ahead of theirs.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from services.bells import Change, Kind, tell_changed
from services.calendars import store
from services.calendars.actions import Calendars
from services.clocks import store as deadlines
from services.clocks.model import Deadline, Start, recounted, started
from services.errors import WorldFailed
from services.orders import clocked, reminders
from services.orders import store as orders
from services.store.db import Connection, connection, transaction
from services.store.jobs import for_ever
from services.tickets import store as tickets
from services.troubles import Troubles, reason_of

LOOK_S = 1.0
BATCH = 50
AGAIN_S = 600.0  # until a clock that could not be counted is tried again

log = structlog.get_logger(__name__)


class Recounting:
    """``run`` counts what is to be counted for ever, ``next`` a batch of it; a new year is noticed by either."""

    def __init__(self, calendars: Calendars, *, troubles: Troubles) -> None:
        self._calendars = calendars
        self._troubles = troubles
        self._year: int | None = None
        self._planned: int | None = 0
        """Orders up to this one have their ladder; None: all have."""
        self._failed: dict[int, float] = {}
        """Clocks that could not be counted, each with when that was, by the monotonic clock."""
        self._untold: set[Kind] = set()
        """What has moved since browsers were told the last time."""

    async def run(self) -> None:
        """For ever; owned by the composition root."""
        await for_ever(self.next, LOOK_S, part="calendars", troubles=self._troubles)

    async def next(self) -> bool:
        """The next batch; False if every clock that runs is counted by the edition in force."""
        here = self._calendars
        async with connection(here.pool) as taken:
            newest, counted_by = await store.number(taken), await deadlines.newest_edition(taken)
        year = here.clock.now().astimezone(here.base.zone).year
        if newest != here.current.edition or counted_by > newest or self._year != year:
            self._year = await here.settle()
        if self._planned is not None:
            self._planned = await self._plan(self._planned)
        edition = here.current.edition
        async with connection(here.pool) as taken:
            rows = await deadlines.of_older_editions(taken, edition, BATCH, but=self._set_aside())
        moved = sum([await self._counted(row["id"], row["ticket_id"], row["order_id"]) for row in rows])
        await self._tell()
        if moved:
            log.info("calendars.moved", edition=edition, deadlines=moved)
        return bool(rows) or self._planned is not None

    async def _plan(self, behind: int) -> int | None:
        """A batch of orders without a ladder gets it; the last of them, None if there was none."""
        here = self._calendars
        async with connection(here.pool) as taken:
            batch = await reminders.unplanned(taken, behind, BATCH)
        for number in batch:
            try:
                async with transaction(here.pool) as taken:
                    await tickets.lock(taken, await orders.ticket_of(taken, number))
                    order, calendar = await orders.load(taken, number), here.current[clocked.ORDER].calendar
                    await clocked.plan_ladder(taken, order, here.clock.now(), calendar=calendar, ladder=here.base.ladder)
            except WorldFailed:
                raise
            except Exception as wrong:  # noqa: BLE001  one order without a ladder keeps no other from its own
                log.warning("calendars.no_ladder", about=f"order:{number}", error=reason_of(wrong))
                self._troubles.note("calendars", wrong)
        return batch[-1] if batch else None

    async def _counted(self, number: int, ticket: int, order: int | None) -> bool:
        """One clock, in a transaction of its own; whatever is wrong with it is its own, too. Returns whether it moved."""
        try:
            async with transaction(self._calendars.pool) as taken:
                moved = await self._one(taken, number, ticket, order)
        except WorldFailed:
            raise
        except Exception as wrong:  # noqa: BLE001  one clock that cannot be counted, for whatever reason, keeps no other
            log.warning("calendars.not_counted", about=f"deadline:{number}", error=reason_of(wrong))
            self._troubles.note("calendars", wrong)
            self._failed[number] = self._calendars.clock.monotonic()
            return False
        if moved:
            self._untold |= {Kind.TICKET} if order is None else {Kind.TICKET, Kind.ORDER}
        return moved

    def _set_aside(self) -> Sequence[int]:
        now = self._calendars.clock.monotonic()
        self._failed = {number: at for number, at in self._failed.items() if now - at < AGAIN_S}
        return list(self._failed)

    async def _tell(self) -> None:
        """Once for all that moved: each open page reads itself anew whenever it is told."""
        if self._untold:
            async with transaction(self._calendars.pool) as taken:
                await tell_changed(taken, *(Change(kind) for kind in sorted(self._untold)))
            self._untold.clear()

    async def _one(self, taken: Connection, number: int, ticket: int, order: int | None) -> bool:
        """Returns whether the clock has another end."""
        await tickets.lock(taken, ticket)
        held = await orders.load(taken, order) if order is not None else None
        _, before = await deadlines.load(taken, number)
        now, table = self._calendars.clock.now(), self._calendars.current
        edition = table.edition
        if held is not None:
            calendar, ladder = table[clocked.ORDER].calendar, self._calendars.base.ladder
            return await clocked.recount(taken, number, before, held, now, calendar=calendar, ladder=ladder)
        return await deadlines.recount(taken, number, before, self._anew(before), edition=edition, now=now)

    def _anew(self, before: Deadline) -> Deadline:
        """The clock of a ticket; one that the table does not have (an appeal's, a norm that is switched off) as it is."""
        table = self._calendars.current
        if before.rule not in table or table[before.rule].within is None:
            return before
        again = started(before.rule, Start(before.starts_at, before.because), table)
        return recounted(before, again.ends_at, again.warns_at, self._calendars.clock.now())
