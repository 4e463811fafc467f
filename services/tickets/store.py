"""Keeps tickets in the database: loading, compare-and-set, the journal, numbers and lists. Whatever changes a ticket rings."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import asyncpg

from services.access import masks
from services.bells import Change, Channel, Kind
from services.errors import Conflict, NotFound, Stale
from services.store.db import Connection, Row
from services.store.queries import load_queries
from services.store.sorting import Key, KeyKind, Sorts, Value
from services.tickets.levels import Level
from services.tickets.model import CLASSES, FIELDS, Changes, Source, State, Ticket, TicketFilter
from services.tickets.numbers import GivenNumbers

QUERIES = load_queries(Path(__file__).parent / "tickets.sql")
SORTS = Sorts(
    Path(__file__).parent / "pages.sql",
    {
        "received": Key("t.received_at", KeyKind.MOMENT),
        "number": Key("coalesce(t.number, '')", KeyKind.TEXT),
    },
)
"""What the list of tickets can be sorted by. A draft has no number: it stands as the lowest."""
SCAN_ROWS = 5_000  # tickets that one page of a text search looks at; the next page looks further


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a ticket's journal; ``by`` None is the system."""

    action: str
    by: int | None
    at: datetime
    changes: Changes
    note: str = ""


@dataclass(frozen=True, slots=True)
class OwnKey:
    """By which whoever asks for a new ticket knows it again; ``body``: the digest of what was asked for."""

    key: str
    body: bytes


class KeyTaken(Conflict):
    """There is a ticket by this key already."""


@dataclass(frozen=True, slots=True)
class Page:
    """Rows and where the next page begins; None: nothing more."""

    rows: list[Row]
    next: tuple[Value, int] | None


def ticket_of(row: Row) -> Ticket:
    read = {"state": State(row["state"]), "level": Level(row["level"])}
    values = {**row, **read, "sources": {name: Source.from_json(s) for name, s in row["sources"].items()}}
    return Ticket(**values)


async def load(connection: Connection, ticket: int) -> Ticket:
    """Raises NotFound."""
    row = await QUERIES.load.fetchrow(connection, ticket=ticket)
    if row is None:
        raise NotFound("there is no such ticket")
    return ticket_of(row)


async def load_each(connection: Connection, tickets: Collection[int]) -> dict[int, Ticket]:
    """Those of these tickets that there are."""
    return {row["id"]: ticket_of(row) for row in await QUERIES.load_each.fetch(connection, tickets=list(set(tickets)))}


async def lock(connection: Connection, ticket: int) -> Ticket:
    """The ticket, which nobody else changes until the transaction ends. Raises NotFound."""
    row = await QUERIES.lock.fetchrow(connection, ticket=ticket)
    if row is None:
        raise NotFound("there is no such ticket")
    return ticket_of(row)


async def load_of_call(connection: Connection, call: str) -> Ticket | None:
    row = await QUERIES.load_of_call.fetchrow(connection, call=call)
    return None if row is None else ticket_of(row)


async def create(connection: Connection, ticket: Ticket, entry: Entry, key: OwnKey | None = None) -> Ticket:
    """Writes a draft and its first journal row, and the key of whoever asked for it; the draft with its id.

    Raises KeyTaken: of two who come with one key the second waits until the first has committed.
    """
    try:
        created: int = await QUERIES.create.fetchval(
            connection,
            call_id=ticket.call_id,
            customer_id=ticket.customer_id,
            received_at=ticket.received_at,
            changed_at=ticket.changed_at,
            created_by=ticket.created_by,
            owner_id=ticket.owner_id,
            key=key and key.key,
            body=key and key.body,
            bell=str(Channel.THING_CHANGED),
            told=Change(Kind.TICKET, "{}", 1).payload,
            **_form(ticket),
            **_journaled(entry),
        )
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name != "ticket_key_pkey":
            raise
        raise KeyTaken from None
    return replace(ticket, id=created)


async def move(connection: Connection, after: Ticket, *, before: Ticket, entry: Entry) -> None:
    """Compare and set on the version, and the journal row beside it. Raises Stale when somebody else was first, Conflict."""
    try:
        moved = await QUERIES.move.fetchval(
            connection,
            ticket=after.id,
            seen_version=before.version,
            version=after.version,
            state=str(after.state),
            number=after.number,
            customer_id=after.customer_id,
            owner_id=after.owner_id,
            confirmed_at=after.confirmed_at,
            confirmed_by=after.confirmed_by,
            dispatched_at=after.dispatched_at,
            reopened_at=after.reopened_at,
            level=str(after.level),
            held_since=after.held_since,
            senior_at=after.senior_at,
            tier=after.tier,
            acknowledged_at=after.acknowledged_at,
            acknowledged_by=after.acknowledged_by,
            acknowledged_how=after.acknowledged_how,
            closing=after.closing,
            repeat_of=after.repeat_of,
            not_accepted_at=after.not_accepted_at,
            bell=str(Channel.THING_CHANGED),
            told=Change(Kind.TICKET, str(after.id), after.version).payload,
            **_form(after),
            **_journaled(entry),
        )
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name != "ticket_of_call":
            raise
        raise Conflict("the call has another draft meanwhile") from None
    if moved is None:
        raise Stale("somebody else changed the ticket in the meantime")


