"""Defines the shapes of work orders, their papers and reviews on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from services.clocks.wire import Deadline
from services.departments.wire import Hours
from services.orders.model import Mark, Paper, State, Verb, Verdict
from services.orders.policy import Step
from services.web.shapes import MANY_LINES, AnAddress, AName, ANumberText, Changed, Id, Moment, Text400, Wire

Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{8,64}$")]
Version = Annotated[int, Field(ge=1, le=2**31 - 1)]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=400, strip_whitespace=True, pattern=MANY_LINES)]
Task = Annotated[str, StringConstraints(min_length=1, max_length=10_000, strip_whitespace=True, pattern=MANY_LINES)]


class DispatchBody(Wire):
    """``version`` is the ticket's. ``hours`` null: the department's own limit. The same ``key`` again returns the first order."""

    key: Key
    version: Version
    department: Id
    task: Task
    leads: bool = True
    urgent: bool = False
    hours: Hours | None = None
    reason: Text400 = ""


class RedirectBody(Wire):
    """``version`` is the order's: it is withdrawn, and another department gets one."""

    version: Version
    department: Id
    task: Task
    urgent: bool = False
    hours: Hours | None = None
    reason: Reason


class SecondBody(Wire):
    version: Version
    department: Id
    task: Task
    urgent: bool = False
    hours: Hours | None = None
    reason: Reason
    warning: Task = Field(description="the written warning to the department, on record for its assessment")


class ChaseBody(Wire):
    """What is asked from now on; ``until`` null: the deadline stays."""

    version: Version
    task: Task
    urgent: bool
    until: Moment | None = None
    reason: Reason


class PaperBody(Wire):
    """A paper written anew. ``version`` is the paper's; ``hours`` is a dispatch's, ``until`` a chase's."""

    version: Version
    task: Task
    urgent: bool
    hours: Hours | None = None
    until: Moment | None = None
    reason: Text400 = ""


class ReviewBody(Wire):
    """Of this version of the paper, with a reason for all but ``approve``. ``marks``: how its author did (SPEC N1)."""

    version: Version
    verdict: Verdict
    reason: Text400 = ""
    marks: Annotated[list[Mark], Field(max_length=len(Mark), default_factory=list)]


class OrderStep(Wire):
    version: Version
    note: Text400 = ""


class OrderReason(Wire):
    version: Version
    reason: Reason


class OrderAnswer(Wire):
    version: Version
    answer: Task


class OrderRedo(Wire):
    version: Version
    hours: Hours
    reason: Reason


class ExtensionBody(Wire):
    version: Version
    until: Moment
    reason: Reason


class ExtensionDecision(Wire):
    version: Version
    granted: bool
    note: Text400 = ""


class OrdersQuery(Wire):
    """Few orders a page: each may hold the longest texts."""

    limit: Annotated[int, Field(ge=1, le=40)] = 20
    after: Id | None = None
    over: Literal["yes"] | None = None


class OrderJournalQuery(Wire):
    limit: Annotated[int, Field(ge=1, le=40)] = 40
    after: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0


class OrderPaper(Wire):
    """``may``: rewrite, drop, review. ``verdict``: its last review's, of whatever version."""

    id: int
    verb: Verb
    version: int
    state: Paper
    author: str
    task: str
    urgent: bool
    hours: int | None
    until: datetime | None
    reason: str
    written_at: datetime
    ended_at: datetime | None
    verdict: Verdict | None
    review_reason: str | None
    reviewer: str | None
    reviewed_at: datetime | None
    may: list[str]


class OrderExtension(Wire):
    asked_at: datetime
    asked_by: str
    until: datetime
    reason: str
    granted: bool | None
    decided_by: str | None
    decided_at: datetime | None
    note: str


class OrderWarning(Wire):
    id: int
    number: str
    text: str
    at: datetime
    by: str


class OrderReminder(Wire):
    """A step of the ladder, or one by hand (``urge``); ``sent_at`` null: it is still to come."""

    step: Literal["warning", "reminder", "notice", "criticism", "urge"]
    planned_at: datetime
    sent_at: datetime | None
    by: str | None = Field(description="who reminded; null: the system")
    note: str


class WarningsQuery(Wire):
    limit: Annotated[int, Field(ge=1, le=40)] = 40
    after: Id | None = None


class OrderDepartment(Wire):
    code: str
    zh: str
    en: str


class WarningRow(Wire):
    """A row of the register of written warnings."""

    id: int
    number: str
    at: datetime
    by: str
    department: OrderDepartment
    order: int
    order_number: str | None
    ticket: str | None
    text: str


class Order(Wire):
    """``papers`` are the centre's own: a department is shown none. ``may``: the steps that the reader can take."""

    id: int
    number: str | None
    ticket_id: int
    ticket: str | None
    department_id: int
    department: OrderDepartment
    leads: bool
    second_of: int | None
    state: State
    version: int
    author: str
    made_at: datetime
    task: str
    urgent: bool
    hours: int
    due_at: datetime | None
    issued_at: datetime | None
    accepted_at: datetime | None
    refusals: int
    binding: bool
    answer: str
    returned_at: datetime | None
    ended_at: datetime | None
    customer_name: AName = Field(description="as the department needs it")
    address: AnAddress
    contact_number: ANumberText
    evidence: int = Field(description="how many files the department has handed in")
    deadline: Deadline | None
    papers: list[OrderPaper]
    extensions: list[OrderExtension]
    warning: OrderWarning | None
    reminders: list[OrderReminder]
    may: list[Step]


class Linked(Wire):
    """Where a link leads, and what time it is here."""

    order: int
    server_time: datetime


class OrderJournalRow(Wire):
    seq: int
    at: datetime
    by: str | None
    action: str
    changes: Changed
    note: str


class ReviewRow(Wire):
    """A paper that waits for a second review."""

    paper: int
    version: int
    order: int
    ticket_id: int
    ticket: str | None
    verb: Verb
    urgent: bool
    written_at: datetime
    received_at: datetime
    kind: str | None
    business: str | None
    nature: str | None
    tier: str | None
    author: str
    department: OrderDepartment
