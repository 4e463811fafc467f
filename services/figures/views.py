"""Shows how the juniors' papers and the departments' orders came out, and the very papers and orders behind each figure (SPEC N1,
N5, O8).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from services.access import policy
from services.access.actor import LoggedIn
from services.access.policy import Act, Whose
from services.errors import NotFound
from services.figures.model import OrderFigure, PaperFigure, Span
from services.now import Clock
from services.orders.policy import relation
from services.store.db import Pool, Row, connection
from services.store.queries import load_queries

QUERIES = load_queries(Path(__file__).parent / "figures.sql")

MOST = 500  # people, or departments, in one table


@dataclass(frozen=True, slots=True)
class Figures:
    """A department's people see their own department's, and of that every figure that the centre sees."""

    pool: Pool
    clock: Clock

    async def juniors(self, span: Span) -> Sequence[Row]:
        """A row for each author of papers that were reviewed."""
        async with connection(self.pool) as taken:
            return await QUERIES.juniors.fetch(taken, limit=MOST, **asdict(span))

    async def papers(self, author: int, figure: PaperFigure, span: Span, limit: int) -> Sequence[Row]:
        """The papers that this figure of the person counts."""
        async with connection(self.pool) as taken:
            return await QUERIES.papers.fetch(taken, author=author, figure=str(figure), limit=limit, **asdict(span))

    async def departments(self, who: LoggedIn, span: Span) -> Sequence[Row]:
        """A row for each department; for a department's own people theirs alone."""
        only = None if policy.may(who, Act.DEPARTMENT_FIGURES, Whose.OTHERS) else who.person.department
        if only is None and not policy.may(who, Act.DEPARTMENT_FIGURES, Whose.OTHERS):
            return []
        async with connection(self.pool) as taken:
            return await QUERIES.departments.fetch(taken, department=only, now=self.clock.now(), **asdict(span))

    async def orders(self, who: LoggedIn, department: int, figure: OrderFigure, span: Span, limit: int) -> Sequence[Row]:
        """The orders that this figure of the department counts. Raises NotFound for one that is not theirs to see."""
        if not policy.may(who, Act.DEPARTMENT_FIGURES, relation(who, department)):
            raise NotFound
        values = {"department": department, "now": self.clock.now(), "limit": limit, **asdict(span)}
        async with connection(self.pool) as taken:
            if figure is OrderFigure.WARNED:
                return await QUERIES.warned.fetch(taken, **values)
            return await QUERIES.orders.fetch(taken, figure=str(figure), **values)
