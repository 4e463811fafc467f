"""Serves documents as PDF over HTTP."""

from __future__ import annotations

from services.access.rights import Right
from services.prints import wire
from services.prints.actions import Prints
from services.prints.press import FontMissing, NotPrinted
from services.web.http import Asked, Streamed, route
from services.web.ranges import send_bytes
from services.web.shapes import Id

PDF = "application/pdf"
WORLD = (FontMissing, NotPrinted)


class PrintRoutes:
    """Documents with the centre's head: what a person signs, files or hands over."""

    def __init__(self, prints: Prints) -> None:
        self._prints = prints

    @route("GET", "/api/tickets/{ticket_id}/print", right=Right.TICKETS_READ, raises=WORLD, produces=PDF)
    async def ticket(self, asked: Asked, ticket_id: Id, query: wire.PrintQuery) -> Streamed:
        """A case with its history, as a document."""
        made = await self._prints.ticket(asked.by, ticket_id, query.language)
        return send_bytes(made, content_type=PDF, filename=f"ticket-{ticket_id}.pdf")

    @route("GET", "/api/tickets/{ticket_id}/story/print", right=Right.TICKETS_READ, raises=WORLD, produces=PDF)
    async def story(self, asked: Asked, ticket_id: Id, query: wire.PrintQuery) -> Streamed:
        """Everything that happened to a case and was decided about it (SPEC M1), as a document."""
        made = await self._prints.story(asked.by, ticket_id, query.language)
        return send_bytes(made, content_type=PDF, filename=f"story-{ticket_id}.pdf")

    @route("GET", "/api/orders/{order_id}/print", right=(Right.ORDERS_READ, Right.ORDERS_ANSWER), raises=WORLD, produces=PDF)
    async def order(self, asked: Asked, order_id: Id, query: wire.PrintQuery) -> Streamed:
        """A work order with its history, as a document."""
        made = await self._prints.order(asked.by, order_id, query.language)
        return send_bytes(made, content_type=PDF, filename=f"order-{order_id}.pdf")

    @route("GET", "/api/warnings/{warning_id}/print", right=(Right.ORDERS_READ, Right.ORDERS_ANSWER), raises=WORLD, produces=PDF)
    async def warning(self, asked: Asked, warning_id: Id, query: wire.PrintQuery) -> Streamed:
        """The written warning that went with a second dispatch (SPEC N5), as a document."""
        made = await self._prints.warning(asked.by, warning_id, query.language)
        return send_bytes(made, content_type=PDF, filename=f"warning-{warning_id}.pdf")
