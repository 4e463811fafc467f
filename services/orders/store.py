"""Keeps work orders, their papers and reviews in the database: loading, compare-and-set, the journal, numbers. Changes ring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg

from services.bells import Change, Channel, Kind, tell_changed
from services.errors import Conflict, NotFound, Stale
from services.orders.model import Extension, Order, Outgoing, Paper, Said, State, Verb, Wording
from services.store.db import Connection, Row
from services.store.queries import load_queries

QUERIES = load_queries(Path(__file__).parent / "orders.sql")

SHOWN = 40  # orders of one ticket, the newest; each may hold the longest texts


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of an order's journal; ``by`` None is the system."""

    action: str
    by: int | None
    at: datetime
    note: str = ""
    told: Mapping[str, list[str | None]] = field(default_factory=dict)  # beside what changed: which reminder it was


@dataclass(frozen=True, slots=True)
class OwnKey:
    """By which whoever asks for a dispatch knows it again; ``body``: the digest of what was asked for."""

    key: str
    body: bytes


def order_of(row: Row | Mapping[str, Any]) -> Order:
    return Order(**{**row, "state": State(row["state"])})


def paper_of(row: Row | Mapping[str, Any]) -> Outgoing:
    return Outgoing(**{**row, "verb": Verb(row["verb"]), "state": Paper(row["state"])})


async def load(connection: Connection, order: int) -> Order:
    """Locked until the transaction ends. Raises NotFound."""
    return order_of(_found(await QUERIES.load.fetchrow(connection, order=order)))


async def create(connection: Connection, order: Order, entry: Entry, key: OwnKey | None = None) -> Order:
    """Writes a proposal and its first journal row, and the key of whoever asked for it; ``order.id`` is not looked at.

    Raises Conflict if the key was taken for another ticket at this very moment.
    """
    try:
        row = await QUERIES.create.fetchrow(
            connection,
            ticket=order.ticket_id,
            department=order.department_id,
            leads=order.leads,
            second_of=order.second_of,
            author=order.author_id,
            made_at=order.made_at,
            task=order.task,
            urgent=order.urgent,
            hours=order.hours,
            key=key and key.key,
            body=key and key.body,
            **_journaled(entry, {}),
        )
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name != "order_key_pkey":
            raise
        raise Conflict("this key was used for another order") from None
    return order_of(_found(row))


JOURNALED = ("state", "number", "task", "urgent", "due_at", "binding", "answer")
"""What a journal row tells of, from what to what."""


@dataclass(frozen=True, slots=True)
class Numbering:
    """``W<year>-<month>-<six digits>``: gap-free in the centre's own ``month``, ``above`` what was given before a restore."""

    month: str
    above: int


async def move(connection: Connection, after: Order, *, before: Order, entry: Entry, numbering: Numbering | None = None) -> Order:
    """Compare and set on the version, and the journal row beside it; with a number, if it gets one by this. The order as it is
    then. Raises Stale when somebody else was first.
    """
    kept = (
        *("number", "task", "urgent", "hours", "due_at", "due_from", "due_hours", "due_edition"),
        *("issued_at", "accepted_at", "refusals", "binding", "answer"),
    )
    moved = await QUERIES.move.fetchrow(
        connection,
        order=after.id,
        seen_version=before.version,
        version=after.version,
        state=str(after.state),
        returned_at=after.returned_at,
        ended_at=after.ended_at,
        bell=str(Channel.THING_CHANGED),
        told=_change(after).payload,
        month=numbering and numbering.month,
        above=numbering.above if numbering else 0,
        **{name: getattr(after, name) for name in kept},
        **_journaled(entry, {**_changes(before, after), **entry.told}),
    )
    if moved is None:
        raise Stale("somebody else changed the order in the meantime")
    return replace(after, number=moved["number"])


async def only_reminded(connection: Connection, order: Order, since: int) -> bool:
    """Whether nothing but reminders has come about the order after this version of it."""
    if not 0 < since <= order.version:
        return False
    other: bool = await QUERIES.other_than_reminded.fetchval(connection, order=order.id, since=since)
    return not other


async def rung(connection: Connection, order: Order) -> None:
    """Whoever shows the order reads it again."""
    await tell_changed(connection, _change(order))


def _change(order: Order) -> Change:
    return Change(Kind.ORDER, str(order.id), order.version, order.ticket_id)


