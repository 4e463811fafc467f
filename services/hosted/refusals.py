"""Counts the registrations that the switch refused: somebody tries extensions or secrets, or set up a telephone wrongly.

They stand in the switch's own log (its NOTICE of a failed request, with address and extension); here they are counted for the
System page, and told in our log. Nobody is shut out for them: over UDP an address is whatever the sender writes, so whoever
wants to could have an office's, a trunk's or a proxy's shut out; and the secrets, made from a key, are not to be guessed.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from cti.ids import is_extension
from services.hosted import written
from services.now import Clock
from services.words import said

WITHIN = timedelta(hours=1)
LOOK_S = 60.0
READ_AT_MOST = 2_000_000
"""Bytes of the log looked at: about ten thousand refusals. Of more than that in an hour the newest are counted."""

_LINE = re.compile(
    r"\[(?P<at>[0-9-]{10} [0-9:.]{12})\] NOTICE\[[^]]*\] [^ ]+ Request 'REGISTER' from '(?P<rest>.*) - Failed to authenticate$"
)
"""A wrong answer to the challenge: one line a try, whether or not there is such an extension. Where there is none, each request
has another line that is not counted (Not match Endpoint ACL)."""
_SOURCE = re.compile(r"' failed for '\[?(?P<address>[0-9A-Fa-f.:]+)\]?:[0-9]{1,5}' \(callid: ")
_WHO = re.compile(r"sips?:(?P<user>[^@;>]{1,40})@")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refused REGISTER. ``address`` is ``""`` where what the sender wrote leaves it open, ``extension`` where it is none."""

    at: datetime
    address: str
    extension: str


def read(lines: Iterable[str], since: datetime) -> list[Refusal]:
    """The refusals that these lines of the switch's log tell of; its times are this machine's local ones."""
    return [refusal for line in lines if (refusal := _parse(line)) and refusal.at >= since]


def _parse(line: str) -> Refusal | None:
    found = _LINE.match(line)
    if found is None:
        return None
    try:
        at = datetime.fromisoformat(found["at"]).astimezone(UTC)
    except ValueError:
        return None
    # the Call-ID is the sender's: one who writes such words himself would name somebody else's address
    sources = _SOURCE.findall(found["rest"])
    who = _WHO.search(found["rest"])
    extension = who["user"] if who and is_extension(who["user"]) else ""
    return Refusal(at, sources[0] if len(sources) == 1 else "", extension)


class Refusals:
    """Of the switch whose log that is. A TaskGroup owns ``run``."""

    def __init__(self, messages: Path, clock: Clock) -> None:
        self._messages = messages
        self._clock = clock

    async def lately(self) -> list[Refusal]:
        """The refusals of the last hour, also from before our start; none if the log cannot be read."""
        return await self._since(self._clock.now() - WITHIN)

    async def said(self) -> str:
        """For the System page, without anybody's address. '' where nobody was refused."""
        found = await self.lately()
        pattern = "{count} registrations refused in the last hour (addresses: {addresses})"
        return said(pattern, count=len(found), addresses=_addresses(found)) if found else ""

    async def run(self) -> None:
        """For ever: a line in the log for each minute in which somebody was refused."""
        seen = self._clock.now()
        while True:
            await asyncio.sleep(LOOK_S)
            seen = await self.tell(seen)

    async def tell(self, since: datetime) -> datetime:
        """Log what was refused since then. Returns up to when that was."""
        until = self._clock.now()
        if found := [refusal for refusal in await self._since(since) if refusal.at < until]:
            log.warning(
                "hosted.registrations_refused",
                count=len(found),
                addresses=_addresses(found),
                extensions=len({refusal.extension for refusal in found} - {""}),
                personal={"refused": sorted({(refusal.address, refusal.extension) for refusal in found})[:20]},
            )
        return until

    async def _since(self, since: datetime) -> list[Refusal]:
        try:
            return await asyncio.to_thread(lambda: read(written.tail(self._messages, READ_AT_MOST), since))
        except OSError:  # the page says of the spool's disk itself what is to be said
            return []


def _addresses(found: Iterable[Refusal]) -> int:
    return len({refusal.address for refusal in found} - {""})
