"""Defines the shapes of likely repeats on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from services.repeats.model import Sign
from services.web.shapes import Wire


class RepeatSign(Wire):
    """What speaks for a repeat, and how strongly (0..1)."""

    sign: Sign
    strength: float


class Repeat(Wire):
    """An earlier case that this one may repeat. ``score`` null: it is here for what a person said to it."""

    of: int
    number: str | None
    state: Literal["open", "closed", "draft", "discarded"]
    received_at: datetime
    summary: str
    score: float | None
    signs: list[RepeatSign]
    days: int | None = Field(description="between the two cases")
    verdict: Literal["repeat", "other"] | None
    judged_by: str | None
