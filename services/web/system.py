"""What works and what does not, the API's own description, and the sign of life."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from services.aside import SetAside
from services.people.rights import Right
from services.web import schemas
from services.web.http import Asked, Door, route
from services.words import speaking


class SystemRoutes:
    """``look`` gathers the state of the parts (the composition root knows them); ``description`` is the OpenAPI document."""

    def __init__(self, look: Callable[[], Awaitable[schemas.System]], aside: SetAside, description: dict[str, Any]) -> None:
        self._look = look
        self._aside = aside
        self._description = description

    @route("GET", "/api/system", right=Right.SYSTEM, without_database=True)
    async def show(self, asked: Asked) -> schemas.System:
        """Which parts work, without personal data."""
        with speaking(asked.by.person.language):
            return await self._look()

    @route("GET", "/api/system/aside", right=Right.SYSTEM, without_database=True)
    async def aside(self, asked: Asked) -> schemas.Aside:
        """What could not be done and is set aside, with its reason."""
        return await self._aside.show()

    @route("POST", "/api/system/aside/retry", right=Right.REPAIR)
    async def retry(self, asked: Asked, body: schemas.RetryBody) -> schemas.Retried:
        """Do again what was set aside, after its cause was repaired. Audited."""
        return schemas.Retried(taken=await self._aside.retry(body.kind, body.id, by=asked.by.id))

    @route("GET", "/api/health", right=Door.PUBLIC)
    async def health(self, asked: Asked) -> schemas.Health:
        """The process answers; nothing else is told to strangers."""
        return schemas.Health(ok=True, state="serving")

    @route("GET", "/api/openapi.json", right=Door.LOGGED_IN)
    async def describe(self, asked: Asked) -> dict[str, Any]:
        """This document."""
        return self._description
