"""Shows each person what waits for them, and whoever oversees the cases where each open one stands (SPEC N9).

A home is a few queries, each of them bounded by an index whatever lies in the archive; a test counts them. The stages of all
open cases are the same for everybody, and are counted once for all who ask meanwhile: every home that shows them asks again at
each change of a case.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path

from services.access.actor import LoggedIn
from services.access.rights import Right
from services.clocks import store as clocks
from services.clocks.model import standing
from services.homes.model import BOUNCES, LEVELS, Filled, Home, Mark, Shown, Stage, StageFigure, Tray, trays
from services.homes.together import Together
from services.now import Clock
from services.store.db import Connection, Pool, Row, connection
from services.store.queries import load_queries
from services.tickets.levels import Level

QUERIES = load_queries(Path(__file__).parent / "homes.sql")

MOST = 100  # of a tray: counted so far, and said with a plus behind it
SHOWN = 6  # of a tray: what is next; the room behind it shows all
LOOKED_THROUGH = 20_000  # open cases, and as many drafts: up to a quarter of a second of the database; what is more is said
STUCK_HOURS = 24


@dataclass(frozen=True, slots=True)
class Homes:
    """``refusals``: how often a department may send an order back before the final arbiter decides. ``looked_through``: of more
    open cases those are looked at whose clocks end first.
    """

    pool: Pool
    clock: Clock
    refusals: int
    looked_through: int = LOOKED_THROUGH
    counts: dict[int, Together[tuple[StageFigure, ...]]] = field(default_factory=dict, compare=False)  # by hours

    async def of(self, who: LoggedIn) -> Home:
        """Everything that waits for this person, and the stages for who oversees them."""
        async with connection(self.pool) as taken:
            rows = await gathered(taken, who, self.refusals)
        stages = await self.stages(STUCK_HOURS) if who.may(Right.OVERSEE) else None
        return Home(self.clock.now(), self._filled(who, rows), stages)

    async def stages(self, hours: int) -> tuple[StageFigure, ...]:
        """How many open cases stand where; stuck is what nobody touched for ``hours``. Who waits for it holds no connection."""
        if hours not in self.counts:
            self.counts[hours] = Together(partial(self._stages, hours))
        return await self.counts[hours].get()

    async def open_cases(
        self, *, stage: Stage | None, mark: Mark | None, department: int | None, hours: int, limit: int
    ) -> Sequence[Row]:
        """The very cases behind the figures, the one whose clock ends first before the others."""
        async with connection(self.pool) as taken:
            return await QUERIES.open_cases.fetch(
                taken, stage=stage, mark=mark, department=department, limit=limit, **self._looked(hours)
            )

    async def _stages(self, hours: int) -> tuple[StageFigure, ...]:
        async with connection(self.pool) as taken:
            rows = {row["stage"]: row for row in await QUERIES.stages.fetch(taken, **self._looked(hours))}
        names = ("cases", "late", "stuck", "bouncing")
        more = any(row["more"] for row in rows.values())
        return tuple(
            StageFigure(stage=stage, more=more, **{name: rows[stage][name] if stage in rows else 0 for name in names})
            for stage in Stage
        )

    def _looked(self, hours: int) -> dict[str, object]:
        now = self.clock.now()
        return {"most": self.looked_through, "now": now, "before": now - timedelta(hours=hours), "bounces": BOUNCES}

    def _filled(self, who: LoggedIn, rows: Iterable[Row]) -> tuple[Filled, ...]:
        by_tray: dict[str, list[Row]] = {tray: [] for tray in trays(who)}
        for row in rows:
            by_tray[row["tray"]].append(row)
        return tuple(
            Filled(Tray(tray), inside[0]["many"] if inside else 0, tuple(map(self._shown, inside)))
            for tray, inside in by_tray.items()
        )

    def _shown(self, row: Row) -> Shown:
        if row.get("rule") is None:
            return Shown(row, None, None)
        deadline = clocks.deadline_of(row)
        return Shown(row, deadline, standing(deadline, self.clock.now()))


async def gathered(taken: Connection, who: LoggedIn, refusals: int) -> list[Row]:
    """The rows of all trays that this person's rights open: a query for each part of the work, none for each thing."""
    found: list[Row] = []
    size = {"most": MOST, "shown": SHOWN}
    reviews, arbitrates = who.may(Right.ORDERS_REVIEW), who.may(Right.ORDERS_ARBITRATE)
    mine = trays(who)
    if levels := [str(level) for level, tray in LEVELS.items() if tray in mine]:
        found += await QUERIES.to_take.fetch(taken, levels=levels, trays=[str(LEVELS[Level(level)]) for level in levels], **size)
    if Tray.CASES in mine:
        found += await QUERIES.cases.fetch(taken, person=who.id, **size)
    if who.may(Right.TICKETS_WRITE):
        found += await QUERIES.unfinished.fetch(taken, person=who.id, **size)
    if who.may(Right.ORDERS_WRITE):
        found += await QUERIES.papers.fetch(taken, person=who.id, reviews=reviews, **size)
        found += await QUERIES.orders.fetch(
            taken, person=who.id, reviews=reviews, arbitrates=arbitrates, refusals=refusals, **size
        )
    if who.may(Right.ORDERS_ANSWER):
        found += await QUERIES.department.fetch(taken, department=who.person.department, **size)
    if who.may(Right.RECORDINGS_LISTEN):
        found += await QUERIES.calls.fetch(taken, **size)
    return found
