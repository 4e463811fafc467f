"""Serves the board, and takes the state that an agent wants."""

from __future__ import annotations

from services.access.rights import Right
from services.errors import NotAllowed, SwitchAway
from services.floor import wire
from services.floor.board import Floor
from services.floor.presence import Presence
from services.web.http import Asked, route


class BoardRoutes:
    def __init__(self, floor: Floor, presence: Presence) -> None:
        self._floor = floor
        self._presence = presence

    @route("GET", "/api/board", right=Right.BOARD, without_database=True)
    async def show(self, asked: Asked) -> wire.Board:
        """Who is doing what now, and today's figures; the same comes over the websocket at every change."""
        return self._floor.board(asked.by.id)

    @route("PUT", "/api/me/state", right=Right.DESK, raises=(NotAllowed, SwitchAway), without_database=True)
    async def want(self, asked: Asked, body: wire.WantedStateBody) -> wire.Board:
        """Ready, paused with a reason, or away. Kept while the switch is away, and said to it when it is back."""
        await self._presence.want(asked.by.id, body.state, body.reason)
        return self._floor.board(asked.by.id)
