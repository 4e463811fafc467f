"""Tells every browser whose person may see a thing that it has changed in the database, so that it is read again where it is
shown.

Whoever changes a thing rings in the same transaction (``services.bells``), whichever process it is. Who may hear of it is
``access.policy``'s to say; whose a thing is, if that matters to anybody present, is asked of the database. Rings are gathered
between two looks and told together. Where something may have been missed (the bell's connection was lost, the database does not
answer, too much changed at once) everybody who may see such things at all is told that any of them may have changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from services.access import policy
from services.access.actor import LoggedIn
from services.access.policy import Act, Whose
from services.bells import Change, Kind
from services.calls import policy as calls
from services.errors import WorldFailed
from services.inbox import store as inbox
from services.orders import policy as orders
from services.store.db import Connection, Pool, connection
from services.tickets import policy as tickets
from services.web.changed import Changed

STEP_S = 0.3  # between two looks: what changes meanwhile is told together

Owners = Mapping[str, Collection[int | None]]
"""Thing -> whose it is; None among them: nobody's. A thing that is not there any more is not in it."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Room:
    """Who may hear of a room's things: who may do ``see`` with them. ``relation``: of a person to a thing of this owner."""

    see: Act
    owners: Callable[[Connection, Collection[str]], Awaitable[Owners]]
    relation: Callable[[LoggedIn, int | None], Whose] = policy.owned


async def nobodys(connection: Connection, things: Collection[str]) -> Owners:
    """Things that are nobody's own: whoever may see one may see all."""
    return {}


ROOMS: Mapping[Kind, Room] = {
    Kind.TICKET: Room(Act.TICKET_SEE, tickets.owners),
    Kind.CALL: Room(Act.CALL_SEE, calls.owners),
    Kind.ORDER: Room(Act.ORDER_SEE, orders.departments, orders.relation),
    Kind.NOTICE: Room(Act.NOTICE_SEE, inbox.owners),
    Kind.CUSTOMER: Room(Act.CUSTOMER_SEE, nobodys),
    Kind.AUDIT: Room(Act.AUDIT_SEE, nobodys),
}


class Browsers(Protocol):
    """The hub, as this module sees it."""

    @property
    def present(self) -> Sequence[LoggedIn]: ...

    async def announce(self, heard_by: Callable[[LoggedIn], Sequence[Change]]) -> None: ...


class Announcing:
    """Register ``rung`` on ``Channel.THING_CHANGED`` and let a TaskGroup own ``run``."""

    def __init__(self, pool: Pool, browsers: Browsers) -> None:
        self._pool = pool
        self._browsers = browsers
        self._changed = Changed()
        self._rung = asyncio.Event()

    async def rung(self, payload: str | None) -> None:
        """A change's payload, or None when some may have been missed."""
        change = Change.read(payload) if payload is not None else None
        if change is None:
            self._all_of(Kind)
        else:
            self._changed.note(change)
        self._rung.set()

    @property
    def waiting(self) -> bool:
        """Something has changed that nobody was told yet."""
        return bool(self._changed)

    async def run(self) -> None:
        """Tells, for ever. What was taken and not told when it failed is made up for at its next start."""
        self._all_of(Kind)
        self._rung.set()
        while True:
            await self._rung.wait()
            self._rung.clear()
            await self._tell(self._changed.take())
            await asyncio.sleep(STEP_S)

    def _all_of(self, kinds: Collection[Kind] | type[Kind]) -> None:
        for kind in kinds:
            self._changed.note(Change(kind))

    async def _tell(self, changes: Sequence[Change]) -> None:
        try:
            owners = await self._owners(changes)
        except WorldFailed as error:
            log.warning("announcing.owners_unknown", error=type(error).__name__)
            changes, owners = [Change(kind) for kind in {change.kind for change in changes}], {}

        def heard_by(who: LoggedIn) -> list[Change]:
            return [change for change in changes if may_hear(who, change, owners.get(change.kind, {}))]

        await self._browsers.announce(heard_by)

    async def _owners(self, changes: Sequence[Change]) -> dict[Kind, Owners]:
        """Of the things about which somebody present must ask whose they are."""
        asked: dict[Kind, list[str]] = {}
        for change in changes:
            if change.id is not None:
                asked.setdefault(change.kind, []).append(change.id)
        present = self._browsers.present
        asked = {kind: things for kind, things in asked.items() if any(_asks(who, ROOMS[kind].see) for who in present)}
        if not asked:
            return {}
        async with connection(self._pool) as taken:
            return {kind: await ROOMS[kind].owners(taken, things) for kind, things in asked.items()}


def may_hear(who: LoggedIn, change: Change, owners: Owners) -> bool:
    """Whether this person may see the thing; of "any of them", whether they may see any."""
    room = ROOMS[change.kind]
    reach = policy.reach(who, room.see)
    if change.id is None or Whose.OTHERS in reach:
        return bool(reach)
    return any(room.relation(who, owner) in reach for owner in owners.get(change.id, ()))


def _asks(who: LoggedIn, see: Act) -> bool:
    reach = policy.reach(who, see)
    return bool(reach) and Whose.OTHERS not in reach
