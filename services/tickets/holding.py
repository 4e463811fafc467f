"""Performs what changes who holds a case (SPEC A2, A3, A4, A7, T5, X1, N6). Each is one transaction with its reason on record.

Whoever hands over lets go of it: it lies in the other level's tray until somebody of that level takes it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from services.access.actor import LoggedIn
from services.store.db import Connection
from services.tickets import store
from services.tickets.actions import Tickets, moved, taken
from services.tickets.levels import Trigger
from services.tickets.model import Changes, Ticket
from services.tickets.store import Entry
from services.tickets.workflow import Action, advance


@dataclass(frozen=True, slots=True)
class Holding:
    """The use-cases: who takes a step holds the ticket's row, so one of two who want the same case gets it."""

    tickets: Tickets

    async def hand_over(self, ticket: int, version: int, reason: str, *, by: LoggedIn) -> Ticket:
        """To the senior agents: what cannot be settled on the spot (SPEC A2, T5, X1), or is a senior's after all."""
        return await self._let_go(ticket, version, Action.HAND_OVER, reason, by=by)

    async def escalate(self, ticket: int, version: int, triggers: Collection[Trigger], reason: str, *, by: LoggedIn) -> Ticket:
        """To the manager hotline, with what it goes there for (SPEC A4, N6)."""
        return await self._let_go(ticket, version, Action.ESCALATE, reason, by=by, triggers=triggers)

    async def suggest(self, ticket: int, version: int, note: str, *, by: LoggedIn) -> Ticket:
        """To the data administrator: a case that has turned out to be a suggestion (SPEC A3)."""
        return await self._let_go(ticket, version, Action.SUGGEST, note, by=by)

    async def give_back(self, ticket: int, version: int, reason: str, *, by: LoggedIn) -> Ticket:
        """Into the tray of its level: one's own, or, for who leads, that of somebody who is away."""
        return await self._let_go(ticket, version, Action.GIVE_BACK, reason, by=by)

    async def take(self, ticket: int, version: int, *, by: LoggedIn) -> Ticket:
        """Out of its tray. Raises Held if somebody else was first; taken by oneself already, it is as it is."""
        async with self.tickets.hand_on(ticket, version, Action.TAKE, by) as (connection, before):
            if before.owner_id == by.id:
                return before
            now = self.tickets.clock.now()
            after = taken(advance(before, Action.TAKE), by, now)
            changes = {"owner": (None, by.person.name), **_levels(before, after)}
            await self._moved(connection, before, after, Entry(Action.TAKE, by.id, now, changes), by)
            return await store.load(connection, ticket)

    async def _let_go(
        self, ticket: int, version: int, action: Action, reason: str, *, by: LoggedIn, triggers: Collection[Trigger] = ()
    ) -> Ticket:
        async with self.tickets.hand_on(ticket, version, action, by) as (connection, before):
            now = self.tickets.clock.now()
            after = replace(advance(before, action), held_since=now)
            changes = _levels(before, after)
            if before.owner_id is not None:
                changes["owner"] = (await store.name(connection, before.owner_id), None)
            if triggers:
                changes["triggers"] = (None, " ".join(sorted(triggers)))
            await self._moved(connection, before, after, Entry(action, by.id, now, changes, reason), by)
            return await store.load(connection, ticket)

    async def _moved(self, connection: Connection, before: Ticket, after: Ticket, entry: Entry, by: LoggedIn) -> None:
        await moved(connection, after, before=before, entry=entry, table=self.tickets.clocks, by=by)


def _levels(before: Ticket, after: Ticket) -> Changes:
    return {} if before.level is after.level else {"level": (before.level, after.level)}
