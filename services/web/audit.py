"""Who did what: read-only, newest first."""

from __future__ import annotations

from services.access import audit
from services.access.rights import Right
from services.store import db
from services.system import wire as system_wire
from services.web.http import Asked, route
from services.web.shapes import IdPageQuery


class AuditRoutes:
    def __init__(self, pool: db.Pool) -> None:
        self._pool = pool

    @route("GET", "/api/audit", right=Right.AUDIT)
    async def show(self, asked: Asked, query: IdPageQuery) -> system_wire.AuditPage:
        """A page of the audit; ``after`` is the ``next`` of the page before."""
        async with db.connection(self._pool) as connection:
            entries = await audit.page(connection, before=query.after, limit=query.limit)
        rows = [
            system_wire.AuditRow(id=e.id, at=e.at, by=e.by, action=e.action, object=e.object, detail=dict(e.detail))
            for e in entries
        ]
        return system_wire.AuditPage(rows=rows, next=str(rows[-1].id) if len(rows) == query.limit else None)