def _journaled(entry: Entry) -> dict[str, object]:
    """A journal row by its columns' names."""
    changes = {name: list(pair) for name, pair in entry.changes.items()}
    return {"at": entry.at, "person": entry.by, "action": entry.action, "changes": changes, "note": entry.note}


def _form(ticket: Ticket) -> dict[str, object]:
    """The form's content by the columns' names, and who filled each field."""
    sources = {name: source.as_json() for name, source in ticket.sources.items()}
    return {**{name: ticket.value(name) for name in FIELDS}, "sources": sources}


async def next_number(connection: Connection, local: datetime, given: GivenNumbers) -> str:
    """``T<year>-<month>-<six digits>``, gap-free in the month of ``local`` (the centre's own time), never one of ``given``."""
    month = f"{local:%Y-%m}"
    return f"T{month}-{await QUERIES.next_number.fetchval(connection, month=month, above=given.highest(month)):06d}"


async def tier(connection: Connection, customer: int | None) -> str | None:
    """How this customer is served; None: nobody known."""
    found: str | None = await QUERIES.tier_of.fetchval(connection, customer=customer)
    return found


async def name(connection: Connection, person: int | None) -> str | None:
    """As a journal row names a person; None: nobody."""
    found: str | None = await QUERIES.name_of.fetchval(connection, person=person)
    return found


async def codes(connection: Connection, fields: Mapping[str, str | None]) -> dict[str, set[str]]:
    """For each list the class codes in use, as far as they stand in ``fields``."""
    found: dict[str, set[str]] = {name: set() for name in CLASSES}
    wanted = [fields[name] for name in CLASSES if fields.get(name)]
    for row in await QUERIES.codes.fetch(connection, codes=wanted) if wanted else ():
        found[row["list"]].add(row["code"])
    return found


async def page(
    connection: Connection, wanted: TicketFilter, *, number: str | None = None, customer_number: str | None = None
) -> Page:
    """By index whatever the filter. To be called inside a transaction (it pins the planner to real values)."""
    await connection.execute("set local plan_cache_mode = force_custom_plan")
    at, behind = wanted.after or (None, None)
    rows = await SORTS[wanted.sort].page.fetch(
        connection,
        state=wanted.state,
        owner=wanted.owner,
        severity=wanted.severity,
        channel=wanted.channel,
        at=at,
        behind=behind,
        number=number,
        customer_number=customer_number,
        limit=wanted.limit + 1,
        reader=wanted.reader,
    )
    return _cut(rows, wanted.limit)


async def scan(connection: Connection, wanted: TicketFilter, beginnings: Sequence[str]) -> Page:
    """Tickets that contain ``text``, or whose customer's number begins so, among the next SCAN_ROWS of the filter.

    To be called inside a transaction.
    """
    await connection.execute("set local plan_cache_mode = force_custom_plan")
    at, behind = wanted.after or (None, None)
    digits = "".join(filter(str.isdigit, wanted.text)) if beginnings else ""
    rows = await SORTS[wanted.sort].scan.fetch(
        connection,
        state=wanted.state,
        owner=wanted.owner,
        severity=wanted.severity,
        channel=wanted.channel,
        at=at,
        behind=behind,
        text=wanted.text.lower(),
        rows=SCAN_ROWS,
        limit=wanted.limit + 1,
        beginnings=beginnings,
        digits=digits,
        in_personal=not wanted.hidden,
        in_texts=not (wanted.hidden and masks.guesses(wanted.text)),
        reader=wanted.reader,
    )
    found = _cut([row for row in rows if row["id"] is not None], wanted.limit)
    if found.next or not rows or rows[0]["seen"] < SCAN_ROWS:
        return found
    return Page(found.rows, (rows[0]["edge_at"], rows[0]["edge_id"]))


def _cut(rows: list[Row], limit: int) -> Page:
    if len(rows) <= limit:
        return Page(rows, None)
    last = rows[limit - 1]
    return Page(rows[:limit], (last["sort_key"], last["id"]))


async def counts(connection: Connection, person: int) -> dict[str, int]:
    """Tickets per state, and ``mine`` (open and drafts), each counted up to 1,000."""
    return {row["state"]: row["tickets"] for row in await QUERIES.counts.fetch(connection, person=person)}


async def facets(connection: Connection, state: str | None) -> dict[str, int]:
    """Tickets per severity and channel that is not the usual one, each counted up to 1,000; of this state, None: of any.

    To be called inside a transaction (it pins the planner to real values).
    """
    await connection.execute("set local plan_cache_mode = force_custom_plan")
    return {row["facet"]: row["tickets"] for row in await QUERIES.facets.fetch(connection, state=state)}
