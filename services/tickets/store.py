"""Tickets in the database: loading, compare-and-set, the journal, numbers and lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import asyncpg

from services.errors import Conflict, NotFound, Stale
from services.store.db import Connection, Row
from services.store.queries import load_queries
from services.tickets.model import CLASSES, FIELDS, Changes, Source, State, Ticket
from services.tickets.numbers import GivenNumbers

QUERIES = load_queries(Path(__file__).parent / "tickets.sql")
SCAN_ROWS = 5_000  # tickets that one page of a text search looks at; the next page looks further
_COLUMNS = (*CLASSES, "description", "address", "contact_number", "customer_name", "customer_number", "answer")

assert set(_COLUMNS) == set(FIELDS)


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a ticket's journal; ``by`` None is the system."""

    action: str
    by: int | None
    at: datetime
    changes: Changes
    note: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list shows: state, owner, text; from behind ``after`` (receipt time and id) on, ``limit`` rows.

    ``reader``: who may read the words of their own calls only; None reads all.
    """

    state: str | None = None
    owner: int | None = None
    text: str = ""
    after: tuple[datetime, int] | None = None
    limit: int = 50
    reader: int | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Rows and where the next page begins; None: nothing more."""

    rows: list[Row]
    next: tuple[datetime, int] | None


def ticket_of(row: Row) -> Ticket:
    values = {**row, "state": State(row["state"]), "sources": {name: Source.from_json(s) for name, s in row["sources"].items()}}
    return Ticket(**values)


async def load(connection: Connection, ticket: int) -> Ticket:
    """Raises NotFound."""
    row = await connection.fetchrow(QUERIES.load, ticket)
    if row is None:
        raise NotFound("there is no such ticket")
    return ticket_of(row)


async def load_of_call(connection: Connection, call: str) -> Ticket | None:
    row = await connection.fetchrow(QUERIES.load_of_call, call)
    return None if row is None else ticket_of(row)


async def create(connection: Connection, ticket: Ticket, entry: Entry) -> int:
    """Writes a draft and its first journal row; the new id. ``ticket.id`` is not looked at."""
    created: int = await connection.fetchval(
        QUERIES.create,
        ticket.call_id,
        ticket.customer_id,
        ticket.received_at,
        ticket.changed_at,
        ticket.created_by,
        ticket.owner_id,
        *(ticket.value(name) for name in _COLUMNS),
        _sources(ticket),
    )
    await _write_journal(connection, created, 1, entry)
    return created


async def move(connection: Connection, after: Ticket, *, before: Ticket, entry: Entry) -> None:
    """Compare and set on the version, and the journal row beside it. Raises Stale when somebody else was first, Conflict."""
    try:
        moved = await connection.fetchval(
            QUERIES.move,
            after.id,
            before.version,
            after.version,
            str(after.state),
            after.number,
            after.customer_id,
            after.owner_id,
            after.confirmed_at,
            after.confirmed_by,
            entry.at,
            *(after.value(name) for name in _COLUMNS),
            _sources(after),
        )
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name != "ticket_call":
            raise
        raise Conflict("the call has another draft meanwhile") from None
    if moved is None:
        raise Stale("somebody else changed the ticket in the meantime")
    await _write_journal(connection, after.id, after.version, entry)


async def _write_journal(connection: Connection, ticket: int, seq: int, entry: Entry) -> None:
    changes = {name: list(pair) for name, pair in entry.changes.items()}
    await connection.execute(QUERIES.write_journal, ticket, seq, entry.at, entry.by, entry.action, changes, entry.note)


def _sources(ticket: Ticket) -> dict[str, object]:
    return {name: source.as_json() for name, source in ticket.sources.items()}


async def next_number(connection: Connection, local: datetime, given: GivenNumbers) -> str:
    """``T<year>-<month>-<six digits>``, gap-free in the month of ``local`` (the centre's own time), never one of ``given``."""
    month = f"{local:%Y-%m}"
    return f"T{month}-{await connection.fetchval(QUERIES.next_number, month, given.highest(month)):06d}"


async def codes(connection: Connection) -> dict[str, set[str]]:
    """List -> class codes in use."""
    found: dict[str, set[str]] = {name: set() for name in CLASSES}
    for row in await connection.fetch(QUERIES.codes):
        found[row["list"]].add(row["code"])
    return found


async def page(connection: Connection, wanted: Wanted, *, number: str | None = None, customer_number: str | None = None) -> Page:
    """Newest first, by index whatever the filter. To be called inside a transaction (it pins the planner to real values)."""
    await connection.execute("set local plan_cache_mode = force_custom_plan")
    at, behind = wanted.after or (None, None)
    filters = (wanted.state, wanted.owner, at, behind, number, customer_number)
    rows = await connection.fetch(QUERIES.page, *filters, wanted.limit + 1, wanted.reader)
    return _cut(rows, wanted.limit)


async def scan(connection: Connection, wanted: Wanted, beginnings: Sequence[str]) -> Page:
    """Tickets that contain ``text``, or whose customer's number begins so, among the next SCAN_ROWS of the filter.

    To be called inside a transaction.
    """
    await connection.execute("set local plan_cache_mode = force_custom_plan")
    at, behind = wanted.after or (None, None)
    digits = "".join(filter(str.isdigit, wanted.text)) if beginnings else ""
    filters = (wanted.state, wanted.owner, at, behind, wanted.text.lower(), SCAN_ROWS)
    rows = await connection.fetch(QUERIES.scan, *filters, wanted.limit + 1, beginnings, digits, wanted.reader)
    found = _cut([row for row in rows if row["id"] is not None], wanted.limit)
    if found.next or not rows or rows[0]["seen"] < SCAN_ROWS:
        return found
    return Page(found.rows, (rows[0]["edge_at"], rows[0]["edge_id"]))


def _cut(rows: list[Row], limit: int) -> Page:
    if len(rows) <= limit:
        return Page(rows, None)
    last = rows[limit - 1]
    return Page(rows[:limit], (last["received_at"], last["id"]))


async def counts(connection: Connection, person: int) -> dict[str, int]:
    """Tickets per state, and ``mine`` (open and drafts), each counted up to 1,000."""
    return {row["state"]: row["tickets"] for row in await connection.fetch(QUERIES.counts, person)}
