"""Serves over HTTP how the juniors' papers and the departments' orders came out, and what stands behind each figure."""

from __future__ import annotations

from services.access.rights import Right
from services.figures import wire
from services.figures.model import DEPARTMENTS, JUNIORS, Span, span
from services.figures.views import Figures
from services.now import Clock
from services.orders.wire import OrderDepartment
from services.store.db import Row
from services.web.http import Asked, route
from services.web.shapes import Id
from services.web.shapes import Span as Asking


class FigureRoutes:
    def __init__(self, figures: Figures, clock: Clock) -> None:
        self._figures = figures
        self._clock = clock

    @route("GET", "/api/assessments", right=Right.OVERSEE)
    async def assessments(self, asked: Asked, query: wire.FiguresQuery) -> wire.Assessments:
        """How each person's papers came out in the second review (SPEC N1)."""
        over = self._span(query)
        rows = await self._figures.juniors(over)
        people = [wire.Assessed(person=row["id"], **{name: row[name] for name in ASSESSED}) for row in rows]
        return wire.Assessments(begin=over.begin, end=over.end, formula=JUNIORS, people=people)

    @route("GET", "/api/assessments/{author_id}", right=Right.OVERSEE)
    async def papers(self, asked: Asked, author_id: Id, query: wire.PapersQuery) -> list[wire.AssessedPaper]:
        """The very papers that a figure of that person counts, the newest review first."""
        return [_paper(row) for row in await self._figures.papers(author_id, query.figure, self._span(query), query.limit)]

    @route("GET", "/api/department-figures", right=(Right.OVERSEE, Right.ORDERS_ANSWER))
    async def departments(self, asked: Asked, query: wire.FiguresQuery) -> wire.DepartmentsFigures:
        """What each department's orders came to; whoever works for one sees its own."""
        over = self._span(query)
        rows = [_department(row) for row in await self._figures.departments(asked.by, over)]
        return wire.DepartmentsFigures(begin=over.begin, end=over.end, formula=DEPARTMENTS, departments=rows)

    @route("GET", "/api/department-figures/{department_id}", right=(Right.OVERSEE, Right.ORDERS_ANSWER))
    async def orders(self, asked: Asked, department_id: Id, query: wire.OrdersBehindQuery) -> list[wire.OrderBehind]:
        """The very orders that a figure of that department counts, the newest first."""
        rows = await self._figures.orders(asked.by, department_id, query.figure, self._span(query), query.limit)
        return [wire.OrderBehind.model_validate(dict(row)) for row in rows]

    def _span(self, asking: Asking) -> Span:
        return span(asking.begin, asking.end, self._clock.now())


ASSESSED = wire.Assessed.model_fields.keys() - {"person"}


def _named(row: Row) -> OrderDepartment:
    return OrderDepartment(code=row["code"], zh=row["zh"], en=row["en"])


def _paper(row: Row) -> wire.AssessedPaper:
    plain = wire.AssessedPaper.model_fields.keys() - {"review", "department"}
    return wire.AssessedPaper(review=row["id"], department=_named(row), **{name: row[name] for name in plain})


def _department(row: Row) -> wire.DepartmentFigures:
    plain = ("dispatched", "returned", "in_time", "late", "done", "first_right", "refused", "warned")
    return wire.DepartmentFigures(
        department_id=row["id"],
        department=_named(row),
        in_time_share=_share(row["in_time"], row["in_time"] + row["late"]),
        first_right_share=_share(row["first_right"], row["done"]),
        **{name: row[name] for name in plain},
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
