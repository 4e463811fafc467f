"""Defines the shapes of a home, and of the open cases by their stages, on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from services.clocks.wire import Deadline
from services.homes.model import Mark, Stage, Tray
from services.orders.wire import OrderDepartment
from services.web.shapes import AName, ANumberText, Id, Limit, Wire

Hours = Annotated[int, Field(ge=1, le=720)]


class HomeRow(Wire):
    """``id``: of the case, paper, order or call that the tray is about. ``said``: its kind, verb, state or outcome."""

    id: str
    ticket_id: int | None
    number: str | None = Field(description="the order's, else the case's")
    said: str | None
    customer_name: AName
    customer_number: ANumberText
    author: str | None = Field(description="who wrote the paper, who took the call")
    department: OrderDepartment | None
    since: datetime
    urgent: bool
    deadline: Deadline | None


class HomeTray(Wire):
    tray: Tray
    count: int = Field(description="counted up to 100: more is as much")
    rows: list[HomeRow] = Field(description="the most urgent ones")


class StageFigures(Wire):
    """How many open cases stand in a stage, and how many of them bear each mark."""

    stage: Stage
    cases: int
    late: int
    stuck: int
    bouncing: int
    more: bool = Field(description="more cases are open than the 20,000 looked through: each figure is the least there is")


class Home(Wire):
    """What waits for the reader, tray by tray as their rights open them, full or empty."""

    at: datetime
    trays: list[HomeTray]
    stages: list[StageFigures] | None = Field(description="for who oversees the cases; stuck for a day")


class StagesQuery(Wire):
    hours: Hours = 24


class OpenCasesQuery(Wire):
    """``hours``: untouched for so long is stuck."""

    stage: Stage | None = None
    mark: Mark | None = None
    department: Id | None = None
    hours: Hours = 24
    limit: Limit = 100


class OpenCase(Wire):
    """``department``: which has the order that leads, and since when. ``moved_at``: when anything was last done to it."""

    id: int
    number: str | None
    stage: Stage
    kind: str | None
    business: str | None
    nature: str | None
    customer_name: AName
    customer_number: ANumberText
    owner: str | None
    department: OrderDepartment | None
    department_since: datetime | None
    received_at: datetime
    moved_at: datetime
    bounces: int
    ends_at: datetime | None
    late: bool
    stuck: bool
    bouncing: bool
