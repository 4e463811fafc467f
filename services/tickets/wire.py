"""Defines the shapes of the form, its list and its history on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, PlainSerializer, SerializationInfo, StringConstraints

from services.access import masks
from services.access.masks import CLEAR, Personal
from services.clocks.wire import Deadline
from services.customers.wire import NumberText, Tier, WrittenNumber
from services.tickets.levels import Level, Trigger
from services.tickets.model import Channel, Severity, Told
from services.tickets.stages import Stage
from services.web.shapes import (
    MANY_LINES,
    AnAddress,
    AName,
    ANumberText,
    Changed,
    Code,
    Id,
    Limit,
    Search,
    Text10k,
    Text40,
    Text80,
    Text400,
    Wire,
)

Step = Literal[
    "change",
    "confirm",
    "discard",
    "restore",
    "close",
    "dispatch",
    "hand_over",
    "escalate",
    "suggest",
    "take",
    "give_back",
    "decide",
    "conclude",
    "reopen",
    "acknowledge",
    "repeat",
    "not_accept",
    "accept",
]
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


def _masked(sources: dict[str, Source], info: SerializationInfo[frozenset[Personal] | None]) -> dict[str, Source]:
    """What is only proposed for a field is as personal as what stands in it."""
    hidden = info.context or CLEAR
    return {
        name: source.model_copy(update={"proposal": masks.field(name, source.proposal, hidden)}) if hidden else source
        for name, source in sources.items()
    }


Sources = Annotated[dict[str, Source], PlainSerializer(_masked, return_type=dict[str, Source], when_used="json")]


class Ticket(Wire):
    id: int
    number: str | None
    state: Literal["draft", "open", "closed", "discarded"]
    version: int
    call_id: str | None
    customer_id: int | None
    customer_number: WrittenNumber
    customer_name: AName
    kind: str | None
    business: str | None
    nature: str | None
    suggestion: str | None
    severity: Severity
    channel: Channel
    description: str
    address: AnAddress
    contact_number: ANumberText
    answer: str
    sources: Sources
    received_at: datetime
    created_by: str | None
    owner: str | None
    owner_id: int | None
    level: Level = Field(description="whose work it is; without an owner it lies in that level's tray")
    held_since: datetime | None = Field(description="since when it is in that tray, or in those hands")
    tier: Tier | None = Field(description="its customer's, as it was when the case was confirmed")
    confirmed_at: datetime | None
    confirmed_by: str | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    acknowledged_how: Told | None
    repeat_of: int | None = Field(description="the earlier case that it repeats, by a person's word")
    not_accepted_at: datetime | None = Field(description="since when the customer does not accept a correct answer")
    closing: str | None = Field(description="what closed it: confirmed by the customer, or the code of why it was closed without")
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
    customer_name: AName
    tier: Tier | None
    kind: str | None
    business: str | None
    nature: str | None
    suggestion: str | None
    severity: Severity
    channel: Channel
    summary: str
    received_at: datetime
    level: Level
    owner: str | None
    may: list[Step] = Field(description="as a ticket's")


class TicketDue(Wire):
    """A clock that runs for one of one's own open cases."""

    id: int
    number: str | None
    kind: str | None
    customer_number: WrittenNumber
    customer_name: AName
    deadline: Deadline


class TicketPage(Wire):
    tickets: list[TicketRow]
    next: str | None
    counts: dict[str, int] = Field(description="tickets per state, for the saved views")
    facets: dict[str, int] = Field(
        description="tickets of this state per severity:… and channel:… but the usual ones, up to 1,000; empty for one's own"
    )
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
    severity: Severity | None = None
    channel: Channel | None = None
    q: Search = ""


class TicketFields(Wire):
    """Only the named fields change; null empties a class field, and sets severity and channel to what is usual."""

    kind: Code | None = None
    business: Code | None = None
    nature: Code | None = None
    suggestion: Code | None = None
    severity: Severity | None = None
    channel: Channel | None = None
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


class CloseBody(VersionBody):
    """``closing``: ``confirmed`` (the customer says that it is settled), or a code of the centre's reasons for closing without;
    a suggestion needs neither."""

    closing: Code | None = None


class AcknowledgeBody(VersionBody):
    """How the customer was told that the case is registered."""

    how: Told


class StageReached(Wire):
    """A stage of a case: done at a time, being worked at, passed over, or still ahead."""

    stage: Stage
    at: datetime | None
    standing: Literal["done", "current", "passed", "ahead"]


class HotlineProposal(Wire):
    """Why a case is to go to the manager hotline: how often, or which clocks are over."""

    trigger: Trigger
    times: int
    rules: list[str]


class AuthorityWindows(Wire):
    """From when, and until when, a complaint may be taken to the authority; working days within which that accepts an appeal, and
    days within which it answers (0: not said).
    """

    opens_at: datetime | None
    closes_at: datetime | None
    accepts_days: int
    answers_days: int


class Progress(Wire):
    stages: list[StageReached]
    proposals: list[HotlineProposal]
    authority: AuthorityWindows | None


class JudgeBody(Wire):
    """``of``: an earlier case. ``undecided`` takes back what was said."""

    version: Annotated[int, Field(ge=1, le=2**31 - 1)]
    of: Id
    verdict: Literal["repeat", "other", "undecided"]


Reason = Annotated[str, StringConstraints(min_length=1, max_length=400, strip_whitespace=True, pattern=MANY_LINES)]


class ReasonBody(Wire):
    """Compare and set, as ``VersionBody``; why is on record."""

    version: Annotated[int, Field(ge=1, le=2**31 - 1)]
    reason: Reason


class EscalateBody(Wire):
    """What it goes to the manager hotline for, and why in words."""

    version: Annotated[int, Field(ge=1, le=2**31 - 1)]
    triggers: Annotated[list[Trigger], Field(min_length=1, max_length=4)]
    reason: Reason


class TrayCounts(Wire):
    """What is open at a level, each counted up to 1,000."""

    level: Level
    tray: int = Field(description="nobody has it yet")
    mine: int = Field(description="whoever asks has it")


class TrayQuery(Wire):
    """In the level's tray, with whoever asks, or with others."""

    which: Literal["tray", "mine", "others"] = "tray"


class TrayRow(Wire):
    """A case at its level: who sent it there and why, and its nearest clock."""

    id: int
    number: str | None
    version: int
    level: Level
    kind: str | None
    business: str | None
    nature: str | None
    suggestion: str | None
    customer_number: WrittenNumber
    customer_name: AName
    tier: Tier | None
    summary: str
    received_at: datetime
    held_since: datetime | None
    owner: str | None
    sent_by: str | None = Field(description="null: nobody has sent it, or it came by itself")
    reason: str | None
    triggers: list[Trigger]
    deadline: Deadline | None
    may: list[Step] = Field(description="as a ticket's")


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
    changes: Changed
    note: str
