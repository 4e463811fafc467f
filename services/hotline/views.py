"""Shows what the manager hotline decided about a case, and the whole of its history as one story."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.hotline.store import QUERIES
from services.now import Clock
from services.store.db import Pool, Row, connection
from services.tickets import store as tickets

SHOWN = 200  # decisions of one case
TOLD = 300  # rows of a story, the newest


@dataclass(frozen=True, slots=True)
class Story:
    """What happened, oldest first; ``left_off``: there was more before it."""

    rows: Sequence[Row]
    left_off: bool


@dataclass(frozen=True, slots=True)
class Views:
    """Whoever may read cases reads these: no text that a caller said stands in them."""

    pool: Pool
    clock: Clock

    async def decisions(self, ticket: int) -> Sequence[Row]:
        """Raises NotFound."""
        async with connection(self.pool) as taken:
            await tickets.load(taken, ticket)
            return await QUERIES.of_ticket.fetch(taken, ticket=ticket, limit=SHOWN)

    async def story(self, ticket: int, limit: int = TOLD) -> Story:
        """The newest rows of it. Raises NotFound."""
        async with connection(self.pool) as taken:
            await tickets.load(taken, ticket)
            rows = await QUERIES.story.fetch(taken, ticket=ticket, now=self.clock.now(), limit=limit + 1)
        return Story(rows[:limit][::-1], len(rows) > limit)
