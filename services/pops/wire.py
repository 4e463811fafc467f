"""Defines the shapes of the screen-pop (SPEC C5) on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from services.customers.wire import KnownCustomer, WrittenNumber
from services.web.shapes import AName, ANumberText, Wire
from services.words import Language


class TicketBrief(Wire):
    id: int
    number: str | None
    state: str
    business: str | None
    nature: str | None
    received_at: datetime


class CallBrief(Wire):
    id: str
    direction: Literal["inbound", "outbound"]
    started_at: datetime
    outcome: str | None
    answered_by: str | None
    talked_ms: int | None


class PopCard(Wire):
    """SPEC C5. ``stage`` first: what the switch said; enriched: with what we remember; ``history`` false: database away."""

    id: str
    stage: Literal["first", "enriched"]
    history: bool
    call_id: str
    number: WrittenNumber
    name_sent: AName
    customer: KnownCustomer | None
    ivr_path: str
    language: Language
    queue: str
    queued_at: datetime | None
    offered_at: datetime
    open_tickets: list[TicketBrief]
    last_calls: list[CallBrief]


class PopMessage(Wire):
    type: Literal["pop"] = "pop"
    seq: int
    sent_at: datetime
    card: PopCard


class PopEndMessage(Wire):
    """The ring is over: ``how`` answered, no_answer, rejected, cancelled. Who it was is told to a page that slept."""

    type: Literal["pop_end"] = "pop_end"
    seq: int
    id: str
    how: str
    at: datetime
    number: ANumberText
    name: AName