async def write_paper(
    connection: Connection, order: Order, verb: Verb, wording: Wording, *, by: int, at: datetime, leaves: bool
) -> Outgoing:
    """A paper that waits for its review, or one that ``leaves`` without."""
    row = await QUERIES.write_paper.fetchrow(
        connection,
        order=order.id,
        verb=str(verb),
        state=str(Paper.LEFT if leaves else Paper.WAITING),
        author=by,
        task=wording.task,
        urgent=wording.urgent,
        hours=wording.hours,
        until=wording.until,
        reason=wording.reason,
        at=at,
        ended_at=at if leaves else None,
    )
    return paper_of(_found(row))


async def ticket_of(connection: Connection, order: int) -> int:
    """The ticket that an order is about: it never becomes another's. Raises NotFound."""
    ticket: int = _found(await QUERIES.ticket_of.fetchrow(connection, order=order))["ticket_id"]
    return ticket


async def order_of_paper(connection: Connection, paper: int) -> int:
    """The order that a paper is about, likewise. Raises NotFound."""
    order: int = _found(await QUERIES.order_of_paper.fetchrow(connection, paper=paper))["order_id"]
    return order


async def load_paper(connection: Connection, paper: int) -> Outgoing:
    """To be called once its order is locked."""
    return paper_of(_found(await QUERIES.load_paper.fetchrow(connection, paper=paper)))


async def open_paper(connection: Connection, order: Order) -> Outgoing | None:
    """The paper about the order that has not left; None: another may be written."""
    row = await QUERIES.open_paper.fetchrow(connection, order=order.id)
    return None if row is None else paper_of(row)


async def save_paper(connection: Connection, after: Outgoing, *, before: Outgoing) -> None:
    """Compare and set on its version. Raises Stale."""
    kept = ("version", "task", "urgent", "hours", "until", "reason", "written_at", "ended_at")
    values = {name: getattr(after, name) for name in kept}
    saved = await QUERIES.save_paper.fetchval(
        connection, paper=after.id, state=str(after.state), seen_version=before.version, **values
    )
    if saved is None:
        raise Stale("somebody else changed the paper in the meantime")


async def write_review(connection: Connection, paper: Outgoing, said: Said, *, by: int, at: datetime) -> None:
    """Of this version of the paper; the database refuses the author's own, and whoever is no senior."""
    await QUERIES.write_review.execute(
        connection,
        paper=paper.id,
        version=paper.version,
        person=by,
        verdict=str(said.verdict),
        reason=said.reason,
        marks=sorted(said.marks),
        at=at,
    )


async def open_extension(connection: Connection, order: Order) -> Extension | None:
    """The request for more time that nobody has decided yet."""
    row = await QUERIES.open_extension.fetchrow(connection, order=order.id)
    return None if row is None else Extension(**row)


async def ask_extension(connection: Connection, asked: Extension) -> Extension:
    """Writes a request for more time; with its id."""
    number: int = await QUERIES.ask_extension.fetchval(
        connection, order=asked.order_id, person=asked.asked_by, at=asked.asked_at, until=asked.until, reason=asked.reason
    )
    return replace(asked, id=number)


async def of_key(connection: Connection, person: int, own: OwnKey) -> Order | None:
    """The order that the person's key was taken for. Raises Conflict if it was for something else."""
    first = await QUERIES.of_key.fetchrow(connection, person=person, key=own.key)
    if first is None:
        return None
    if first["body"] != own.body:
        raise Conflict("this key was used for another order")
    return await load(connection, first["order_id"])


async def next_warning(connection: Connection, local: datetime, above: int) -> str:
    """``J<year>-<five digits>``, gap-free in the year of ``local``, above ``above``."""
    year = f"{local:%Y}"
    return f"J{year}-{await QUERIES.next_warning.fetchval(connection, year=year, above=above):05d}"


def _journaled(entry: Entry, changes: Mapping[str, list[str | None]]) -> dict[str, object]:
    """A journal row by its columns' names."""
    return {"at": entry.at, "person": entry.by, "action": entry.action, "changes": dict(changes), "note": entry.note}


def _changes(before: Order, after: Order) -> dict[str, list[str | None]]:
    pairs = {name: (getattr(before, name), getattr(after, name)) for name in JOURNALED}
    return {name: [_word(was), _word(became)] for name, (was, became) in pairs.items() if was != became}


def _word(value: object) -> str | None:
    if value is None:
        return None
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _found(row: Row | None) -> Row:
    if row is None:
        raise NotFound("there is no such order")
    return row
