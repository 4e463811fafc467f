"""Tells people of clocks: who has the case is warned before its end; once it is over, whoever leads hears too.

An order's clock is told by its own ladder of reminders (``services.orders.reminding``).
"""

from __future__ import annotations

from datetime import datetime

from services.access.rights import Right
from services.clocks.model import Deadline
from services.clocks.store import Whose
from services.inbox import store as inbox
from services.inbox.model import Code, Notice
from services.store.db import Connection


class Alarms:
    """The effects of the sweeper. A notice for each warning and each breach, in the transaction that notes it."""

    async def warned(self, connection: Connection, whose: Whose, deadline: Deadline, now: datetime) -> None:
        """To whoever has the case; to whoever leads where nobody has it."""
        if whose.order is not None:
            return
        people = await inbox.holder(connection, whose.ticket) or await _leads(connection)
        await inbox.tell(connection, _notice(Code.CLOCK_WARNED, whose, deadline, now), people)

    async def breached(self, connection: Connection, whose: Whose, deadline: Deadline, now: datetime) -> None:
        """To whoever has the case, and to whoever leads."""
        if whose.order is not None:
            return
        people = [*await inbox.holder(connection, whose.ticket), *await _leads(connection)]
        await inbox.tell(connection, _notice(Code.CLOCK_BREACHED, whose, deadline, now), people)


async def _leads(connection: Connection) -> list[int]:
    return await inbox.people_with(connection, Right.TICKETS_LEAD)


def _notice(code: Code, whose: Whose, deadline: Deadline, now: datetime) -> Notice:
    details = {"rule": deadline.rule, "until": deadline.ends_at.isoformat()}
    return Notice(code=code, cause=f"{code}:{whose.id}", ticket=whose.ticket, at=now, details=details)
