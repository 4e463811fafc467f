"""Defines the shapes of a call's words, and of the message that they have filled its draft, on the wire."""

from __future__ import annotations

from typing import Literal

from services.web.shapes import Wire


class DraftMessage(Wire):
    """The transcript has filled a draft (or found no speech): fetch the ticket again."""

    type: Literal["draft"] = "draft"
    seq: int
    ticket_id: int
    call_id: str
    state: Literal["done", "no_speech", "failed"]
