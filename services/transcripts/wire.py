"""The words of a call, and the word that they have filled its draft, as they cross the door."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from typing_extensions import TypedDict  # pydantic takes typing's own from Python 3.12 on

from services.web.rows import Rows
from services.web.shapes import Wire


class Word(TypedDict):
    """A plain dict: an hour's call has ten thousand, and the collector need not look at them (as models they cost 50 ms)."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]  # pydantic's own way for a TypedDict

    text: str
    start: Annotated[float, Field(description="seconds from the recording's first sample")]
    end: float
    conf: float


class Utterance(Wire):
    speaker: Literal["caller", "agent"]
    start: float
    end: float
    text: str
    words: list[Word]


class Transcript(Wire):
    state: Literal["waiting", "running", "done", "no_speech", "failed"]
    model: str | None
    demonstration: bool
    utterances: Rows[Utterance]
    error: str | None


class DraftMessage(Wire):
    """The transcript has filled a draft (or found no speech): fetch the ticket again."""

    type: Literal["draft"] = "draft"
    seq: int
    ticket_id: int
    call_id: str
    state: Literal["done", "no_speech", "failed"]
