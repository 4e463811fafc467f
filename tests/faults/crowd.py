"""Callers and agents whose own eyes are the measure: what the centre says afterwards must be what they saw.

Callers come one after the other, each with a number of its own, press 1, wait for a person, and give up after a while. Agents
have SIP telephones, answer, talk for a moment and hang up. Everybody goes on while things break.
"""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from tests.harness.centre import Centre
from tests.harness.chance import CHANCE
from tests.harness.patience import seconds
from tests.harness.sip_phone import Answer, CallRefused, Phone

HOTLINE = "10000"
BETWEEN_S = 1.0  # from one caller to the next: with these talks about three live at a time
TALK_S = (1.0, 3.0)
WAIT_S = 25.0  # a caller nobody talked to by then gives up
CROSSING_S = 1.0
AGAIN_S = 5.0  # a telephone registers again so often, as phones do behind a router
_numbers = itertools.count(CHANCE.randrange(10**6) * 100)


@dataclass(slots=True)
class Visit:
    """One caller's own story.

    ``taken``: the switch answered. ``talked``: an agent's phone had this caller. ``cut``: the line broke. ``met_at`` and
    ``left_at``: when that phone took the call, and when the caller gave up, by the loop's clock. ``dropped``: the switch took the
    call away from that phone before its agent ended it.
    """

    number: str
    taken: bool = False
    talked: bool = False
    cut: bool = False
    met_at: float | None = None
    left_at: float | None = None
    dropped: bool = False

    @property
    def crossed(self) -> bool:
        """The caller gave up in the very moment in which a phone took the call: the switch decides which came first."""
        met = self.met_at is not None and self.left_at is not None and abs(self.met_at - self.left_at) < CROSSING_S
        return met and self.dropped


@dataclass(slots=True)
class Crowd:
    """Everybody who called, in order."""

    centre: Centre
    agents: tuple[str, ...]
    visits: list[Visit] = field(default_factory=list)
    _live: dict[str, tuple[Visit, Phone]] = field(default_factory=dict)

    @property
    def taken(self) -> list[Visit]:
        return [visit for visit in self.visits if visit.taken]

    def line_broke(self) -> None:
        """The switch died: callers hear nothing any more and put the handset down."""
        for visit, phone in self._live.values():
            visit.cut = True
            phone.close()

    async def keep_coming(self, callers: asyncio.TaskGroup) -> None:
        """One caller after the other, until cancelled; those who have come stay until they are served."""
        for number in _numbers:
            callers.create_task(self.visit(f"139{number % 10**8:08d}"), name="crowd: a caller")
            await asyncio.sleep(BETWEEN_S * CHANCE.uniform(0.5, 1.5))

    async def visit(self, number: str) -> Visit:
        """One call from the first ring to the end, however it comes."""
        visit = Visit(number)
        self.visits.append(visit)
        phone = await Phone.open(self.centre.sip, user=number)
        self._live[number] = (visit, phone)
        try:
            async with asyncio.timeout(seconds(WAIT_S)):
                call = await phone.call(HOTLINE, ring_limit=WAIT_S)
                visit.taken = True
                await asyncio.sleep(0.5)
                await call.dtmf("1")
                await call.ended(limit=WAIT_S)
        except (TimeoutError, CallRefused):
            visit.left_at = asyncio.get_running_loop().time()
            await _put_down(phone, visit)
        finally:
            self._live.pop(number, None)
            phone.close()
        return visit

    async def serve(self, login: str) -> None:
        """One agent's telephone, until cancelled."""
        phone = await self.centre.sip_phone(login, again=AGAIN_S)
        phone.on_ring = Answer(after=0.2)
        try:
            while True:
                call = await phone.next_call(limit=10**6)
                met = self._meet(call.from_header)
                await asyncio.sleep(CHANCE.uniform(*TALK_S))
                for visit in met:
                    visit.dropped = call.ended_already
                with suppress(TimeoutError):
                    await call.hang_up()
        finally:
            phone.close()

    def _meet(self, header: str) -> list[Visit]:
        found = re.search(r"139\d{8}", header)
        met = [visit for visit in self.visits if found and visit.number == found[0]]
        for visit in met:
            visit.talked, visit.met_at = True, asyncio.get_running_loop().time()
        return met


async def _put_down(phone: Phone, visit: Visit) -> None:
    for call in phone.calls.values():
        if not visit.taken:
            call.cancel()
        elif not visit.cut:
            with suppress(TimeoutError):
                await call.hang_up()


@asynccontextmanager
async def calling(centre: Centre, agents: Iterable[str]) -> AsyncIterator[Crowd]:
    """Agents at work and callers coming for as long as the block lasts; after it those who have come are served out."""
    crowd = Crowd(centre, tuple(agents))
    async with asyncio.TaskGroup() as phones:
        serving = [phones.create_task(crowd.serve(login), name=f"crowd: {login}") for login in crowd.agents]
        async with asyncio.TaskGroup() as callers:
            for login in crowd.agents:
                await ready(centre, login)
            coming = callers.create_task(crowd.keep_coming(callers), name="crowd: callers")
            try:
                yield crowd
            finally:
                coming.cancel()
        for task in serving:
            task.cancel()


async def ready(centre: Centre, login: str) -> None:
    """That agent presses Ready."""
    async with await centre.desk(login) as desk:
        await desk.put("/api/me/state", state="ready", reason="")
