"""Serves evidence over HTTP."""

from __future__ import annotations

import asyncio

from services.access.rights import Right
from services.errors import Conflict, NotAllowed, Stale
from services.evidence import wire
from services.evidence.actions import Evidence, NotKept, TooLong, TooMany
from services.evidence.model import CONTENT_TYPE, SUFFIX, NoEvidence
from services.web.http import Asked, Streamed, route
from services.web.problems import RangeNotSatisfiable, TooSlow
from services.web.ranges import Content, send
from services.web.shapes import Id

UPLOAD_S = 120.0  # 10 MB within this is 0.7 Mbit/s; a slower sender holds a connection for nothing
READ = (Right.ORDERS_READ, Right.ORDERS_ANSWER, Right.ORDERS_LINK)
CLASH = (Conflict, Stale, NotAllowed)


class EvidenceRoutes:
    """Photos and PDF that departments hand in (SPEC O7)."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence

    @route(
        "POST",
        "/api/orders/{order_id}/evidence",
        right=(Right.ORDERS_ANSWER, Right.ORDERS_LINK),
        status=201,
        raises=(*CLASH, NoEvidence, TooLong, TooMany, NotKept, TooSlow),
    )
    async def add(self, asked: Asked, order_id: Id, query: wire.EvidenceQuery) -> wire.EvidenceAdded:
        """A photo or PDF, as the request's bare body, while the department has the order."""
        try:
            async with asyncio.timeout(UPLOAD_S):
                added = await self._evidence.add(order_id, query.version, query.name, asked.parts(), by=asked.by)
        except TimeoutError:
            raise TooSlow from None
        return wire.EvidenceAdded(id=added)

    @route("GET", "/api/orders/{order_id}/evidence", right=READ)
    async def of_order(self, asked: Asked, order_id: Id) -> wire.EvidenceOfOrder:
        """What a department has handed in with an order, as it came, and what it may add."""
        rows = await self._evidence.of_order(asked.by, order_id)
        return wire.EvidenceOfOrder(
            files=[wire.EvidenceRow.model_validate(dict(row)) for row in rows],
            largest=self._evidence.limits.size,
            types=list(CONTENT_TYPE.values()),
        )

    @route(
        "GET",
        "/api/evidence/{evidence_id}",
        right=READ,
        raises=(NotKept, RangeNotSatisfiable),
        produces=tuple(CONTENT_TYPE.values()),
    )
    async def file(self, asked: Asked, evidence_id: Id) -> Streamed:
        """The file itself, to be kept under a name of ours; a picture can be shown in a page."""
        found = await self._evidence.file(asked.by, evidence_id)
        content = Content(
            size=found.row["bytes"],
            content_type=CONTENT_TYPE[found.kind],
            etag=found.row["sha256"].hex(),
            read=found.read,
            filename=f"evidence-{evidence_id}.{SUFFIX[found.kind]}",
            attached=True,
        )
        return await send(asked, content)
