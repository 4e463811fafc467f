"""Defines the shapes of the bell inbox on the wire."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from services.inbox.model import Code
from services.web.shapes import Id, Limit, Moment, Wire


class InboxQuery(Wire):
    """``after``: the ``next`` of the page before."""

    limit: Limit = 50
    after: Id | None = None


class NoticeDepartment(Wire):
    zh: str
    en: str


class Notice(Wire):
    """``details``: what its sentence names besides. ``important``: the desktop tells it too."""

    id: int
    code: Code
    important: bool
    ticket_id: int
    ticket: str | None = Field(description="its number; null: a draft")
    order_id: int | None
    order: str | None = Field(description="its number; null: it is about none, or it has not left")
    department: NoticeDepartment | None
    by: str | None = Field(description="who did it; null: the system")
    details: dict[str, str]
    at: datetime
    read_at: datetime | None


class InboxPage(Wire):
    notices: list[Notice]
    next: int | None
    unread: int = Field(description="counted up to 100")


class NoticeMark(Wire):
    read: bool


class InboxRead(Wire):
    upto: Id = Field(description="the newest notice that was seen")


class InboxMarked(Wire):
    """``at`` given back undoes it."""

    at: datetime
    count: int


class InboxUnread(Wire):
    at: Moment
