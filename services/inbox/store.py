"""Keeps notices. ``tell`` is what other rooms use, in the transaction of what happened.

    notice = Notice(code=Code.ORDER_RETURNED, cause=f"order:{order.id}:{order.version}", ticket=order.ticket_id, order=order.id,
                    by=by.id, at=now)
    await inbox.tell(connection, notice, await inbox.concerned(connection, order.id))

Undone, nobody was told; done, the bells of these people ring by themselves. Whom to tell: ``officers`` of a department,
``people_with`` a right, ``concerned`` with an order, or ids.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from pathlib import Path

from services.access.rights import RIGHTS, Right
from services.bells import Change, Kind, tell_changed
from services.inbox.model import COUNTED, Code, Notice
from services.store.db import Connection, Row
from services.store.queries import load_queries

QUERIES = load_queries(Path(__file__).parent / "inbox.sql")


async def tell(connection: Connection, notice: Notice, people: Collection[int | None]) -> None:
    """Tells these people, once each however often it is told; not whoever did it, and nobody who left."""
    told = await QUERIES.tell.fetch(
        connection,
        code=str(notice.code),
        cause=notice.cause,
        ticket=notice.ticket,
        order=notice.order,
        by=notice.by,
        details=dict(notice.details),
        at=notice.at,
        people=sorted({person for person in people if person is not None}),
    )
    await rung(connection, {row["person_id"]: row["id"] for row in told})


async def people_with(connection: Connection, right: Right, *, below: Right | None = None) -> list[int]:
    """Who may do that now: reviewers, say, by ``Right.ORDERS_REVIEW``. ``below``: by a role that may not do that as well."""
    roles = [str(role) for role, rights in RIGHTS.items() if right in rights and below not in rights]
    return [row["id"] for row in await QUERIES.people_of_roles.fetch(connection, roles=roles)]


async def officers(connection: Connection, department: int) -> list[int]:
    """Who works for the department."""
    return [row["id"] for row in await QUERIES.officers.fetch(connection, department=department)]


async def holder(connection: Connection, ticket: int) -> list[int]:
    """Who has the case; nobody, if nobody does who works here."""
    return [row["id"] for row in await QUERIES.holder.fetch(connection, ticket=ticket)]


async def concerned(connection: Connection, order: int) -> list[int]:
    """The order's author and who has its case now; whoever may review where neither works here any more."""
    found = [row["id"] for row in await QUERIES.concerned.fetch(connection, order=order)]
    return found or await people_with(connection, Right.ORDERS_REVIEW)


async def over(connection: Connection, ticket: int, code: Code, at: datetime) -> None:
    """What waited for whoever came first waits no more: nobody has to read it."""
    read = await QUERIES.over.fetch(connection, ticket=ticket, code=str(code), at=at)
    await rung(connection, {row["person_id"]: row["id"] for row in read})


async def rung(connection: Connection, people: dict[int, int]) -> None:
    """Whoever shows these persons' inboxes reads them again; each with the notice that changed."""
    if people:
        await tell_changed(connection, *(Change(Kind.NOTICE, str(person), notice) for person, notice in people.items()))


async def page(connection: Connection, person: int, department: int | None, *, after: int | None, limit: int) -> list[Row]:
    """Newest first."""
    return await QUERIES.page.fetch(connection, person=person, department=department, after=after, limit=limit)


async def unread(connection: Connection, person: int, department: int | None) -> int:
    """Counted up to COUNTED."""
    count: int = await QUERIES.unread.fetchval(connection, person=person, department=department, most=COUNTED)
    return count


async def mark(connection: Connection, person: int, notice: int, at: datetime | None) -> bool:
    """Read at that time, or unread again; whether there is such a notice of this person's."""
    return await QUERIES.mark.fetchval(connection, person=person, notice=notice, at=at) is not None


async def owners(_: Connection, people: Collection[str]) -> dict[str, Collection[int | None]]:
    """An inbox is told by its person's id, and is theirs."""
    return {person: (int(person),) for person in people}
