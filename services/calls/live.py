"""Keeps the calls of this moment as the screen-pop needs them: in memory only, from the changes in their order; pure."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime

from cti.changes import CallOffered, CallQueued, CallStarted, Change, Direction, LegJoined, LegLeft, OfferEnded
from cti.ids import MAIN, CallId, ChannelId, Node
from services.calls.network_text import printable
from services.customers.numbers import Numbering

MOST = 5_000  # more calls at once are calls whose end was never heard: the oldest are forgotten


@dataclass(slots=True)
class Talk:
    """One person's part in a call: leg, since when, on hold or not."""

    person: int
    since: datetime
    held: bool = False


@dataclass(slots=True)
class LiveCall:
    """What the switch has said of a call so far.

    ``talks``: legs of persons of ours who share the caller's bridge; ``legs``: every phone that rings or talks for the caller.
    """

    id: CallId
    started_at: datetime
    node: Node = MAIN
    direction: Direction = Direction.INBOUND
    number: str = ""
    name_sent: str = ""
    ivr_path: str = ""
    language: str = "zh-CN"
    queue: str = ""
    queued_at: datetime | None = None
    ticket: int | None = None
    talks: dict[ChannelId, Talk] = field(default_factory=dict)
    legs: set[ChannelId] = field(default_factory=set)
    took_part: set[int] = field(default_factory=set)


class LiveCalls:
    """Calls by id, oldest first."""

    def __init__(self, numbering: Numbering) -> None:
        self._numbering = numbering
        self._calls: OrderedDict[CallId, LiveCall] = OrderedDict()

    def get(self, call: CallId) -> LiveCall | None:
        return self._calls.get(call)

    def queue_of(self, call: CallId | None) -> str:
        """The queue in which the caller waits, or waited last; empty if there is no call or nothing is known of it."""
        known = self._calls.get(call) if call else None
        return known.queue if known else ""

    def ids(self, node: Node = MAIN) -> tuple[CallId, ...]:
        """The calls on that switch."""
        return tuple(call.id for call in self._calls.values() if call.node == node)

    def legs(self, node: Node = MAIN) -> tuple[ChannelId, ...]:
        """Every phone that rings or talks for them now."""
        return tuple(leg for call in self._calls.values() if call.node == node for leg in call.legs)

    def call(self, call: CallId, at: datetime, node: Node = MAIN) -> LiveCall:
        """The call, made if nothing was heard of it yet."""
        found = self._calls.get(call)
        if found is None:
            found = self._calls[call] = LiveCall(call, at, node)
            while len(self._calls) > MOST:
                self._calls.popitem(last=False)
        return found

    def start(self, change: CallStarted) -> LiveCall:
        call = self.call(change.call, change.at, change.node)
        call.started_at = min(call.started_at, change.at)
        call.direction = change.direction
        call.number, call.name_sent = self._numbering.read(change.number), printable(change.name)
        return call

    def queue(self, change: CallQueued) -> LiveCall:
        call = self.call(change.call, change.at, change.node)
        call.queue = change.queue
        call.queued_at = call.queued_at or change.at
        call.ivr_path = change.ivr_path or call.ivr_path
        call.language = change.language if change.language in ("zh-CN", "en") else call.language
        return call

    def follow(self, change: Change) -> None:
        """Takes in which phones ring or talk; other changes do not concern it."""
        match change:
            case CallOffered() | LegJoined():
                self.call(change.call, change.at, change.node).legs.add(change.leg)
            case OfferEnded() | LegLeft() if live := self.get(change.call):
                live.legs.discard(change.leg)

    def end(self, call: CallId) -> LiveCall | None:
        return self._calls.pop(call, None)
