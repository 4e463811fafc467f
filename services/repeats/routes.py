"""Serves likely repeats over HTTP (SPEC A4)."""

from __future__ import annotations

from services.access.rights import Right
from services.repeats import wire
from services.repeats.actions import Found, Repeats
from services.web.http import Asked, route
from services.web.shapes import Id


class RepeatRoutes:
    def __init__(self, repeats: Repeats) -> None:
        self._repeats = repeats

    @route("GET", "/api/tickets/{ticket_id}/repeats", right=Right.TICKETS_READ)
    async def of_ticket(self, _: Asked, ticket_id: Id) -> list[wire.Repeat]:
        """Earlier cases that it is likely to repeat, the likeliest first, and why; and what a person said to them."""
        return [_shown(one) for one in await self._repeats.of_ticket(ticket_id)]


def _shown(found: Found) -> wire.Repeat:
    row, likeness, verdict = found.row, found.likeness, found.verdict
    signs = likeness.signs if likeness else ()
    return wire.Repeat(
        of=row["of_id"] if likeness is None else row["id"],
        number=row["number"],
        state=row["state"],
        received_at=row["received_at"],
        summary=row["summary"],
        score=likeness.score if likeness else None,
        signs=[wire.RepeatSign(sign=sign, strength=strength) for sign, strength in signs],
        days=likeness.days if likeness else None,
        verdict=verdict["verdict"] if verdict else None,
        judged_by=verdict["by"] if verdict else None,
    )
