"""Serves supplementary appeals over HTTP (SPEC A5)."""

from __future__ import annotations

from services.access.rights import Right
from services.appeals import wire
from services.appeals.actions import Appeals, Seen
from services.appeals.model import Added, Appeal, Draft
from services.errors import Conflict, NotAllowed, Stale
from services.orders.model import Wording
from services.web.http import Asked, route
from services.web.shapes import Id

CLASH = (Conflict, Stale, NotAllowed)
"""Somebody was first, or its state does not allow it."""


HANDS = (Right.TICKETS_WRITE, Right.SUGGESTIONS)
"""Who has a case of any kind in hand."""


class AppealRoutes:
    def __init__(self, appeals: Appeals) -> None:
        self._appeals = appeals

    @route("GET", "/api/tickets/{ticket_id}/appeals", right=Right.TICKETS_READ)
    async def of_ticket(self, asked: Asked, ticket_id: Id) -> list[wire.Appeal]:
        """The newest appeals about a ticket, as they were made."""
        return [_shown(one) for one in await self._appeals.of_ticket(asked.by, ticket_id)]

    @route("POST", "/api/tickets/{ticket_id}/appeals", right=Right.TICKETS_WRITE, status=201, raises=CLASH)
    async def add(self, asked: Asked, ticket_id: Id, body: wire.AppealNew) -> wire.AppealMade:
        """What the customer adds to a case, open or closed. A ``draft`` that was begun for the call is discarded with it."""
        draft = Draft(body.draft.id, body.draft.version) if body.draft else None
        added = Added(text=body.text, call=body.call, draft=draft)
        return _made(await self._appeals.add(ticket_id, added, key=body.key, by=asked.by))

    @route("POST", "/api/appeals/{appeal_id}/answer", right=HANDS, raises=CLASH)
    async def answer(self, asked: Asked, appeal_id: Id, body: wire.AppealAnswer) -> wire.AppealMade:
        """The customer was answered."""
        return _made(await self._appeals.answer(appeal_id, body.version, body.answer, by=asked.by))

    @route("POST", "/api/appeals/{appeal_id}/drop", right=HANDS, raises=CLASH)
    async def drop(self, asked: Asked, appeal_id: Id, body: wire.AppealReason) -> wire.AppealMade:
        """It was no appeal to this case after all."""
        return _made(await self._appeals.drop(appeal_id, body.version, body.reason, by=asked.by))

    @route("POST", "/api/appeals/{appeal_id}/chase", right=Right.ORDERS_WRITE, raises=CLASH)
    async def chase(self, asked: Asked, appeal_id: Id, body: wire.AppealChase) -> wire.AppealMade:
        """It leads to a chase of an order of its case."""
        wording, order = Wording(body.task, body.urgent, body.reason, until=body.until), (body.order, body.order_version)
        return _made(await self._appeals.chase(appeal_id, body.version, order, wording, by=asked.by))

    @route("POST", "/api/appeals/{appeal_id}/withdraw", right=Right.ORDERS_WRITE, raises=CLASH)
    async def withdraw(self, asked: Asked, appeal_id: Id, body: wire.AppealWithdraw) -> wire.AppealMade:
        """It leads to the withdrawal of an order of its case."""
        order = (body.order, body.order_version)
        return _made(await self._appeals.withdraw(appeal_id, body.version, order, body.reason, by=asked.by))


SAME = ("id", "ticket_id", "call_id", "text", "state", "version", "made_at", "while_open", "answer", "settled_at")
BESIDE = ("author", "verb", "paper_state", "order_id", "order_number")


def _shown(seen: Seen) -> wire.Appeal:
    same = {name: getattr(seen.appeal, name) for name in SAME}
    beside = {name: seen.row[name] for name in BESIDE}
    return wire.Appeal.model_validate({**same, **beside, "settled_by": seen.row["settler"], "may": seen.may})


def _made(appeal: Appeal) -> wire.AppealMade:
    return wire.AppealMade.model_validate({name: getattr(appeal, name) for name in wire.AppealMade.model_fields})
