"""Serves the state of the parts, what is set aside, the audit, the API's own description, and the sign of life."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from services.access.audit import Audit
from services.access.rights import Right
from services.system import wire
from services.system.aside import SetAside
from services.web.cursor import from_cursor, to_cursor
from services.web.http import Asked, Door, route
from services.web.shapes import Health
from services.words import speaking


class SystemRoutes:
    """``look`` gathers the state of the parts (the composition root knows them); ``description`` is the OpenAPI document."""

    def __init__(self, look: Callable[[], Awaitable[wire.System]], aside: SetAside, description: dict[str, Any]) -> None:
        self._look = look
        self._aside = aside
        self._description = description

    @route("GET", "/api/system", right=Right.SYSTEM, without_database=True, in_clear=True)
    async def show(self, asked: Asked) -> wire.System:
        """Which parts work, without personal data."""
        with speaking(asked.by.person.language):
            return await self._look()

    @route("GET", "/api/system/aside", right=Right.SYSTEM, without_database=True)
    async def aside(self, asked: Asked) -> wire.Aside:
        """What could not be done and is set aside, with its reason."""
        return await self._aside.show(asked.by)

    @route("POST", "/api/system/aside/retry", right=Right.REPAIR)
    async def retry(self, asked: Asked, body: wire.RetryBody) -> wire.Retried:
        """Do again what was set aside, after its cause was repaired. Audited."""
        return wire.Retried(taken=await self._aside.retry(body.kind, body.id, by=asked.by.id))

    @route("GET", "/api/health", right=Door.PUBLIC)
    async def health(self, asked: Asked) -> Health:
        """The process answers; nothing else is told to strangers."""
        return Health(ok=True, state="serving")

    @route("GET", "/api/openapi.json", right=Door.LOGGED_IN)
    async def describe(self, asked: Asked) -> dict[str, Any]:
        """This document."""
        return self._description


class AuditRoutes:
    def __init__(self, audit: Audit) -> None:
        self._audit = audit

    @route("GET", "/api/audit", right=Right.AUDIT)
    async def show(self, asked: Asked, query: wire.AuditQuery) -> wire.AuditPage:
        """Newest first, unless ``sort`` says otherwise."""
        cursor = from_cursor(query.after, query.sort, self._audit.sorted_by)
        after = None if cursor.at is None else (cursor.at, int(cursor.behind))
        page = await self._audit.page(sort=cursor.sort, after=after, limit=query.limit)
        rows = [
            wire.AuditRow(id=e.id, at=e.at, by=e.by, action=e.action, object=e.object, detail=dict(e.detail))
            for e in page.entries
        ]
        return wire.AuditPage(rows=rows, next=to_cursor(cursor.sort, *page.next) if page.next else None)
