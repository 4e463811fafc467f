"""Counts once for all who ask meanwhile.

What they are given was begun after each of them had asked, so that nobody is told what was so before a change that they heard of:
who asks while it is counted waits, and shares the next count with all the others who do. One runs at a time, however many ask.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Counted = TypeVar("Counted")


class Together(Generic[Counted]):
    """Of something that is the same for everybody. No task is its own: who is first counts for those behind; if they go away, or
    their count fails, the next one does it again.
    """

    def __init__(self, count: Callable[[], Awaitable[Counted]]) -> None:
        self._count = count
        self._one = asyncio.Lock()
        self._begun = 0
        self._last: tuple[int, Counted] | None = None

    async def get(self) -> Counted:
        wanted = self._begun + 1
        async with self._one:
            if self._last is not None and self._last[0] >= wanted:
                return self._last[1]
            self._begun += 1
            number = self._begun
            counted = await self._count()
            self._last = number, counted
            return counted
