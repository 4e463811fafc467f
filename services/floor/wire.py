"""Defines the shapes of the board, and of the state that an agent asks for, on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from services.web.shapes import Text40, Wire


class WantedStateBody(Wire):
    state: Literal["ready", "paused", "away"]
    reason: Text40 = ""


class AgentNow(Wire):
    person_id: int | None
    name: str
    extension: str
    state: Literal["ready", "ringing", "dialling", "talking", "wrap_up", "paused", "away"]
    reason: str
    since: datetime
    call_id: str | None


class QueueFigures(Wire):
    """Who waits, and how today went: of one queue, or of all together."""

    waiting: int
    oldest_since: datetime | None
    answered_today: int
    answered_in_time_today: int
    abandoned_today: int
    short_abandons_today: int
    answered_again_today: int = Field(description="stays after a first answer (transfers, lost lines): outside the level")
    abandoned_again_today: int = Field(description="likewise, of those who gave up then")
    service_level_today: float | None = Field(
        description="SPEC 'How to count', formula named in service_level_formula; null when nobody called"
    )
    answer_seconds: int = Field(description="SPEC A1: whoever is answered at most so late is in time; of all queues the shortest")
    service_level_formula: str = Field(description="with * behind its name: each queue by its own limits")


class QueueNow(QueueFigures):
    queue: str = Field(description="its name at the switch, as calls have it")
    zh: str = Field(description="what people call it, in Chinese; empty: nothing but its name")
    en: str


class OwnToday(Wire):
    """How the day has gone at one's own phone."""

    answered: int = Field(description="rings of a queue that one answered")
    answered_in_time: int
    missed: int = Field(description="rings that one let pass or declined (SPEC A1)")
    answer_ms: int | None = Field(description="SPEC 'Agent answer time', the average; null before the first answer")
    in_time: float | None = Field(description="of those answered or missed; null before the first")
    formula: str
    talked_ms: int = Field(description="with callers, of what began today and is over")
    dialled: int = Field(description="calls that one placed, which are no calls of a queue")
    dialled_talked_ms: int


class LinkNow(Wire):
    up: bool
    since: datetime
    detail: str


class Version(Wire):
    """Order of what is shown whole: within one epoch (a run of the server, which ``hello`` names) the higher ``n`` is newer."""

    epoch: int
    n: int


class Board(Wire):
    version: Version = Field(description="whoever shows boards shows none after a newer one, however late its answer comes")
    link: LinkNow
    me: AgentNow | None
    agents: list[AgentNow]
    queues: list[QueueNow] = Field(description="in the order of the configuration, the first one first; one at least")
    together: QueueFigures = Field(description="of all queues; a caller who went through several is counted once")
    mine: OwnToday | None = Field(description="of who has a phone here")
    wrap_up_until: datetime | None
    wanted: Literal["ready", "paused", "away"] = Field(
        description="what the person asked to be, whatever the switch says of the phone"
    )


class BoardMessage(Wire):
    """Unnumbered snapshot: sent on connect and at every change, the newest replaces the older."""

    type: Literal["board"] = "board"
    at: datetime
    board: Board
