"""Serves the bell inbox over HTTP."""

from __future__ import annotations

from services.access.rights import Right
from services.inbox import wire
from services.inbox.actions import Inbox
from services.inbox.model import IMPORTANT, Code
from services.store.db import Row
from services.web.http import Asked, route
from services.web.shapes import Id

KNOWN = frozenset(map(str, Code))
"""A row of a newer version of this program has no sentence here: it is left out, and the others are shown."""


class InboxRoutes:
    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    @route("GET", "/api/inbox", right=Right.INBOX)
    async def page(self, asked: Asked, query: wire.InboxQuery) -> wire.InboxPage:
        """What rang for whoever asks, the newest first, and how many are unread."""
        page = await self._inbox.page(asked.by, after=query.after, limit=query.limit)
        known = [_notice(row) for row in page.rows if row["code"] in KNOWN]
        return wire.InboxPage(notices=known, next=page.next, unread=page.unread)

    @route("PUT", "/api/inbox/{notice_id}", right=Right.INBOX)
    async def mark(self, asked: Asked, notice_id: Id, body: wire.NoticeMark) -> None:
        """One is read, or unread again."""
        await self._inbox.mark(asked.by, notice_id, read=body.read)

    @route("POST", "/api/inbox-read", right=Right.INBOX)
    async def mark_all(self, asked: Asked, body: wire.InboxRead) -> wire.InboxMarked:
        """All up to this one are read; the moment that comes back undoes it."""
        at, count = await self._inbox.mark_all(asked.by, body.upto)
        return wire.InboxMarked(at=at, count=count)

    @route("POST", "/api/inbox-unread", right=Right.INBOX)
    async def unmark(self, asked: Asked, body: wire.InboxUnread) -> wire.InboxMarked:
        """What was read at this very moment is unread again."""
        return wire.InboxMarked(at=body.at, count=await self._inbox.unmark(asked.by, body.at))


def _notice(row: Row) -> wire.Notice:
    code = Code(row["code"])
    plain = {name: row[name] for name in ("id", "ticket_id", "ticket", "order_id", "by", "details", "at", "read_at")}
    department = None if row["zh"] is None else wire.NoticeDepartment(zh=row["zh"], en=row["en"])
    return wire.Notice(code=code, important=code in IMPORTANT, order=row["order_number"], department=department, **plain)
