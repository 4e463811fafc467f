"""Reminds departments of their deadlines: by the centre's ladder (SPEC V3, O7), and by hand (催单).

Each step of the ladder is a row from when the deadline is set, and is sent when its time has come, once: what is due is asked
of the database, never kept in timers. After a day of being down the highest step that is due is sent, and those below it are
overtaken. A deadline that moves has a ladder of its own, and the old one stops; so it does while the order is not with its
department.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.access.actor import LoggedIn
from services.access.policy import Act
from services.access.rights import Right
from services.clocks.ladder import Rung
from services.errors import WorldFailed
from services.inbox import store as inbox
from services.inbox.model import Code, Notice
from services.now import Clock
from services.orders import reminders, store
from services.orders.hands import Hands
from services.orders.links import NO_MAIL, Mailing
from services.orders.model import Order
from services.orders.reminders import QUERIES
from services.orders.store import Entry
from services.orders.workflow import WITH_THE_DEPARTMENT, Action, advance
from services.store.db import Connection, Pool, transaction
from services.store.jobs import Job, Line, Patience, Runner, Verdict, for_ever
from services.tickets import store as tickets
from services.troubles import Troubles

URGE = "urge"

CODES: Mapping[str, Code] = {
    Rung.WARNING: Code.REMINDER_WARNING,
    Rung.REMINDER: Code.REMINDER_REMINDER,
    Rung.NOTICE: Code.REMINDER_NOTICE,
    Rung.CRITICISM: Code.REMINDER_CRITICISM,
    URGE: Code.REMINDER_URGE,
}

LINE = Line("order_reminder", claimed="looking", thing="'order:' || order_id")
LOOK_S = 1.0
LEASE = timedelta(minutes=1)  # a look takes milliseconds: who had the row is dead, or the database was away


class Reminders:
    """``run`` sends what is due for ever, ``next`` one step."""

    def __init__(self, pool: Pool, clock: Clock, *, troubles: Troubles, mailing: Mailing = NO_MAIL) -> None:
        self._mailing = mailing
        self._pool = pool
        self._clock = clock
        self._troubles = troubles
        self._runner = Runner(pool, clock, LINE, self, Patience(lease=LEASE, tries=None, unended=None))

    async def run(self) -> None:
        """For ever; owned by the composition root."""
        await for_ever(self.next, LOOK_S, part="reminders", troubles=self._troubles)

    async def next(self) -> bool:
        """The next step that is due; False if none is."""
        return await self._runner.next()

    async def do(self, job: Job) -> Verdict:
        """Sends the highest step of the order that is due. What it does not know the System page shows: it is tried for ever."""
        try:
            async with transaction(self._pool) as taken:
                await self._send(taken, job.id)
        except WorldFailed:
            raise
        except Exception as wrong:
            self._troubles.note("reminders", wrong)
            raise
        return None

    async def give_up(self, job: Job, reason: str) -> None:
        """Not asked for: a reminder that is never sent would tell nobody."""
        raise AssertionError(reason)

    async def _send(self, taken: Connection, reminder: int) -> None:
        number: int = await QUERIES.order_of.fetchval(taken, reminder=reminder)
        await tickets.lock(taken, await store.ticket_of(taken, number))
        order = await store.load(taken, number)
        now = self._clock.now()
        if order.state not in WITH_THE_DEPARTMENT:
            await reminders.stop(taken, order.id)
            return
        due = await QUERIES.due.fetch(taken, order=order.id, ends_at=order.due_at, now=now)
        await QUERIES.stop_older.execute(taken, order=order.id, ends_at=order.due_at)
        if due:
            await QUERIES.overtake.execute(taken, reminders=[row["id"] for row in due[:-1]])
            await QUERIES.send.execute(taken, reminder=due[-1]["id"], at=now)
            sent = await _sent(taken, order, due[-1]["step"], due[-1]["id"], by=None, at=now)
            await self._mailing.told(taken, sent, due[-1]["step"], now)


@dataclass(frozen=True, slots=True)
class Urging:
    """Reminds by hand."""

    hands: Hands

    async def remind(self, order: int, version: int, note: str, *, by: LoggedIn) -> Order:
        """Whoever follows the case up nudges the department (催单, SPEC V3). Pressed twice it is one: the version is another."""
        async with self.hands.on_order(order, version, Act.ORDER_REMIND, by, exact=True) as (connection, before, _):
            now = self.hands.clock.now()
            advance(before, Action.REMIND)
            reminder: int = await QUERIES.urge.fetchval(
                connection, order=order, ends_at=before.due_at, at=now, person=by.id, note=note
            )
            sent = await _sent(connection, before, URGE, reminder, by=by.id, at=now, note=note)
            await self.hands.mailing.told(connection, sent, URGE, now)
            return sent


async def _sent(
    connection: Connection, before: Order, step: str, reminder: int, *, by: int | None, at: datetime, note: str = ""
) -> Order:
    """The order's journal has it, and whom it concerns is told."""
    after = advance(before, Action.REMIND)
    entry = Entry(str(Action.REMIND), by, at, note, {"reminder": [None, step]})
    await store.move(connection, after, before=before, entry=entry)
    details = {"until": before.due_at.isoformat() if before.due_at else "", "reason": note}
    notice = Notice(
        code=CODES[step],
        cause=f"reminder:{reminder}",
        ticket=after.ticket_id,
        order=after.id,
        by=by,
        at=at,
        details={name: value for name, value in details.items() if value},
    )
    await inbox.tell(connection, notice, await _people(connection, after, step))
    return after


async def _people(connection: Connection, order: Order, step: str) -> list[int]:
    """The department; the centre's own from the deadline on; the manager too once it is criticism."""
    people = await inbox.officers(connection, order.department_id)
    if step not in {Rung.WARNING, URGE}:
        people += await inbox.concerned(connection, order.id)
    if step == Rung.CRITICISM:
        people += await inbox.people_with(connection, Right.ORDERS_ARBITRATE)
    return people
