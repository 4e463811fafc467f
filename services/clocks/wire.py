"""Defines the shape of a clock that runs on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from services.web.shapes import Wire


class Deadline(Wire):
    """``breached`` stands however it went on; ``settled_at`` tells whether it was done, or stopped, late."""

    rule: str = Field(description="a clock of the rules: N2, A3")
    because: str = Field(description="why it counts from starts_at: receipt, confirmed")
    starts_at: datetime
    ends_at: datetime = Field(description="done at this moment is late")
    standing: Literal["running", "met", "stopped", "breached"]
    warned_at: datetime | None
    settled_at: datetime | None
