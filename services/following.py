"""Performs what follows from a change on a call: a line in the journal, a card on a screen, a state on the board, rows, a
draft, a recording job.

``on_change`` is awaited by the monitor for each change in order. It touches memory only and never waits: the journal's writer
and drain carry the rest to the database, and ``applied`` comes back from there after the commit.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Literal, Protocol

import structlog

from cti.changes import (
    AgentChanged,
    CallAnswered,
    CallEnded,
    CallHeld,
    CallOffered,
    CallQueued,
    CallStarted,
    CallTransferred,
    Change,
    Direction,
    LegJoined,
    LegLeft,
    LinkChanged,
    OfferEnded,
    QueueChanged,
    QueueLeft,
)
from cti.ids import CallId, ChannelId
from services.calls import store
from services.calls.facts import Fact, StillLive
from services.calls.live import LiveCall, LiveCalls, Talk
from services.calls.wire import CallMessage
from services.customers.numbers import ANYWHERE, Numbering
from services.floor.board import Floor
from services.floor.directory import Directory
from services.floor.presence import Presence
from services.now import Clock
from services.pops.screenpop import Outbox, ScreenPop
from services.store.db import Connection
from services.tickets.actions import draft_of_call

Phase = Literal["talking", "held", "ended"]

log = structlog.get_logger(__name__)


class Screens(Outbox, Protocol):
    """The hub, as this module uses it."""

    def board_changed(self, *people: int) -> None: ...


class Follow:
    """Performs each change's effects in memory. ``note`` is the journal's ``append``."""

    def __init__(
        self,
        *,
        hub: Screens,
        pops: ScreenPop,
        presence: Presence,
        floor: Floor,
        directory: Directory,
        clock: Clock,
        note: Callable[[Fact], None],
        numbering: Numbering = ANYWHERE,
    ) -> None:
        self._hub = hub
        self._pops = pops
        self._presence = presence
        self._floor = floor
        self._directory = directory
        self._clock = clock
        self._note = note
        self._tickets_late: dict[CallId, LiveCall] = {}
        self.live = LiveCalls(numbering)
        self.on_counted: Callable[[], None] = lambda: None
        self.on_taken_back: Callable[[CallId, ChannelId], None] = lambda call, leg: None

    async def on_change(self, change: Change) -> None:
        """Takes one change; nothing is awaited."""
        match change:
            case AgentChanged() | QueueChanged() | LinkChanged():
                self._on_floor(change)
            case _:
                self._note(change)
                self._on_call(change)

    def people_changed(self) -> None:
        """Somebody sits elsewhere now, or has another name or role."""
        self._presence.people_changed()
        self._hub.board_changed()

    def applied(self, fact: Fact, result: object) -> None:
        """A fact is in the database; ``result`` is what ``apply`` returned."""
        match fact:
            case CallAnswered() if isinstance(result, int):
                self._ticket_made(fact.call, result)
                self.on_counted()
            case CallAnswered() | OfferEnded() | LegLeft() | QueueLeft() | CallEnded() | StillLive():
                self.on_counted()

    def _on_floor(self, change: AgentChanged | QueueChanged | LinkChanged) -> None:
        self._floor.apply(change)
        match change:
            case AgentChanged():
                self._presence.agent_changed(change, self.live.queue_of(change.call))
            case LinkChanged(up=True):
                calls, legs = self.live.ids(change.node), self.live.legs(change.node)
                self._note(StillLive(at=change.at, calls=calls, legs=legs, node=change.node))
                self._presence.link_up()
        seat = self._directory.at(change.extension) if isinstance(change, AgentChanged) else None
        self._hub.board_changed(*([seat.person] if seat else []))

    def _on_call(self, change: Change) -> None:
        self.live.follow(change)
        match change:
            case CallStarted():
                live = self.live.start(change)
                if live.direction is Direction.INBOUND:
                    self._pops.expect(live)
            case CallQueued():
                self.live.queue(change)
            case CallOffered():
                self._pops.offer(change, self.live.call(change.call, change.at))
            case OfferEnded():
                self._pops.end(change.call, change.leg, str(change.outcome), change.at)
            case CallAnswered():
                self._pops.end(change.call, change.leg, "answered", change.at)
                self._join(change.call, change.leg, change.extension, change.at)
            case LegJoined():
                self._pops.end(change.call, change.leg, "answered", change.at)
                self._join(change.call, change.leg, change.extension, change.at)
            case LegLeft():
                self._leave(change)
            case CallHeld():
                self._hold(change)
            case CallEnded():
                self._end(change)
            case CallTransferred() | QueueLeft():
                pass  # it becomes a row and nothing else: the legs' own changes follow

    def _join(self, call: CallId, leg: ChannelId, extension: str | None, at: datetime) -> None:
        seat = self._directory.at(extension) if extension else None
        live = self.live.call(call, at)
        if seat is None or leg in live.talks:
            return
        live.talks[leg] = Talk(seat.person, at)
        live.took_part.add(seat.person)
        self._tell(live, seat.person, "talking", at)

    def _leave(self, change: LegLeft) -> None:
        live = self.live.get(change.call)
        talk = live.talks.pop(change.leg, None) if live else None
        if live and talk and talk.person not in {other.person for other in live.talks.values()}:
            self._tell(live, talk.person, "ended", change.at)

    def _hold(self, change: CallHeld) -> None:
        if not change.held:
            self.on_taken_back(change.call, change.leg)
        live = self.live.get(change.call)
        talk = live.talks.get(change.leg) if live else None
        if live and talk and talk.held != change.held:
            talk.held = change.held
            self._tell(live, talk.person, "held" if change.held else "talking", change.at)

    def _end(self, change: CallEnded) -> None:
        self._pops.forget(change.call, change.at)
        live = self.live.end(change.call)
        if live is None:
            return
        for person in {talk.person for talk in live.talks.values()}:
            self._tell(live, person, "ended", change.at)
        live.talks.clear()
        if live.took_part and live.ticket is None:
            self._remember_late(live)

    def _remember_late(self, live: LiveCall) -> None:
        """A call was over before the database had it; the number of its draft follows now."""
        self._tickets_late[live.id] = live
        while len(self._tickets_late) > 1_000:
            del self._tickets_late[next(iter(self._tickets_late))]

    def _ticket_made(self, call: CallId, ticket: int) -> None:
        live = self.live.get(call)
        late = self._tickets_late.pop(call, None)
        if live is not None:
            live.ticket = ticket
            for talk in live.talks.values():
                self._tell(live, talk.person, "held" if talk.held else "talking", talk.since)
        elif late is not None:
            late.ticket = ticket
            for person in late.took_part:
                self._tell(late, person, "ended", self._clock.now())

    def _tell(self, live: LiveCall, person: int, phase: Phase, since: datetime) -> None:
        def message(seq: int) -> CallMessage:
            return CallMessage(seq=seq, call_id=live.id, phase=phase, since=since, ticket_id=live.ticket)

        self._hub.push(person, f"call:{live.id}", message, over=phase == "ended")


async def apply(connection: Connection, fact: Fact, numbering: Numbering = ANYWHERE) -> int | None:
    """Writes a fact's rows, and makes the draft ticket beside an answered call; returns the draft's id. For the drain."""
    await store.apply(connection, fact, numbering)
    if isinstance(fact, CallAnswered):
        return await draft_of_call(connection, fact.call, fact.at)
    return None
