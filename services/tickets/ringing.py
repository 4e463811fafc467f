"""Tells people that a case is theirs to take, or theirs no more (SPEC A2, A3, A4, A7, N6), in the transaction of the step.

A case in a tray rings for the people of that level and for nobody above it: whoever leads sees the tray and need not be told of
each. Once somebody has taken it, what rang for the others is read, for there is nothing left to take.
"""

from __future__ import annotations

from services.access.rights import Right
from services.inbox import store as inbox
from services.inbox.model import Code, Notice
from services.store.db import Connection
from services.tickets.levels import Level
from services.tickets.model import State, Ticket
from services.tickets.policy import TRAYS
from services.tickets.store import QUERIES, Entry

LEADS = {Level.JUNIOR: Right.TICKETS_LEAD, Level.SENIOR: Right.HOTLINE}
"""What whoever leads a level may do besides taking from its tray."""


async def ring(connection: Connection, before: Ticket, after: Ticket, entry: Entry) -> None:
    """After a step: whoever may take the case now, or had it until now. A closed case is opened by a decision: told as one."""
    if before.state is State.OPEN and after.state is not State.OPEN:
        await inbox.over(connection, after.id, Code.CASE_WAITS, entry.at)  # it was closed right from its tray
    if after.state is not State.OPEN or before.state is State.CLOSED:
        return
    if (before.level, before.owner_id) == (after.level, after.owner_id):
        return
    if entry.by is not None:
        # what the system does at once with a case that was just confirmed is no news to who confirmed it
        await inbox.tell(connection, _notice(Code.CASE_TAKEN, after, entry), await concerned(connection, before))
    await inbox.over(connection, after.id, Code.CASE_WAITS, entry.at)
    if after.owner_id is None:
        await inbox.tell(connection, _notice(Code.CASE_WAITS, after, entry), await who_takes(connection, after.level))


async def concerned(connection: Connection, case: Ticket) -> list[int | None]:
    """Who has it as it stands in ``case``, and who sent it to its level."""
    return [case.owner_id, await QUERIES.sent_by.fetchval(connection, ticket=case.id, version=case.version)]


async def who_takes(connection: Connection, level: Level) -> list[int]:
    """The people of the level; whoever may take from its tray where nobody of it works here."""
    return await inbox.people_with(connection, TRAYS[level], below=LEADS.get(level)) or await inbox.people_with(
        connection, TRAYS[level]
    )


def _notice(code: Code, case: Ticket, entry: Entry) -> Notice:
    details = {"level": str(case.level)} | ({"reason": entry.note} if entry.note else {})
    return Notice(code=code, cause=f"{code}:{case.id}:{case.version}", ticket=case.id, at=entry.at, by=entry.by, details=details)
