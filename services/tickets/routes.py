"""Tickets: list, form, journal and the steps of the workflow."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from services.access import audit
from services.access.reads import Reads
from services.access.rights import Right
from services.calls import policy
from services.calls.policy import Part
from services.customers.numbers import written
from services.errors import Conflict, Forbidden, Stale
from services.now import Clock
from services.store import db
from services.tickets import store, wire
from services.tickets.actions import Tickets
from services.tickets.model import TEXTS, Ticket, without_words
from services.tickets.store import Wanted
from services.web.cursor import from_cursor, to_cursor
from services.web.http import Asked, route
from services.web.shapes import Id


class TicketRoutes:
    def __init__(self, tickets: Tickets, pool: db.Pool, clock: Clock) -> None:
        self._tickets = tickets
        self._pool = pool
        self._clock = clock
        self._reads = Reads(pool, clock)

    @route("GET", "/api/tickets", right=Right.TICKETS_READ)
    async def page(self, asked: Asked, query: wire.TicketsQuery) -> wire.TicketPage:
        """Newest first. A text search looks at some thousand tickets a page: go on while there is a ``next``."""
        at, behind = from_cursor(query.after)
        owner = asked.by.id if query.owner == "me" else None
        after = (at, int(behind)) if at else None
        reader = policy.only_own(asked.by)
        page = await self._tickets.find(Wanted(query.state, owner, query.q, after, query.limit, reader))
        return wire.TicketPage(
            tickets=[_row(row) for row in page.rows],
            next=to_cursor(*page.next) if page.next else None,
            counts=await self._tickets.counts(asked.by.id),
        )

    @route("POST", "/api/tickets", right=Right.TICKETS_WRITE, status=201, raises=(Conflict,))
    async def new(self, asked: Asked, body: wire.TicketNew) -> wire.Ticket:
        """A draft by hand. The same ``key`` again returns the first one."""
        fields = body.fields.model_dump(exclude_unset=True)
        ticket, _ = await self._tickets.new(fields, key=body.key, by=asked.by.id)
        return await self._wire(asked, ticket)

    @route("GET", "/api/tickets/{ticket_id}", right=Right.TICKETS_READ)
    async def show(self, asked: Asked, ticket_id: Id) -> wire.Ticket:
        """One ticket with where each field comes from."""
        return await self._wire(asked, await self._tickets.load(ticket_id))

    @route("GET", "/api/tickets/{ticket_id}/journal", right=Right.TICKETS_READ)
    async def journal(self, asked: Asked, ticket_id: Id, query: wire.JournalQuery) -> list[wire.JournalRow]:
        """What was done to it, oldest first, a page; ``after`` is the ``seq`` of the last row seen."""
        async with db.connection(self._pool) as connection:
            ticket = await store.load(connection, ticket_id)
            words = await self._may_read(connection, asked, ticket)
            rows = await store.QUERIES.read_journal.fetch(connection, ticket=ticket_id, after=query.after, limit=query.limit)
        if words and ticket.call_id and rows:
            await self._reads.note(asked.by, "transcript.read", f"call:{ticket.call_id}", {"through": "ticket"})
        return [_journal_row(row, words=words) for row in rows]

    @route("PATCH", "/api/tickets/{ticket_id}", right=Right.TICKETS_WRITE, raises=(Stale,))
    async def change(self, asked: Asked, ticket_id: Id, body: wire.TicketPatch) -> wire.Ticket:
        """The named fields, if ``version`` is still the ticket's."""
        fields = body.fields.model_dump(exclude_unset=True)
        async with self._refusals(asked, ticket_id):
            return await self._wire(asked, await self._tickets.change(ticket_id, body.version, fields, by=asked.by.id))

    @route("POST", "/api/tickets/{ticket_id}/confirm", right=Right.TICKETS_WRITE, raises=(Stale,))
    async def confirm(self, asked: Asked, ticket_id: Id, body: wire.VersionBody) -> wire.Ticket:
        """The draft becomes a case with a number; every empty mandatory field is named."""
        async with self._refusals(asked, ticket_id):
            return await self._wire(asked, await self._tickets.confirm(ticket_id, body.version, by=asked.by.id, note=body.note))

    @route("POST", "/api/tickets/{ticket_id}/discard", right=Right.TICKETS_WRITE, raises=(Stale,))
    async def discard(self, asked: Asked, ticket_id: Id, body: wire.VersionBody) -> wire.Ticket:
        """The draft is no case; ``restore`` undoes it."""
        async with self._refusals(asked, ticket_id):
            return await self._wire(asked, await self._tickets.discard(ticket_id, body.version, by=asked.by.id, note=body.note))

    @route("POST", "/api/tickets/{ticket_id}/restore", right=Right.TICKETS_WRITE, raises=(Stale,))
    async def restore(self, asked: Asked, ticket_id: Id, body: wire.VersionBody) -> wire.Ticket:
        """Undoes a discard."""
        async with self._refusals(asked, ticket_id):
            return await self._wire(asked, await self._tickets.restore(ticket_id, body.version, by=asked.by.id, note=body.note))

    @route("POST", "/api/tickets/{ticket_id}/close", right=Right.TICKETS_WRITE, raises=(Stale,))
    async def close(self, asked: Asked, ticket_id: Id, body: wire.VersionBody) -> wire.Ticket:
        """Answered on the spot (SPEC A2); needs the answer."""
        async with self._refusals(asked, ticket_id):
            return await self._wire(asked, await self._tickets.close(ticket_id, body.version, by=asked.by.id, note=body.note))

    @contextlib.asynccontextmanager
    async def _refusals(self, asked: Asked, ticket: int) -> AsyncIterator[None]:
        """A hand on somebody else's ticket is refused, and on record."""
        try:
            yield
        except Forbidden:
            async with db.transaction(self._pool) as connection:
                by, about = asked.by.id, f"ticket:{ticket}"
                await audit.write(connection, self._clock.now(), by=by, action="ticket.refused", about=about)
            raise

    async def _may_read(self, connection: db.Connection, asked: Asked, ticket: Ticket) -> bool:
        """The words of the call behind the ticket, by the call's own policy; a ticket written by hand has none."""
        if ticket.call_id is None or ticket.owner_id in {None, asked.by.id}:
            return True
        return await policy.may(connection, asked.by, Part.WORDS, ticket.call_id)

    async def _wire(self, asked: Asked, ticket: Ticket) -> wire.Ticket:
        async with db.connection(self._pool) as connection:
            if not await self._may_read(connection, asked, ticket):
                ticket = without_words(ticket)
            names = await store.QUERIES.names.fetchrow(
                connection, created_by=ticket.created_by, owner=ticket.owner_id, confirmed_by=ticket.confirmed_by
            )
            words = await store.QUERIES.drafting_of.fetchrow(connection, call=ticket.call_id) if ticket.call_id else None
        assert names is not None
        if ticket.call_id and any(source.evidence for source in ticket.sources.values()):
            await self._reads.note(asked.by, "transcript.read", f"call:{ticket.call_id}", {"through": "ticket"})
        plain = {name: getattr(ticket, name) for name in PLAIN}
        sources = {name: source.as_json() for name, source in ticket.sources.items()}
        drafting = _drafting(ticket, words)
        return wire.Ticket.model_validate({**plain, **names, "sources": sources, "drafting": drafting})


