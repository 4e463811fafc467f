"""Keeps the switch's telephones in step with the accounts. A phone that was taken from somebody must not stay valid because a
disk was full or the switch just starting: what failed is tried again, as the accounts are by then, until it has succeeded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

import structlog

from ivr.asterisk import AgentEndpoint

AGAIN_S = 5.0

log = structlog.get_logger(__name__)


class Telephones:
    """``wanted`` says who has which phone now, ``put`` gives it to the switch. A TaskGroup owns ``run``."""

    def __init__(
        self, wanted: Callable[[], Awaitable[Iterable[AgentEndpoint]]], put: Callable[[Iterable[AgentEndpoint]], Awaitable[None]]
    ) -> None:
        self._wanted = wanted
        self._put = put
        self._changed = asyncio.Event()
        self._there: tuple[AgentEndpoint, ...] | None = None
        self.renewed: Callable[[], None] = lambda: None  # the switch has them as they are now

    def change(self) -> None:
        """The accounts are not what they were. Never waits."""
        self._changed.set()

    async def run(self) -> None:
        """For ever; owned by the composition root."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                wanted = tuple(await self._wanted())
                if wanted != self._there:  # somebody's name or role changed, no telephone: a reload would be for nothing
                    self._there = None
                    await self._put(wanted)
                    self._there = wanted
                self.renewed()
            except Exception as error:  # noqa: BLE001  whatever it was: the phone of who has left must not stay valid for it
                log.error("hosted.phones_not_renewed", error=type(error).__name__)
                self._changed.set()
                await asyncio.sleep(AGAIN_S)
