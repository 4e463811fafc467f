"""Defines a supplementary appeal (补充申诉, SPEC A5) as it is: frozen, no I/O. What may become of it stands in ``workflow``."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class State(StrEnum):
    """Open until it is answered, or has led to a chase or a withdrawal of an order; dropped if it was no appeal after all."""

    OPEN = "open"
    ANSWERED = "answered"
    CHASED = "chased"
    WITHDRAWN = "withdrawn"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Appeal:
    """What the customer adds to a case. ``while_open``: the case was open then, so the customer asks before it is finished.

    ``paper_id``: the chase or withdrawal that it led to; if that never left, the appeal is as open as it was.
    """

    id: int
    ticket_id: int
    call_id: str | None
    text: str
    state: State
    version: int
    author_id: int
    made_at: datetime
    while_open: bool
    answer: str = ""
    paper_id: int | None = None
    settled_by: int | None = None
    settled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """The draft of the call by which the customer came back: it is no case of its own, and goes."""

    id: int
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What somebody adds to a case. Without words it is what stands in the draft. ``call``: by which the customer said it."""

    text: str
    call: str | None = None
    draft: Draft | None = None

    def digest(self, ticket: int) -> bytes:
        """Of the whole of it, about this ticket: the same is asked again."""
        draft = self.draft and [self.draft.id, self.draft.version]
        return hashlib.sha256(json.dumps([ticket, self.text, self.call, draft], ensure_ascii=True).encode()).digest()
