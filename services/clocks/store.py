"""Reads and writes the clocks that run."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from services.clocks.calendar import ALWAYS
from services.clocks.explaining import Explained, Move, Rule, explain
from services.clocks.model import Deadline, State
from services.clocks.table import Clocks
from services.store.db import Connection, Row
from services.store.jobs import Line
from services.store.queries import load_queries

QUERIES = load_queries(Path(__file__).parent / "clocks.sql")

LINE = Line("deadline", claimed="looking", thing="'ticket:' || ticket_id")
"""Clocks that run, due when the sweeper has something to note."""

SHOWN = 100  # of one ticket; each change of its kind begins another
EXPLAINED = 20  # clocks of one ticket and its orders, the newest: an explanation counts through the whole time of each

Settled = Literal["met", "stopped"]


@dataclass(frozen=True, slots=True)
class Whose:
    """The row ``id`` is the clock of a ticket, or of one of its orders."""

    id: int
    ticket: int
    order: int | None


async def start(connection: Connection, ticket: int, deadline: Deadline, *, order: int | None = None, edition: int = 0) -> None:
    """The clock begins to run for the ticket, or for one of its orders, unless it runs already. ``edition``: of the calendars
    by which its end was counted; an older one than is in force by then is found, and counted anew.
    """
    names = ("rule", "because", "starts_at", "ends_at", "warns_at", "state", "due_at")
    values = {name: getattr(deadline, name) for name in names}
    await QUERIES.start.execute(connection, ticket=ticket, order=order, edition=edition, **values)


async def settle(
    connection: Connection, ticket: int, rules: Collection[str], how: Settled, now: datetime, *, order: int | None = None
) -> None:
    """Ends these clocks of the ticket, or of one of its orders, as far as they run."""
    await QUERIES.settle.execute(connection, ticket=ticket, order=order, rules=list(rules), state=how, now=now)


async def of_ticket(connection: Connection, ticket: int) -> list[Deadline]:
    """Its clocks as they began, those that ended too."""
    return [deadline_of(row) for row in await QUERIES.of_ticket.fetch(connection, ticket=ticket, limit=SHOWN)]


async def explained(
    connection: Connection, ticket: int, clocks: Clocks, now: datetime, *, order: int | None = None
) -> list[tuple[Explained, str | None]]:
    """Why its clocks and those of its orders (or of one of them) end when they do, each with its order's number."""
    rows = await QUERIES.all_of_ticket.fetch(connection, ticket=ticket, order=order, limit=EXPLAINED)
    moves: dict[int, list[Move]] = {row["id"]: [] for row in rows}
    for row in await QUERIES.moves_of.fetch(connection, deadlines=list(moves)):
        moves[row["deadline_id"]].append(Move(row["at"], row["was"], row["became"], row["by"]))
    return [(explain(deadline_of(row), _rule(row, clocks), now, tuple(moves[row["id"]])), row["order_number"]) for row in rows]


def _rule(row: Row, clocks: Clocks) -> Rule:
    """How the clock in a row counts: in which calendar as it is now, how long, and by which edition its end was counted."""
    clock = clocks.get(row["rule"])
    if row["order_number"] is None:
        within = None if clock is None else clock.within
    else:
        within = None if row["due_hours"] is None else timedelta(hours=row["due_hours"])
    return Rule(ALWAYS if clock is None else clock.calendar, within, row["edition"])


async def of_older_editions(connection: Connection, edition: int, limit: int, *, but: Collection[int] = ()) -> list[Row]:
    """Clocks that run and were counted by an older edition of the calendars, ``but`` these: each one's id, ticket and order."""
    return await QUERIES.of_older_editions.fetch(connection, edition=edition, but=list(but), limit=limit)


async def newest_edition(connection: Connection) -> int:
    """The newest edition by which a clock that runs was counted. One that this database does not have was lost with another."""
    newest: int = await QUERIES.newest_edition.fetchval(connection)
    return newest


async def uncounted(connection: Connection, edition: int) -> int:
    """How many of them there are."""
    left: int = await QUERIES.uncounted.fetchval(connection, edition=edition)
    return left


async def recount(connection: Connection, number: int, before: Deadline, after: Deadline, *, edition: int, now: datetime) -> bool:
    """The clock by this edition, with what became of its end on record. Its row is locked. Returns whether it has another end."""
    await QUERIES.counted.execute(
        connection,
        deadline=number,
        edition=edition,
        ends_at=after.ends_at,
        warns_at=after.warns_at,
        due_at=after.due_at,
        state=after.state,
    )
    if after.ends_at == before.ends_at:
        return False
    await QUERIES.write_move.execute(
        connection, deadline=number, edition=edition, at=now, was=before.ends_at, became=after.ends_at
    )
    return True


async def keep_edition(connection: Connection, number: int, edition: int) -> None:
    """The clock stays as it is by this edition too."""
    await QUERIES.keep_edition.execute(connection, deadline=number, edition=edition)


async def load(connection: Connection, deadline: int) -> tuple[Whose, Deadline]:
    """Kept still until the transaction ends: nobody settles it while the sweeper makes up its mind."""
    await QUERIES.hold_ticket.execute(connection, deadline=deadline)
    row = await QUERIES.load.fetchrow(connection, deadline=deadline)
    assert row is not None  # no row of this table is ever deleted
    return Whose(deadline, row["ticket_id"], row["order_id"]), deadline_of(row)


async def write(connection: Connection, number: int, deadline: Deadline) -> bool:
    """What the sweeper made of it; False if it was settled meanwhile, or another sweeper was first."""
    written = await QUERIES.write.fetchval(
        connection,
        deadline=number,
        state=deadline.state,
        due_at=deadline.due_at,
        warned_at=deadline.warned_at,
        breached_at=deadline.breached_at,
    )
    return written is not None


def deadline_of(row: Row | Mapping[str, Any]) -> Deadline:
    """The clock in a row that has its columns, among others."""
    return Deadline(**{**{name: row[name] for name in Deadline.__slots__}, "state": State(row["state"])})
