"""Keeps the state that each agent wants, apart from the state that the switch reports, and gives the commands that make both
agree.

Wanted is set by the agent (ready, paused with a reason, away) and by three rules: a missed ring pauses until the agent presses
ready (the switch has paused by then, app_queue's autopause); after a call with somebody outside, whoever began it, comes a pause
for wrap-up that ends by itself (app_queue's own wrap-up time ends early whenever something resets its ``lastcall``); and who has
neither browser nor reachable phone for a while is away, as is at once whoever logs out: what was asked for in one session is not
asked for in the next. After every login at the switch all wanted states are said again, and when somebody gets another extension
or role; an extension that is no agent's any more leaves the queues. Commands are never queued behind a lost link: they are made
from the wanted state when it is back.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from cti.changes import AgentChanged, AgentState
from cti.errors import ActionFailed, CtiError
from cti.ids import Extension
from services.calls.facts import Fact, WantedSet
from services.errors import NotAllowed, SwitchAway
from services.floor.board import MISSED_RING, Floor, Wish
from services.floor.directory import Directory
from services.floor.queues import answered_by
from services.floor.store import Seat
from services.now import Clock

WRAP_UP = "wrap-up"  # the pause reason; cti's roster shows it as a state of its own
AUTO_PAUSE = "Auto-Pause"  # app_queue's reason after a missed ring
BROWSER_GONE = "browser_gone"
LOGGED_OUT = "logged_out"
LOOK_S = 1.0  # how often time limits are looked at
AGAIN_S = 5.0  # what the switch refused, or did not answer, is said again
SETTLING = 8  # agents brought together with the switch at once

log = structlog.get_logger(__name__)


class Switch(Protocol):
    """cti's commands, as far as agents are concerned. Each raises a CtiError when it failed or the link is down."""

    async def queue_add(
        self, extension: Extension, queue: str, penalty: int = 0, *, paused: bool = False, reason: str = ""
    ) -> bool: ...
    async def queue_remove(self, extension: Extension, queue: str) -> bool: ...
    async def pause(self, extension: Extension, paused: bool, reason: str = "") -> object: ...


@dataclass(frozen=True, slots=True)
class WantedState:
    """What a person asked to be; ``reason`` is a code of the desk's."""

    state: Wish
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _WrapUp:
    """When a wrap-up ends: as the screen shows it, and by the clock that nobody sets."""

    until: datetime
    ends: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceSettings:
    """``queues``: each with the wrap-up after a call from it (zero: none); the first one's counts where it is not known which.

    ``away_after``: how long neither browser nor phone may be there.
    """

    queues: Mapping[str, timedelta]
    away_after: timedelta = timedelta(seconds=60)


