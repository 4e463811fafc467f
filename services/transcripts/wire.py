"""The words of a call, and the word that they have filled its draft, as they cross the door."""

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
