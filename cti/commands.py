"""Defines the commands that we may give the switch, typed. Each is sent once, waits for the answer within its own limit, and is
never sent again.

All raise ``UnsafeValue`` (a value with control characters; nothing was sent), ``LinkDown`` and ``ActionTimeout`` (whether the
switch acted is not known), and ``ActionFailed`` (the switch's own sentence).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from cti.ami import Link
from cti.errors import ActionFailed, LinkDown
from cti.ids import Extension, interface_of


class Commands:
    """The commands. They work while a link is up; the monitor tells them which link that is."""

    def __init__(self) -> None:
        self._link: Link | None = None
        self.ours: Callable[[], bool] = lambda: True

    def use(self, link: Link | None) -> None:
        """Take this link from now on; None while there is none. Only the monitor calls this."""
        self._link = link

    @property
    def link(self) -> Link:
        """The present link. Raises LinkDown while there is none, and while this backend may not command the switch (``ours``):
        another may lead by now.
        """
        if self._link is None:
            raise LinkDown("no link to the switch")
        if not self.ours():
            raise LinkDown("it is not known whether we still lead")
        return self._link

    async def queue_add(
        self, extension: Extension, queue: str, penalty: int = 0, *, paused: bool = False, reason: str = ""
    ) -> bool:
        """Make the agent's phone a member of the queue; False if it was one already."""
        values = {
            "Queue": queue,
            "Interface": interface_of(extension),
            "MemberName": extension,
            "Penalty": str(penalty),
            "Paused": "true" if paused else "false",
        }
        if reason:
            values["Reason"] = reason
        return await self._unless(("Already there",), "QueueAdd", values)

    async def queue_remove(self, extension: Extension, queue: str) -> bool:
        """Take the agent's phone out of the queue; False if it was not in it, or the switch has no such queue."""
        values = {"Queue": queue, "Interface": interface_of(extension)}
        return await self._unless(("Not there", "No such queue"), "QueueRemove", values)

    async def pause(self, extension: Extension, paused: bool, reason: str = "", *, queue: str = "") -> None:
        """Pause or unpause in one queue, or in all. ``reason`` comes back in AgentChanged."""
        values = {"Interface": interface_of(extension), "Paused": "true" if paused else "false", "Reason": reason}
        await self.link.ask("QueuePause", values | ({"Queue": queue} if queue else {}))

    async def _unless(self, exceptions: Collection[str], action: str, values: Mapping[str, str]) -> bool:
        """True when done; False when the switch refused for a reason that means nothing was left to do."""
        try:
            await self.link.ask(action, values)
        except ActionFailed as error:
            if any(exception in error.reason for exception in exceptions):
                return False
            raise
        return True