class Presence:
    """Wanted states and their way to the switch."""

    def __init__(
        self,
        switch: Switch,
        directory: Directory,
        floor: Floor,
        clock: Clock,
        *,
        settings: PresenceSettings,
        note: Callable[[Fact], None],
    ) -> None:
        self._switch = switch
        self._directory = directory
        self._floor = floor
        self._clock = clock
        self._settings = settings
        self._note = note
        self._wanted: dict[int, WantedState] = {}
        self._wished_at: dict[int, datetime] = {}
        self._wrap_ups: dict[int, _WrapUp] = {}
        self._last: dict[str, AgentChanged] = {}
        self._served: dict[str, str] = {}  # from which queue the caller came with whom an extension talks
        self._rung: dict[str, int] = {}  # whose phone an extension was when it was rung last
        self._gone_since: dict[int, float] = {}
        self._here: set[int] = set()
        self._began = clock.monotonic()
        self._locks: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._unsettled: asyncio.Queue[int] = asyncio.Queue()  # bounded by the number of people: each is in it once
        self._in_line: set[int] = set()
        self._failed: dict[int, float] = {}
        self._seated: dict[str, Seat] = {}
        self._leaving: set[str] = set()
        floor.wants = lambda person: self.wanted(person).state
        floor.wrap_up_until = self.wrap_up_until

    def wrap_up_until(self, person: int) -> datetime | None:
        """When this person's wrap-up ends; None if there is none."""
        wrap_up = self._wrap_ups.get(person)
        return wrap_up.until if wrap_up else None

    def wanted(self, person: int) -> WantedState:
        """As set since the start, else as the database had it."""
        seat = self._directory.of(person)
        kept = WantedState(_wish(seat.wanted), seat.reason) if seat else WantedState("away")
        return self._wanted.get(person, kept)

    async def want(self, person: int, state: Wish, reason: str = "") -> None:
        """The agent's own wish. Raises NotAllowed without an extension, SwitchAway when the switch refuses it.

        The wish is kept all the same: said again after AGAIN_S, or when a link that is down is back.
        """
        seat = await self._seat(person)
        if seat is None:
            raise NotAllowed("you have no extension")
        self._set(seat, state, "" if state == "ready" else reason)
        self._wrap_ups.pop(person, None)
        if self._floor.link_up:
            try:
                await self._settle(person)
            except CtiError as wrong:
                raise SwitchAway(f"the switch did not take it: {type(wrong).__name__}") from wrong

    def agent_changed(self, change: AgentChanged, queue: str = "") -> None:
        """The switch says what an agent's phone is; the rules may want something else from now on.

        ``queue``: from which its caller came, where there is one.
        """
        seat = self._directory.at(change.extension)
        before = self._last.get(change.extension)
        self._last[change.extension] = change
        now = (change.state, change.reason)
        if _had_a_caller(change):
            self._served[change.extension] = queue
        if seat is None or not seat.agent or (before and (before.state, before.reason) == now):
            return
        if change.state is AgentState.RINGING:
            self._rung[change.extension] = seat.person
        elif change.state in (AgentState.READY, AgentState.TALKING):
            self._rung.pop(change.extension, None)
        if now == (AgentState.PAUSED, AUTO_PAUSE):
            self._missed(seat)
        elif before and _had_a_caller(before) and change.state in (AgentState.READY, AgentState.WRAP_UP):
            # still written up from the call before: whoever was rung in the moment before the pause took that caller as well
            self._wrap_up(seat, self._served.pop(change.extension, ""))

    def _wrap_up(self, seat: Seat, queue: str) -> None:
        """In all queues that the person answers, for as long as the one wants from which the caller came."""
        long = self._settings.queues.get(queue, next(iter(self._settings.queues.values())))
        if long:
            ends = self._clock.monotonic() + long.total_seconds()
            self._wrap_ups[seat.person] = _WrapUp(self._clock.now() + long, ends)
            self._line_up(seat.person)

    def _missed(self, seat: Seat) -> None:
        """A ring was missed. It counts against this person only if it began at this person: not if the extension had another
        holder then.
        """
        if self._rung.pop(seat.extension, seat.person) == seat.person:
            self._set(seat, "paused", MISSED_RING)
        else:
            self._line_up(seat.person)

    def link_up(self) -> None:
        """After a login: everybody's wish is said again."""
        for seat in self._agents().values():
            self._line_up(seat.person)

    def people_changed(self) -> None:
        """Somebody came, went, or has another extension, role or queues: who sits elsewhere now is no member of a queue there."""
        before, self._seated = self._seated, self._agents()
        self._leaving = (self._leaving | before.keys()) - self._seated.keys()
        for extension, seat in self._seated.items():
            known = before.get(extension)
            if known is None or (known.person, known.queues) != (seat.person, seat.queues):
                self._line_up(seat.person)

    def _agents(self) -> dict[str, Seat]:
        return {seat.extension: seat for seat in self._directory.seats() if seat.agent}

    def logged_out(self, person: int) -> None:
        """Nobody is logged in as this person any more, or not yet: away, until asked for otherwise."""
        seat = self._directory.of(person)
        if seat is None or self.wanted(person).state == "away":
            return
        self._set(seat, "away", LOGGED_OUT)
        self._wrap_ups.pop(person, None)
        self._line_up(person)

    def browser(self, person: int, *, here: bool) -> None:
        """A person's first browser came, or the last one went."""
        if here:
            self._here.add(person)
            self._gone_since.pop(person, None)
        else:
            self._here.discard(person)
            self._gone_since[person] = self._clock.monotonic()

    async def run(self) -> None:
        """Settles and looks at time limits for ever; owned by the composition root."""
        async with asyncio.TaskGroup() as tasks:
            for number in range(SETTLING):
                tasks.create_task(self._settle_for_ever(), name=f"presence: settler {number}")
            tasks.create_task(self._look_for_ever(), name="presence: time limits")

    def look(self) -> None:
        """Ends wrap-ups that are over, says again what failed, and wants away who has left."""
        now = self._clock.monotonic()
        for person in [person for person, at in self._failed.items() if now - at >= AGAIN_S]:
            del self._failed[person]
            self._line_up(person)
        for person in [person for person, wrap_up in self._wrap_ups.items() if wrap_up.ends <= now]:
            del self._wrap_ups[person]
            self._line_up(person)
        for seat in self._agents().values():
            if self._has_left(seat):
                self._set(seat, "away", BROWSER_GONE)
                self._line_up(seat.person)

    def _has_left(self, seat: Seat) -> bool:
        if seat.person in self._here or self.wanted(seat.person).state == "away" or not self._floor.link_up:
            return False
        since = self._gone_since.get(seat.person, self._began)
        long_enough = self._clock.monotonic() - since >= self._settings.away_after.total_seconds()
        return long_enough and self._floor.state_of(seat.extension) is AgentState.AWAY

    def _set(self, seat: Seat, state: Wish, reason: str) -> None:
        wanted = WantedState(state, reason[:40])
        if self.wanted(seat.person) != wanted:
            self._note(WantedSet(at=self._later(seat), person=seat.person, state=state, reason=wanted.reason))
        self._wanted[seat.person] = wanted

    def _later(self, seat: Seat) -> datetime:
        """The present moment, but later than the wish before even if the clock was set back since: the database keeps the
        younger of two.
        """
        before = max(filter(None, (self._wished_at.get(seat.person), seat.wanted_at)), default=None)
        now = self._clock.now()
        self._wished_at[seat.person] = at = max(now, before + timedelta(microseconds=1)) if before else now
        return at

    async def _seat(self, person: int) -> Seat | None:
        """Somebody just given an extension may not be in the directory yet."""
        if self._directory.of(person) is None:
            await self._directory.load()
        return self._directory.of(person)

    def _line_up(self, person: int) -> None:
        if person not in self._in_line:
            self._in_line.add(person)
            self._unsettled.put_nowait(person)

    async def _settle_for_ever(self) -> None:
        while True:
            person = await self._unsettled.get()
            self._in_line.discard(person)
            if not self._floor.link_up:
                continue
            try:
                await self._settle(person)
            except CtiError as wrong:
                log.warning("floor.state_not_set", person=person, error=type(wrong).__name__)

    async def _settle(self, person: int) -> None:
        """Says an agent's wanted state to the switch, one at a time for each person; the newest wish counts.

        What fails (a CtiError) is said again after AGAIN_S. Nothing is said of who is no agent, or not any more.
        """
        async with self._locks[person]:
            seat = self._directory.of(person)
            if seat is None or not seat.agent:
                return
            self._failed.pop(person, None)
            try:
                await self._say(seat, self.wanted(person), wrapping=person in self._wrap_ups)
            except Exception:  # whatever it was, it is said again
                self._failed[person] = self._clock.monotonic()
                raise

    async def _say(self, seat: Seat, wanted: WantedState, *, wrapping: bool) -> None:
        """In every queue the same: whoever is paused in one is so in all of theirs, and is in none of the others."""
        extension = Extension(seat.extension)
        theirs = () if wanted.state == "away" else answered_by(seat.queues, self._settings.queues)
        wrapping = wrapping and wanted.state == "ready"
        paused, reason = wanted.state == "paused" or wrapping, WRAP_UP if wrapping else wanted.reason
        known, refused = False, []
        for queue in sorted(self._settings.queues, key=theirs.__contains__):  # out of the others first
            try:
                if queue in theirs:
                    known |= not await self._switch.queue_add(extension, queue, paused=paused, reason=reason)
                else:
                    await self._switch.queue_remove(extension, queue)
            except ActionFailed as wrong:  # of that queue alone, such as one that the owner's switch does not have yet
                refused.append(wrong)
        if known:
            await self._switch.pause(extension, paused, reason)
        if refused:
            raise refused[0]

    async def _look_for_ever(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            self.look()
            await self.let_go()

    async def let_go(self) -> None:
        """Takes extensions that are no agent's any more out of the queues; what fails is tried at the next look."""
        for extension in sorted(self._leaving) if self._floor.link_up else ():
            try:
                for queue in self._settings.queues:
                    await self._switch.queue_remove(Extension(extension), queue)
            except CtiError as wrong:
                log.warning("floor.extension_kept", extension=extension, error=type(wrong).__name__)
                return
            self._leaving.discard(extension)


def _had_a_caller(change: AgentChanged) -> bool:
    """A phone may also be in use for a test of itself or for a colleague: nothing of that is to be written up."""
    return change.state is AgentState.TALKING and change.call is not None


def _wish(kept: str) -> Wish:
    match kept:
        case "ready" | "paused":
            return kept
        case _:
            return "away"
