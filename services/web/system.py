"""What works and what does not, the API's own description, and the sign of life."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from services.people.rights import Right
from services.web import schemas
from services.web.http import Asked, Door, route


class SystemRoutes:
    """``look`` gathers the state of the parts (the composition root knows them); ``description`` is the OpenAPI document."""

    def __init__(self, look: Callable[[], Awaitable[schemas.System]], description: dict[str, Any]) -> None:
        self._look = look
        self._description = description

    @route("GET", "/api/system", right=Right.SYSTEM)
    async def show(self, asked: Asked) -> schemas.System:
        """Which parts work, without personal data."""
        return await self._look()

    @route("GET", "/api/health", right=Door.PUBLIC)
    async def health(self, asked: Asked) -> schemas.Health:
        """The process answers; nothing else is told to strangers."""
        return schemas.Health(ok=True)

    @route("GET", "/api/openapi.json", right=Door.LOGGED_IN)
    async def describe(self, asked: Asked) -> dict[str, Any]:
        """This document."""
        return self._description
