"""Defines the shapes of a call's recording, of its peaks and of the words found in it, on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from typing_extensions import TypedDict  # pydantic takes typing's own from Python 3.12 on

from services.web.rows import Rows
from services.web.shapes import Wire


class Recording(Wire):
    id: int
    call_id: str
    state: Literal["waiting", "archived", "failed", "empty"]
    duration_ms: int | None
    starts_at: datetime | None
    remarks: list[str]
    error: str | None
    peaks: Peaks | None


class Peaks(Wire):
    """Per channel, ``points`` pairs of (lowest, highest) sample in -127..127; channel 0 is the caller, 1 the agents."""

    points: int
    caller: list[int]
    agent: list[int]


class AudioQuery(Wire):
    """Which voices: the caller's on the left and the agents' on the right, or one of them alone."""

    side: Literal["both", "caller", "agent"] = "both"


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
