"""Defines the shapes of supplementary appeals on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from services.appeals.model import State
from services.appeals.workflow import Action
from services.orders.wire import Key, Reason, Task, Version
from services.web.shapes import Id, Moment, Text10k, Wire

CallId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{1,32}-[0-9]{1,12}\.[0-9]{1,12}$")]


class Appeal(Wire):
    """What a customer adds to a case. ``while_open``: before the case was closed."""

    id: int
    ticket_id: int
    call_id: str | None
    text: str
    state: State
    version: int
    author: str
    made_at: datetime
    while_open: bool
    answer: str = Field(description="what the customer was answered, or why it was chased, withdrawn or dropped")
    settled_by: str | None
    settled_at: datetime | None
    verb: Literal["chase", "withdraw"] | None = Field(description="of the paper that it led to")
    paper_state: Literal["waiting", "sent_back", "left", "dropped"] | None
    order_id: int | None
    order_number: str | None
    may: list[Action]


class AppealDraft(Wire):
    """The call's draft, which is no case of its own: it is discarded."""

    id: Id
    version: Version


class AppealNew(Wire):
    """Without ``text`` it is what stands in the draft. ``key`` makes a repeated POST return the first appeal."""

    key: Key
    text: Text10k = ""
    call: CallId | None = None
    draft: AppealDraft | None = None


class AppealAnswer(Wire):
    version: Version
    answer: Task


class AppealReason(Wire):
    version: Version
    reason: Reason


class AppealWithdraw(AppealReason):
    """``order`` and its version as they were seen."""

    order: Id
    order_version: Version


class AppealChase(AppealWithdraw):
    task: Task
    urgent: bool
    until: Moment | None = None


class AppealMade(Wire):
    """What became of an appeal; the list has the rest of it."""

    id: int
    ticket_id: int
    state: State
    version: int
    text: str
    call_id: str | None
