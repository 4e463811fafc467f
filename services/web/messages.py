"""Defines what the websocket itself says and hears: hello, the page's telephone, goodbye. Rooms have their own messages."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from services.bells import Kind
from services.web.shapes import Wire


class MeMessage(Wire):
    """What is known of the person has changed (extension, kind or secret of the phone): ask /api/me, and /api/phone, again."""

    type: Literal["me"] = "me"
    seq: int


class HandsetMessage(Wire):
    """Where the page's telephone is: here (register), again (here still: register anew), elsewhere (another browser has it), busy
    (not taken from there because of a call)."""

    type: Literal["handset"] = "handset"
    place: Literal["here", "again", "elsewhere", "busy"]


class ChangedThing(Wire):
    """``id`` null: any of the kind may have changed. A copy whose version is not older is read already."""

    kind: Kind
    id: str | None
    version: int = Field(
        description="the higher is the newer: a ticket's own; of a call or a customer, the milliseconds of what came last"
    )
    ticket: int | None = Field(description="the case that an order belongs to; null for other things")


class ChangedMessage(Wire):
    """Things that the hearer may see are no longer what they were: whoever shows one reads it again. It is told once, without a
    number: a browser that was away looks at what it shows."""

    type: Literal["changed"] = "changed"
    things: list[ChangedThing]


class Beside(Wire):
    """Somebody else at the same case, and the field in which they are."""

    person: int
    name: str
    field: str | None


class LookingMessage(Wire):
    """Who else shows the case now. It is told once, without a number, at each change: whoever comes back asks by ``look``."""

    type: Literal["looking"] = "looking"
    ticket: int
    others: list[Beside]


class HelloMessage(Wire):
    """First message. ``lost`` true: the browser's place in the stream is gone, load everything again."""

    type: Literal["hello"] = "hello"
    at: datetime
    epoch: int = Field(description="the run of the server that speaks; boards of another are of the past")
    seq: int
    lost: bool


class ByeMessage(Wire):
    """The server is about to close: ``restart``, ``session_ended``, ``too_slow``."""

    type: Literal["bye"] = "bye"
    code: str
    retry_ms: int


class ResumeMessage(Wire):
    """First message of the browser: the last number it has seen (0: none)."""

    type: Literal["resume"] = "resume"
    since: Annotated[int, Field(ge=0, le=2**53 - 1)]


class AckMessage(Wire):
    """Everything up to ``seq`` has been shown; ``shown_ms`` from receipt to paint of that message, if it was a pop."""

    type: Literal["ack"] = "ack"
    seq: Annotated[int, Field(ge=0, le=2**53 - 1)]
    shown_ms: Annotated[int, Field(ge=0, le=3_600_000)] | None = None


class PhoneMessage(Wire):
    """The page's telephone, by the name that this browser gave itself: ask for it (or say that one has it, ``busy`` in a call),
    wait for it having been told that it is elsewhere, take it, say that the line is closed after it was lost, leave it."""

    type: Literal["phone"] = "phone"
    act: Literal["ask", "wait", "take", "closed", "leave"]
    device: Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9-]+$")]
    busy: bool = False


class LookMessage(Wire):
    """The page shows this case now (null: none), and its person is in that field: told to whoever else shows it."""

    type: Literal["look"] = "look"
    ticket: Annotated[int, Field(ge=1, le=2**53 - 1)] | None
    field: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")] | None = None


ClientMessage = Annotated[ResumeMessage | AckMessage | PhoneMessage | LookMessage, Field(discriminator="type")]
