"""Lets a leg of the managed switch go on in a new leg file after its party took the other back from hold.

A phone that holds sends nothing, so its file may fall behind the clock; and one that starts its RTP stream anew at a lower
sequence number is taken for late by Debian's Asterisk (2016_opus_plc.patch), up to eleven minutes, in the recording alone. A new
file is right from its first sample on.

Told on the control socket, not by AMI: MixMonitor there is of the class ``system`` and takes a shell command to run, which is
more than the manager's account may ever do.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

from cti.ids import CallId, ChannelId
from recordings import naming
from recordings.naming import LegFile, Role
from services.errors import WorldFailed
from services.now import Clock

FORGOTTEN_S = 0.12
"""After a recording stops, the channel keeps its decoder until the next packets (20 ms apart) find it unused; one that starts
before that inherits it, and what it thinks of sequence numbers. Nothing shows when it is gone."""

_AT_MOST = 100
"""Legs that wait for their new file; one more goes on in its old file, as good as that is."""
_CHANNEL_NAME = re.compile(r"[A-Za-z0-9]+/[A-Za-z0-9_-]+")


class FreshLegs:
    """``command`` runs one line on the switch's control socket."""

    def __init__(self, command: Callable[[str], Awaitable[str]], spool: Path, clock: Clock) -> None:
        self._command = command
        self._spool = spool
        self._clock = clock
        self._waiting: asyncio.Queue[tuple[CallId, ChannelId]] = asyncio.Queue(_AT_MOST)

    def ask(self, call: CallId, leg: ChannelId) -> None:
        """This leg goes on in a new file soon (`run` does it). Never waits."""
        with contextlib.suppress(asyncio.QueueFull):
            self._waiting.put_nowait((call, leg))

    async def run(self) -> None:
        """One after the other. A switch that does not answer leaves the leg in its old file."""
        while True:
            call, leg = await self._waiting.get()
            with contextlib.suppress(WorldFailed):
                await self.begin(call, leg)

    async def begin(self, call: CallId, leg: ChannelId) -> None:
        """Let a leg go on in a new leg file. Nothing happens if the leg is gone.

        Raises:
            NameRefused: the switch gives no such ids; nothing was sent.
        """
        self._file(call, leg)
        channel = channel_named(await self._command("core show channels concise"), leg)
        if channel is not None:
            await self._command(f"mixmonitor stop {channel}")
            await asyncio.sleep(FORGOTTEN_S)
            await self._command(f'mixmonitor start {channel} ",r({self._file(call, leg)})S"')

    def _file(self, call: CallId, leg: ChannelId) -> Path:
        """The file that begins now."""
        role = Role.CALLER if str(leg) == str(call) else Role.AGENT
        return self._spool / naming.name_of(LegFile(call, leg, role, self._clock.now()))


def channel_named(listing: str, leg: ChannelId) -> str | None:
    """Name of the channel with that Uniqueid: first and last field of ``core show channels concise``, which no caller writes."""
    for line in listing.splitlines():
        fields = line.split("!")
        if fields[-1] == leg and _CHANNEL_NAME.fullmatch(fields[0]):
            return fields[0]
    return None
