"""Defines the shapes of the form, its list and its history on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from services.clocks.wire import Deadline
from services.customers.wire import NumberText, Tier, WrittenNumber
from services.web.shapes import Code, Id, Limit, Search, Text10k, Text40, Text80, Text400, Wire

Step = Literal["change", "confirm", "discard", "restore", "close", "dispatch"]
"""What a person can do with a ticket."""


class Evidence(Wire):
    """Which words filled the field: quote, speaker, seconds, and how sure (0..1)."""

    quote: str
    speaker: Literal["caller", "agent"]
    start: float
    end: float
    conf: float


class Source(Wire):
    """Who filled a field. ``unsure``: left empty (or proposed only), the agent is asked to check."""

    by: Literal["agent", "draft", "customer", "call"]
    sure: bool
    conf: float | None
    proposal: str | None = Field(default=None, description="an unsure value: shown, never filled in")
    evidence: list[Evidence] = []  # noqa: RUF012  pydantic copies it


class Ticket(Wire):
    id: int
    number: str | None
    state: Literal["draft", "open", "closed", "discarded"]
    version: int
    call_id: str | None
    customer_id: int | None
    customer_number: WrittenNumber
    customer_name: str
    kind: str | None
    business: str | None
    nature: str | None
    suggestion: str | None
    description: str
    address: str
    contact_number: str
    answer: str
    sources: dict[str, Source]
    received_at: datetime
    created_by: str | None
    owner: str | None
    owner_id: int | None
    confirmed_at: datetime | None
    confirmed_by: str | None
    changed_at: datetime
    drafting: Literal["none", "waiting", "done", "no_speech", "failed"] = Field(description="how far the words of the call are")
    may: list[Step] = Field(description="what who asks can do with it now")
    deadlines: list[Deadline] = Field(description="its clocks as they began, those that ended too")
    wants: list[str] = Field(description="fields that the next step (confirming a draft, closing a case) needs filled")


class TicketRow(Wire):
    id: int
    number: str | None
    state: Literal["draft", "open", "closed", "discarded"]
    version: int
    call_id: str | None
    customer_number: WrittenNumber
    customer_name: str
    tier: Tier | None
    kind: str | None
    business: str | None
    nature: str | None
    suggestion: str | None
    summary: str
    received_at: datetime
    owner: str | None
    may: list[Step] = Field(description="as a ticket's")


class TicketDue(Wire):
    """A clock that runs for one of one's own open cases."""

    id: int
    number: str | None
    kind: str | None
    customer_number: WrittenNumber
    customer_name: str
    deadline: Deadline


class TicketPage(Wire):
    tickets: list[TicketRow]
    next: str | None
    counts: dict[str, int] = Field(description="tickets per state, for the saved views")
    may: list[Literal["create", "export"]] = Field(description="what who asks can do with the list")


AFTER = r"^-?(received~[0-9]{1,16}|number~[A-Z0-9-]{0,20})~[0-9]{1,16}$"


class TicketsQuery(Wire):
    """``owner`` me: one's own. ``q``: a whole ticket or customer number, else text, searched some thousand tickets a page.
    ``sort``: ``-`` is the highest first; a draft's number is the lowest.
    ``after``: the ``next`` of the page before, which goes on in its order.
    """

    limit: Limit = 50
    after: Annotated[str, StringConstraints(pattern=AFTER)] | None = None
    sort: Literal["-received", "received", "-number", "number"] = "-received"
    state: Literal["draft", "open", "closed", "discarded"] | None = None
    owner: Literal["me"] | None = None
    q: Search = ""


class TicketFields(Wire):
    """Only the named fields change; null empties a class field."""

    kind: Code | None = None
    business: Code | None = None
    nature: Code | None = None
    suggestion: Code | None = None
    description: Text10k = ""
    address: Text400 = ""
    contact_number: Text40 = ""
    customer_name: Text80 | Literal[""] = ""
    customer_number: NumberText = ""
    answer: Text10k = ""


class TicketPatch(Wire):
    """Compare and set: 409 with code ``stale`` when ``version`` is no longer the ticket's. Fields absent are left alone."""

    version: Annotated[int, Field(ge=1, le=2**31 - 1)]
    fields: TicketFields


class TicketNew(Wire):
    """``key`` makes a repeated POST return the first ticket; the same key with another body is 409."""

    key: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{8,64}$")]
    fields: TicketFields


class VersionBody(Wire):
    version: Annotated[int, Field(ge=1, le=2**31 - 1)]
    note: Text400 = ""


class SeenTicket(Wire):
    """A ticket as it was seen: compare and set, as ``TicketPatch``."""

    id: Id
    version: Annotated[int, Field(ge=1, le=2**31 - 1)]


class StepsBody(Wire):
    """A step that can be undone, for each of these tickets."""

    action: Literal["discard", "restore"]
    tickets: Annotated[list[SeenTicket], Field(min_length=1, max_length=200)]


class StepTaken(Wire):
    """One ticket's answer: its new version, or the code of why not, and then it is as it was."""

    id: int
    version: int | None
    problem: str | None


class JournalQuery(Wire):
    """Few rows a page: one may hold the longest texts, as they were and as they became."""

    limit: Annotated[int, Field(ge=1, le=40)] = 40
    after: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0


class JournalRow(Wire):
    seq: int
    at: datetime
    by: str | None
    action: str
    changes: dict[str, tuple[str | None, str | None]]
    note: str
