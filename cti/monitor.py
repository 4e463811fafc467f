"""Keeps the picture of the switch up to date, for ever: link, snapshot, then event after event; tells every change to whoever
asked for them.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace

import structlog

from cti import events, snapshot
from cti.agents import Roster
from cti.ami import Link
from cti.board import CallBoard
from cti.changes import Change, LinkChanged
from cti.commands import Commands
from cti.errors import ActionFailed, ActionTimeout, LinkDown, LoginRefused, Malformed
from cti.framing import first_line, first_lines
from cti.ids import CallId, Extension, extension_of
from cti.picture import Picture
from cti.queues import Queues
from cti.settings import AmiSettings
from cti.switch_time import SwitchTime

_MEASURE_LIMIT = 1.0
"""Seconds for an answer that tells the time: no event is taken in meanwhile, and one that is later tells little."""

_WITHOUT_CHANNEL = first_lines(events.WITHOUT_CHANNEL)
_RETOLD = first_lines(events.RETOLD)

log = structlog.get_logger(__name__)

DOUBT_S = 5.0
"""Seconds between two snapshots for what could not be believed: whoever sends such things often must not keep us at it."""


class Backoff:
    """Waits between tries: doubling from first to most, each drawn between half and all of it."""

    def __init__(self, first: float, most: float) -> None:
        self._first, self._most = first, most
        self._next = first

    def reset(self) -> None:
        """A whole picture was reached: the next failure begins with the shortest wait again."""
        self._next = self._first

    def wait(self) -> float:
        """Seconds until the next try."""
        wait, self._next = self._next, min(self._next * 2, self._most)
        return wait * random.uniform(0.5, 1.0)

    def longest(self) -> float:
        """The longest wait, for a fault that a quick new try cannot mend (a wrong secret)."""
        return self._most * random.uniform(0.5, 1.0)


class Monitor:
    """Owns the picture. ``on_change`` is awaited for each change, in order; when it raises, ``run`` ends with that error.

    ``board``, ``roster`` and ``queues`` are for reading; ``commands`` for acting. ``malformed`` counts events that were left out,
    by what was wrong with them; ``illegal`` the moves that the board refused; ``corrected`` the changes that an audit found
    missing, by their kind; ``up`` says whether the picture is whole now. ``clock`` is kept right by the switch's answers.
    """

    def __init__(
        self,
        settings: AmiSettings,
        on_change: Callable[[Change], Awaitable[None]],
        clock: SwitchTime,
        *,
        agent_of: Callable[[str], Extension | None] = extension_of,
    ) -> None:
        self._settings = settings
        self._on_change = on_change
        self._clock = clock
        self._picture = Picture(agent_of, settings.trunks)
        self._backoff = Backoff(settings.reconnect_first, settings.reconnect_most)
        self._told: tuple[bool, str] | None = None
        self._unsure = False
        self._sealed = False
        self._covered = 0  # events still to come that the snapshot has shown already
        self._lost = 0  # messages of the link that could not be read
        self._next_doubt = 0.0
        self.commands = Commands()
        self.malformed: Counter[str] = Counter()
        self.corrected: Counter[str] = Counter()

    @property
    def board(self) -> CallBoard:
        return self._picture.board

    @property
    def roster(self) -> Roster:
        return self._picture.roster

    @property
    def queues(self) -> Queues:
        return self._picture.queues

    @property
    def illegal(self) -> Counter[str]:
        return self._picture.illegal

    @property
    def up(self) -> bool:
        return self._told is not None and self._told[0]

    async def run(self) -> None:
        """Keep a link for ever; a lost one is followed by a new one. Ends only by cancellation or an error of ours."""
        while True:
            try:
                await self._one_link()
            except LinkDown as error:
                await self._tell(up=False, detail=str(error))
                refused = isinstance(error, LoginRefused)
                await asyncio.sleep(self._backoff.longest() if refused else self._backoff.wait())
            except Exception:
                await self._tell(up=False, detail="an error of our own")  # whoever starts us again is told of the new link
                raise

    async def _one_link(self) -> None:
        link = await Link.open(self._settings)
        self.commands.use(link)
        try:
            await self._serve(link)
        finally:
            self.commands.use(None)
            link.close()

    async def _serve(self, link: Link) -> None:
        """Take a snapshot first. Events that came meanwhile stand in the backlog and repeat at most what the snapshot showed."""
        self._unsure = self._sealed = False
        await self._compare(link)
        self._covered = link.held
        self._backoff.reset()
        await self._tell(up=True, detail=f"manager interface {link.version}")
        self._lost, self._next_doubt = 0, 0.0
        next_audit = self._time() + self._settings.audit_interval
        while True:
            await self._hear(link, self._settings.repair_interval)
            await self._repair(link)
            if self._time() >= next_audit:
                await self._audit(link)
                next_audit = self._time() + self._settings.audit_interval

    async def _hear(self, link: Link, seconds: float) -> None:
        """Take in events for so long."""
        until = self._time() + seconds
        while (left := until - self._time()) > 0:
            for message in await link.batch(self._patience(left)):
                self._covered -= 1
                for change in self._taken(message, self._covered >= 0):
                    await self._pass_on(change)
            if link.oversize + link.cut != self._lost:
                self._lost, self._unsure = link.oversize + link.cut, True
            if self._unsure and self._time() >= self._next_doubt:
                self._next_doubt, self._unsure = self._time() + DOUBT_S, False
                await self._compare(link)
            await asyncio.sleep(0)  # a full backlog must not keep everyone else waiting

    def _patience(self, left: float) -> float:
        """For how many seconds to wait for an event, at most."""
        return min(left, max(self._next_doubt - self._time(), 0.0)) if self._unsure else left

    def _taken(self, message: bytes, covered: bool) -> list[Change]:
        """What one message comes to. ``covered``: it came before the snapshot was complete. A message that cannot be believed is
        left out, and a snapshot follows.
        """
        try:
            event = events.parse(message) if self._is_believed(message) else None
        except Malformed as error:
            self._leave_out(error)
            self._unsure = True
            return []
        if isinstance(event, events.SwitchReady):
            self._unsure = self._unsure or not covered
            return []
        return [] if event is None else self._apply(event)

    def _apply(self, event: events.Event) -> list[Change]:
        """What the event comes to. A move that the board refused is logged the first time and counted every time."""
        illegal = self._picture.illegal
        known = len(illegal)
        out = self._picture.apply(event)
        if len(illegal) > known:
            log.warning("switch.illegal_move", why=next(reversed(illegal)))
        return out

    async def _pass_on(self, change: Change, *, recovered: bool = False) -> None:
        if recovered or change.node != self._settings.node:
            change = replace(change, recovered=recovered, node=self._settings.node)
        await self._on_change(change)

    def _is_believed(self, message: bytes) -> bool:
        """Whether the message is taken as the switch's own.

        Once the switch has shown that it seals, an event of a channel must bear the seal. Events without a channel have none.
        While the link is in doubt, such an event is passed over if the coming snapshot tells the same, for it may be forged; if
        the snapshot does not tell it, it is believed. That a phone's registration ended is of that kind: it excuses an agent's
        missed ring, and does no more.

        Raises:
            Malformed: the seal is missing.
        """
        line = first_line(message)
        if line in _WITHOUT_CHANNEL:
            return not (self._unsure and line in _RETOLD)
        if self._settings.seal and events.is_sealed(message, self._settings.seal):
            self._sealed = True
        elif self._sealed:
            raise Malformed("an event without the seal")
        return True

    def _leave_out(self, error: Malformed) -> None:
        if str(error) not in self.malformed:
            log.warning("switch.event_left_out", why=str(error))
        self.malformed[str(error)] += 1

    async def _repair(self, link: Link) -> None:
        """Compare with the switch every call that lasted too long. A call that the switch confirms is believed for as long
        again.
        """
        await self._measure(link)
        now = self._clock.now()
        if stale := self.board.stale(now):
            log.warning("switch.calls_stale", calls=len(stale))
            await self._compare(link, stale)
            for call in stale:
                if call in self.board.calls:
                    self.board.confirm(call, now)

    async def _compare(self, link: Link, only: Collection[CallId] | None = None) -> None:
        seen = await self._look(link)
        for event in snapshot.missed(self._picture, seen, only):
            for change in self._apply(event):
                await self._pass_on(change, recovered=True)

    async def _look(self, link: Link) -> snapshot.Snapshot:
        limit = self._settings.snapshot_limit
        try:
            async with asyncio.timeout(limit):
                await self._measure(link)
                return await snapshot.take(link, self._settings.queues, self._clock.now(), limit=limit)
        except (ActionFailed, ActionTimeout, TimeoutError) as error:
            raise LinkDown(f"no snapshot: {error or 'not in time'}") from error

    async def _measure(self, link: Link) -> None:
        """Ask the switch for its time. If it does not answer now, or not with a time, the clock stays as it was."""
        asked = self._clock.monotonic()
        with contextlib.suppress(ActionFailed, ActionTimeout, Malformed):
            self._clock.heard((await link.ask("Ping", limit=_MEASURE_LIMIT)).moment(), asked)

    async def _audit(self, link: Link) -> None:
        """Put right whatever differs from the switch's lists now, and still differs in the same after everything that was on its
        way has come.
        """
        suspects = snapshot.differing(self._picture, await self._look(link))
        if not suspects:
            return
        await self._hear(link, self._settings.audit_pause)
        seen = await self._look(link)
        wrong = {subject for subject, _ in suspects & snapshot.differing(self._picture, seen)}
        found: list[Change] = []
        for event in snapshot.missed(self._picture, seen):
            if snapshot.subject(event, self._picture, seen) in wrong:
                found += self._apply(event)
        for change in found:
            await self._pass_on(change, recovered=True)
        if found:
            self.corrected.update(type(change).__name__ for change in found)
            log.warning("switch.corrected", changes=len(found))

    async def _tell(self, *, up: bool, detail: str) -> None:
        if self._told != (up, detail):
            self._told = (up, detail)
            (log.info if up else log.warning)("switch.link", up=up, why=detail)
            await self._pass_on(LinkChanged(at=self._clock.now(), up=up, detail=detail))

    @staticmethod
    def _time() -> float:
        return asyncio.get_running_loop().time()