PLAIN = tuple(
    name
    for name in Ticket.__slots__
    if name in wire.Ticket.model_fields and name not in {"sources", "confirmed_by", "created_by"}
)


def _without_words(changes: dict[str, Any]) -> dict[str, Any]:
    """That a text was changed, but not from what to what."""
    return {name: (None, None) if name in TEXTS else pair for name, pair in changes.items()}


def _drafting(ticket: Ticket, words: db.Row | None) -> str:
    """How far the words of the call are: the recording first, then its transcript."""
    if ticket.call_id is None:
        return "none"
    if words is None or words["recording"] == "waiting":
        return "waiting"
    if words["recording"] in {"failed", "empty"}:
        return "failed"
    return words["transcript"] if words["transcript"] in {"done", "no_speech", "failed"} else "waiting"


def _journal_row(row: db.Row, *, words: bool) -> wire.JournalRow:
    changes = dict(row["changes"]) if words else _without_words(row["changes"])
    if "customer_number" in changes:
        changes["customer_number"] = [value and written(value) for value in changes["customer_number"]]
    return wire.JournalRow.model_validate({**row, "changes": changes})


def _row(row: db.Row) -> wire.TicketRow:
    return wire.TicketRow.model_validate({name: row[name] for name in wire.TicketRow.model_fields})
