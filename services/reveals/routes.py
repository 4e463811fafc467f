"""Serves personal data on demand over HTTP."""

from __future__ import annotations

from dataclasses import asdict

from services.access.rights import Right
from services.errors import NotFound
from services.reveals import wire
from services.reveals.actions import Reveals
from services.web.http import Asked, route


class RevealRoutes:
    """What is masked for one's role, of one thing at a time."""

    def __init__(self, reveals: Reveals) -> None:
        self._reveals = reveals

    @route("POST", "/api/reveals", right=(Right.PERSONAL_ASK, Right.ORDERS_ANSWER), in_clear=True, raises=(NotFound,))
    async def show(self, asked: Asked, body: wire.RevealBody) -> wire.Revealed:
        """The customer's number, name and address in clear. Each time is audited; a department asks of its open orders only."""
        return wire.Revealed(**asdict(await self._reveals.show(asked.by, body.thing, body.id)))
