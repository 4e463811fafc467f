"""Defines the shapes of the system page, of what is set aside, and of the audit, on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from services.web.shapes import Id, Limit, Wire


class AuditRow(Wire):
    id: int
    at: datetime
    by: str | None
    action: str
    object: str
    detail: dict[str, str]


class AuditPage(Wire):
    rows: list[AuditRow]
    next: str | None


AFTER = r"^-?(at~[0-9]{1,16}|(action|object)~[!-}]{0,200})~[0-9]{1,16}$"


class AuditQuery(Wire):
    """``sort``: ``-`` is the highest first. ``after``: the ``next`` of the page before, which goes on in its order."""

    limit: Limit = 50
    after: Annotated[str, StringConstraints(pattern=AFTER)] | None = None
    sort: Literal["-at", "at", "-action", "action", "-object", "object"] = "-at"


class SystemPart(Wire):
    name: Literal[
        "switch",
        "clocks",
        "database",
        "recordings",
        "transcription",
        "prompts",
        "journal",
        "accounts",
        "reconciler",
        "lease",
        "mail",
    ]
    ok: bool
    code: str
    detail: str


class SystemTrouble(Wire):
    """A background part that fails and is started again; ``reason`` is a kind and a place in the program."""

    part: str
    reason: str
    since: datetime
    times: int


class AsideItem(Wire):
    """Something that could not be done: ``thing`` is a call's id, an account's login, an order's number, or a kind of fact
    (``count`` of them).
    """

    kind: Literal["facts", "recording", "transcript", "sound", "account", "mail"]
    id: str
    thing: str
    reason: str
    since: datetime | None
    count: int
    retryable: bool


class Aside(Wire):
    """What is set aside, the newest first; ``more``: there is more than is shown. ``complete`` False: the database is away."""

    items: list[AsideItem]
    more: bool
    complete: bool
    may: list[Literal["retry"]] = Field(description="what who asks can do with them")


class RetryBody(Wire):
    """Which of them to do again: one (``id``), or all of a kind."""

    kind: Literal["facts", "recording", "transcript", "mail"]
    id: Id | None = None


class Retried(Wire):
    """How many are done, or are in line again."""

    taken: int


class System(Wire):
    """What works and what does not; every logged-in person may see it, details without personal data."""

    version: str
    parts: list[SystemPart]
    model: str
    demonstration_model: bool
    vocabulary: int | None
    troubles: list[SystemTrouble]
    hotlines: list[str] = Field(description="The numbers that callers dial, [ivr] numbers")
