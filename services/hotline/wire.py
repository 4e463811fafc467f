"""Defines the shapes of the manager hotline on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from services.departments.wire import Hours
from services.hotline.model import DecisionKind
from services.tickets.wire import Reason
from services.web.shapes import MANY_LINES, Changed, Code, Id, Text10k, Wire

Version = Annotated[int, Field(ge=1, le=2**31 - 1)]
Amount = Annotated[str, StringConstraints(pattern=r"^(0|[1-9][0-9]{0,8})(\.[0-9]{1,2})?$")]
Seq = Annotated[int, Field(ge=1, le=2**31 - 1)]


class OverruleBody(Wire):
    """``step``: a row of the case's journal, or, with ``order``, of that order's."""

    version: Version
    step: Seq
    order: Id | None = None
    reason: Reason


class HotlineOrderBody(Wire):
    """``version`` is the case's. The same ``key`` again returns the first order."""

    key: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{8,64}$")]
    version: Version
    department: Id
    task: Annotated[str, StringConstraints(min_length=1, max_length=10_000, strip_whitespace=True, pattern=MANY_LINES)]
    leads: bool = True
    urgent: bool = False
    hours: Hours | None = None
    reason: Reason


class CompensationBody(Wire):
    """``amount`` in the centre's currency, exactly, as a decimal number."""

    version: Version
    amount: Amount
    reason: Reason


class CompensationAnswer(Wire):
    """Another manager's, to the decision ``decision`` of this case."""

    version: Version
    decision: Seq
    granted: bool
    reason: Reason


class ConcludeBody(Wire):
    """``answer``: what the customer was told; '': as it stands in the case. ``closing``: ``confirmed`` (the customer says that it
    is settled), or a code of the centre's reasons for closing without; a suggestion needs neither."""

    version: Version
    answer: Text10k = ""
    closing: Code | None = None
    reason: Reason


class Decision(Wire):
    """``overruled``: what was done by the step that does not stand. ``answer``: what another manager said to an amount, null:
    nothing yet, or nobody needs to.
    """

    seq: int
    kind: DecisionKind
    by: str
    own: bool = Field(description="whoever asks took it")
    at: datetime
    reason: str
    step: int | None
    order_id: int | None
    order_number: str | None
    order_step: int | None
    overruled: str | None
    amount: str | None
    currency: str | None
    answers: int | None
    approved_by: str | None
    answer: Literal["approve", "deny"] | None
    answered_by: str | None
    waits: bool = Field(description="an amount that another manager has not answered yet")


class Decisions(Wire):
    decisions: list[Decision]
    currency: str
    limit: int = Field(description="up to which one manager decides alone")


class StoryRow(Wire):
    """``what`` says what kind of thing was done; ``step`` the row of its journal, which a decision can overrule. ``about``: a
    paper's verb, a clock's rule, how a call ended.
    """

    at: datetime
    what: Literal["case", "order", "review", "extension", "call", "clock"]
    action: str
    by: str | None
    note: str
    changes: Changed
    step: int | None
    order_id: int | None
    order_number: str | None
    zh: str | None
    en: str | None
    call_id: str | None
    about: str | None


class Story(Wire):
    """Oldest first; ``left_off``: there was more before it."""

    rows: list[StoryRow]
    left_off: bool
