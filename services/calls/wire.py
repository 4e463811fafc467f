"""Defines the shapes of calls, their legs and recordings on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from services.customers.wire import KnownCustomer, WrittenNumber
from services.recordings.wire import Recording, Transcript
from services.web.rows import Rows
from services.web.shapes import AName, Limit, Search, Span, Wire
from services.web.sheets import MOST_ROWS

Outcome = Literal["answered", "abandoned", "ivr_hangup", "refused", "no_answer", "busy", "failed", "lost"]
Direction = Literal["inbound", "outbound"]


class Leg(Wire):
    channel: str
    extension: str | None
    person: str | None
    rang_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    outcome: str | None
    rang_ms: int | None


class CallRow(Wire):
    id: str
    direction: Direction = Field(description="who began it: somebody outside, or an agent")
    number: WrittenNumber = Field(description="of whoever is outside: who called, or who was called")
    name_sent: AName
    customer: KnownCustomer | None
    ivr_path: str
    started_at: datetime
    queued_at: datetime | None
    answered_at: datetime | None
    answered_by: str | None = Field(description="the agent: who answered first, or placed the call")
    ended_at: datetime | None
    outcome: Outcome | None
    waited_ms: int | None
    talked_ms: int | None
    recovered: bool
    ticket_id: int | None
    ticket_number: str | None
    recording_state: Literal["waiting", "archived", "failed", "empty"] | None
    transcript_state: Literal["waiting", "running", "done", "no_speech", "failed"] | None


class CallPage(Wire):
    calls: list[CallRow]
    next: str | None
    may: list[Literal["export"]] = Field(description="what who asks can do with the list")


CallIdText = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{1,32}-[0-9]{1,12}\.[0-9]{1,12}$")]


class ChosenCalls(Wire):
    """The calls to be in the file, in their order; what is not there, or not to be seen, is left out."""

    ids: Annotated[Rows[CallIdText], Field(min_length=1, max_length=MOST_ROWS)]


AFTER = r"^-?(started~[0-9]{1,16}|(waited|talked)~-?[0-9]{1,16})~[A-Za-z0-9_.-]{1,64}$"


class CallsQuery(Span):
    """``number`` in any spelling; times half-open, by the call's beginning; ``sort``: ``-`` is the highest first;
    ``after`` the ``next`` of the page before, which goes on in its order.
    """

    limit: Limit = 50
    after: Annotated[str, StringConstraints(pattern=AFTER)] | None = None
    sort: Literal["-started", "started", "-waited", "waited", "-talked", "talked"] = "-started"
    number: Search = ""
    outcome: Outcome | None = None
    direction: Direction | None = None


class CallDetail(Wire):
    call: CallRow
    legs: list[Leg]
    recording: Recording | None
    transcript: Transcript | None
    may: list[Literal["words", "listen"]] = Field(description="what who asks may have of it")


class CallMessage(Wire):
    """The state of this agent's own call: phase talking, held, wrap_up or ended; ``ticket_id`` the draft beside it."""

    type: Literal["call"] = "call"
    seq: int
    call_id: str
    phase: Literal["talking", "held", "ended"]
    since: datetime
    ticket_id: int | None
