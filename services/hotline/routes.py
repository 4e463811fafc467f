"""Serves the manager hotline's decisions and a case's whole story over HTTP (SPEC M1)."""

from __future__ import annotations

from decimal import Decimal

from services.access.rights import Right
from services.errors import Conflict, NotAllowed, Stale
from services.hotline import wire
from services.hotline.actions import Conclusion, Hotline, Step
from services.hotline.views import Views
from services.orders.model import Dispatch
from services.store.db import Row
from services.tickets.wire import ReasonBody
from services.web.http import Asked, route
from services.web.shapes import Id

CLASH = (Conflict, Stale, NotAllowed)
"""Somebody was first, or its state or level does not allow it."""


class HotlineRoutes:
    """What the manager hotline decides. Each answers with the decisions as they are then."""

    def __init__(self, hotline: Hotline, views: Views) -> None:
        self._hotline = hotline
        self._views = views

    @route("GET", "/api/tickets/{ticket_id}/decisions", right=Right.TICKETS_READ)
    async def decisions(self, asked: Asked, ticket_id: Id) -> wire.Decisions:
        """Every decision about the case, in its order."""
        return await self._wire(asked, ticket_id)

    @route("GET", "/api/tickets/{ticket_id}/story", right=Right.TICKETS_READ)
    async def story(self, asked: Asked, ticket_id: Id) -> wire.Story:
        """The whole history of the case as one story: its steps, orders, reviews, calls and clocks that ran out."""
        del asked
        story = await self._views.story(ticket_id)
        names = wire.StoryRow.model_fields
        rows = [wire.StoryRow.model_validate({name: row[name] for name in names}) for row in story.rows]
        return wire.Story(rows=rows, left_off=story.left_off)

    @route("POST", "/api/tickets/{ticket_id}/overrule", right=Right.HOTLINE, raises=CLASH)
    async def overrule(self, asked: Asked, ticket_id: Id, body: wire.OverruleBody) -> wire.Decisions:
        """A step of the case, or of one of its orders, does not stand."""
        await self._hotline.overrule(ticket_id, body.version, Step(body.step, body.order), body.reason, by=asked.by)
        return await self._wire(asked, ticket_id)

    @route("POST", "/api/tickets/{ticket_id}/hotline-order", right=Right.HOTLINE, raises=CLASH)
    async def order(self, asked: Asked, ticket_id: Id, body: wire.HotlineOrderBody) -> wire.Decisions:
        """A work order to whichever department; it leaves at once."""
        names = ("department", "task", "leads", "urgent", "hours", "reason")
        wanted = Dispatch(**{name: getattr(body, name) for name in names})
        await self._hotline.order(ticket_id, body.version, wanted, key=body.key, by=asked.by)
        return await self._wire(asked, ticket_id)

    @route("POST", "/api/tickets/{ticket_id}/compensation", right=Right.HOTLINE, raises=CLASH)
    async def compensate(self, asked: Asked, ticket_id: Id, body: wire.CompensationBody) -> wire.Decisions:
        """What the customer gets; above the limit it waits for another manager."""
        await self._hotline.compensate(ticket_id, body.version, Decimal(body.amount), body.reason, by=asked.by)
        return await self._wire(asked, ticket_id)

    @route("POST", "/api/tickets/{ticket_id}/compensation/answer", right=Right.HOTLINE, raises=CLASH)
    async def answer(self, asked: Asked, ticket_id: Id, body: wire.CompensationAnswer) -> wire.Decisions:
        """Another manager agrees to an amount, or does not."""
        await self._hotline.answer(ticket_id, body.version, body.decision, body.reason, granted=body.granted, by=asked.by)
        return await self._wire(asked, ticket_id)

    @route("POST", "/api/tickets/{ticket_id}/conclude", right=Right.HOTLINE, raises=CLASH)
    async def conclude(self, asked: Asked, ticket_id: Id, body: wire.ConcludeBody) -> wire.Decisions:
        """Close the case."""
        said = Conclusion(body.answer, body.closing)
        await self._hotline.conclude(ticket_id, body.version, said, body.reason, by=asked.by)
        return await self._wire(asked, ticket_id)

    @route("POST", "/api/tickets/{ticket_id}/reopen", right=Right.HOTLINE, raises=CLASH)
    async def reopen(self, asked: Asked, ticket_id: Id, body: ReasonBody) -> wire.Decisions:
        """Open a closed case again."""
        await self._hotline.reopen(ticket_id, body.version, body.reason, by=asked.by)
        return await self._wire(asked, ticket_id)

    async def _wire(self, asked: Asked, ticket: int) -> wire.Decisions:
        limits = self._hotline.limits
        decisions = [_decision(row, asked.by.id) for row in await self._views.decisions(ticket)]
        return wire.Decisions(decisions=decisions, currency=limits.currency, limit=limits.alone)


def _decision(row: Row, reader: int) -> wire.Decision:
    plain = wire.Decision.model_fields.keys() - {"own", "amount", "waits"}
    waits = row["kind"] == "compensate" and row["approved_by"] is None and row["answer"] is None and not row["fallen"]
    return wire.Decision.model_validate(
        {
            **{name: row[name] for name in plain},
            "own": row["person_id"] == reader,
            "amount": None if row["amount"] is None else str(row["amount"]),
            "waits": waits,
        }
    )
