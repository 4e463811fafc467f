"""Defines the shapes of what is counted of papers and orders, on the wire."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from services.figures.model import OrderFigure, PaperFigure
from services.orders.model import Mark, State, Verb, Verdict
from services.orders.wire import OrderDepartment
from services.web.shapes import Limit, Span, Wire


class FiguresQuery(Span):
    """Left open: the last thirty days. Longer than 400 days is cut at its beginning."""


class PapersQuery(Span):
    figure: PaperFigure = PaperFigure.REVIEWED
    limit: Limit = 100


class OrdersBehindQuery(Span):
    figure: OrderFigure = OrderFigure.DISPATCHED
    limit: Limit = 100


class Assessed(Wire):
    """How the papers of one person came out in the second review."""

    person: int
    name: str
    reviewed: int
    sent_back: int
    right: int
    late: int
    wrong_class: int
    wrong_sent: int


class Assessments(Wire):
    begin: datetime
    end: datetime
    formula: str
    people: list[Assessed]


class AssessedPaper(Wire):
    """A paper behind such a figure, as one review found it."""

    review: int
    paper: int
    order: int
    ticket_id: int
    ticket: str | None
    verb: Verb
    department: OrderDepartment
    verdict: Verdict
    marks: list[Mark]
    reason: str
    reviewer: str
    at: datetime


class DepartmentFigures(Wire):
    """What the orders of one department came to. A share is null where there is nothing to divide by."""

    department_id: int
    department: OrderDepartment
    dispatched: int
    returned: int
    in_time: int
    late: int
    in_time_share: float | None = Field(description="in time of those that came back or ran out")
    done: int
    first_right: int
    first_right_share: float | None = Field(description="of those that the centre was content with")
    refused: int
    warned: int


class DepartmentsFigures(Wire):
    begin: datetime
    end: datetime
    formula: str
    departments: list[DepartmentFigures]


class OrderBehind(Wire):
    """An order behind such a figure."""

    id: int
    number: str | None
    ticket_id: int
    ticket: str | None
    state: State
    issued_at: datetime | None
    due_at: datetime | None
    returned_at: datetime | None
    refusals: int
    late: bool
    first_right: bool
    warning: str | None = Field(description="number of the written warning that went with it")
