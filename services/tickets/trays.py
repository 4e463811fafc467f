"""Shows the trays: what of each level waits to be taken, and what is in whose hands; the most urgent clock first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from services.access.actor import LoggedIn
from services.clocks import store as clocked
from services.clocks.model import Deadline, Standing, standing
from services.errors import Forbidden
from services.now import Clock
from services.store.db import Pool, Row, connection, transaction
from services.store.queries import load_queries
from services.tickets.levels import Level
from services.tickets.policy import TRAYS, possible
from services.tickets.views import place_of
from services.tickets.workflow import Action

QUERIES = load_queries(Path(__file__).parent / "trays.sql")

SHOWN = 200
"""Cases that one look shows: whoever has more than that before them begins with these."""

Which = Literal["tray", "mine", "others"]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A case in a tray or in somebody's hands, its nearest clock if one runs, and what the reader can do with it."""

    row: Row
    clock: tuple[Deadline, Standing] | None
    may: Sequence[Action]


@dataclass(frozen=True, slots=True)
class Trays:
    """Each person is shown the trays from which they may take."""

    pool: Pool
    clock: Clock

    async def counts(self, who: LoggedIn) -> Sequence[Row]:
        levels = [level for level, right in TRAYS.items() if who.may(right)]
        async with connection(self.pool) as taken:
            return await QUERIES.counts.fetch(taken, person=who.id, levels=levels)

    async def page(self, who: LoggedIn, level: Level, which: Which) -> Sequence[Waiting]:
        """Raises Forbidden for another level's."""
        if not who.may(TRAYS[level]):
            raise Forbidden("this tray is for people of another level")
        async with transaction(self.pool) as taken:
            await taken.execute("set local plan_cache_mode = force_custom_plan")
            rows = await QUERIES.page.fetch(taken, person=who.id, level=str(level), which=which, limit=SHOWN)
        return [Waiting(row, self._clock(row), possible(who, place_of(row))) for row in rows]

    def _clock(self, row: Row) -> tuple[Deadline, Standing] | None:
        if row["rule"] is None:
            return None
        deadline = clocked.deadline_of({**row, "state": row["clock_state"]})
        return deadline, standing(deadline, self.clock.now())
