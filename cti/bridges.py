"""Keeps who shares a bridge with whom, and decides from that who talks with each caller; pure.

A person has answered when a person's channel and the caller's share a bridge. AgentConnect, AgentComplete and DialEnd are not
believed, for after transfers they come late or not at all; talk time is the time in which at least one person shared the
caller's bridge, held or not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from cti import events
from cti.calls import Call, Calls, Leg, Offer, Step, ms
from cti.changes import CallAnswered, CallHeld, Change, Direction, LegJoined, LegLeft, VisitEnd
from cti.ids import CallId, ChannelId, Extension
from cti.offers import Offers
from cti.visits import end_visit

PLUMBING = frozenset(
    {"Local", "AudioSocket", "WebSocket", "Snoop", "Announcer", "Recorder", "CBAnn", "CBRec", "Surrogate", "Message"}
)
"""Channel technologies that are no person's telephone."""


def is_plumbing(name: str) -> bool:
    """Whether the channel of this name is no person's telephone."""
    return name.partition("/")[0] in PLUMBING


class Bridges:
    """Every bridge with who is in it, and the persons in callers' bridges; each stands on its call, ``Call.legs``."""

    def __init__(self, calls: Calls, offers: Offers, agent_of: Callable[[str], Extension | None]) -> None:
        self.of: dict[ChannelId, str] = {}
        """The bridge of each channel that is in one."""
        self.members: dict[str, dict[ChannelId, str]] = {}
        """Who is in each bridge, with the channel's name."""
        self._calls = calls
        self._offers = offers
        self._agent_of = agent_of

    # --- what the switch says of bridges

    def entered(self, event: events.EnteredBridge) -> list[Change]:
        """A channel is in a bridge, and in none other any more. Asks the table before it changes anything."""
        before = self.of.get(event.channel)
        if before == event.bridge:
            return []
        for other in self.members.get(event.bridge, ()):
            for met in (CallId(other), CallId(event.channel)):
                if met in self._calls.by_id:
                    self._calls.by_id[met].after(Step.JOIN)
        out = self._leave(event.channel, event.at) if before else []
        members = self.members.setdefault(event.bridge, {})
        for other, name in members.items():
            out += self._meet(CallId(other), event.channel, event.name, event.at)
            out += self._meet(CallId(event.channel), other, name, event.at)
        members[event.channel] = event.name
        self.of[event.channel] = event.bridge
        self._note_consultation(event.channel)
        return out

    def left(self, event: events.LeftBridge) -> list[Change]:
        """A channel is out of this bridge."""
        return self._leave(event.channel, event.at) if self.of.get(event.channel) == event.bridge else []

    def hung_up(self, channel: ChannelId, at: datetime) -> list[Change]:
        """A person's channel has ended: it is with no caller any more. It stays in its bridge until it is forgotten."""
        return [change for call in self._callers_with(channel) for change in self._part(call, channel, at)]

    def forget(self, channel: ChannelId) -> None:
        """This channel is in no bridge."""
        bridge = self.of.pop(channel, None)
        if bridge is not None:
            members = self.members[bridge]
            members.pop(channel, None)
            if not members:
                del self.members[bridge]

    def first_answer(self, event: events.FirstAnswer) -> list[Change]:
        """Somebody answered while we did not listen, as the dialplan has noted on the caller's channel."""
        call, extension = self._calls.by_id.get(CallId(event.channel)), self._agent_of(event.name)
        if call is None or call.answered is not None or extension is None:
            return []
        offer = call.offers.get(event.leg)
        rang = ms(event.at - offer.since if offer else event.rang)
        out = end_visit(call, VisitEnd.ANSWERED, event.at)
        return [*out, _answered(call, event.leg, extension, rang, event.at)]

    def held(self, event: events.Held) -> list[Change]:
        """A person holds the caller, or takes them back."""
        call = self._calls.of_phone(event.channel)
        leg = call.legs.get(event.channel) if call else None
        if call is None or leg is None or leg.held == event.held:
            return []  # the caller's own hold, or the Unhold that every transfer begins with
        leg.held = event.held
        return [CallHeld(at=event.at, call=call.id, held=event.held, leg=event.channel)]

    # --- who talks with a caller

    def part_all(self, call: Call, at: datetime) -> list[Change]:
        """Nobody is with this caller any more."""
        return [change for leg in tuple(call.legs) for change in self._part(call, leg, at)]

    def _leave(self, channel: ChannelId, at: datetime) -> list[Change]:
        out = self.hung_up(channel, at)
        if caller := self._calls.by_id.get(CallId(channel)):
            out += self.part_all(caller, at)
        self.forget(channel)
        return out

    def _callers_with(self, channel: ChannelId) -> Iterator[Call]:
        """Calls whose caller shares a bridge with this channel, which is a person's."""
        for other in tuple(self.members.get(self.of.get(channel, ""), ())):
            call = self._calls.by_id.get(CallId(other))
            if call and channel in call.legs:
                yield call

    def _meet(self, call_id: CallId, leg: ChannelId, name: str, at: datetime) -> list[Change]:
        call = self._calls.by_id.get(call_id)
        return [] if call is None or is_plumbing(name) else self._join(call, leg, self._agent_of(name), at)

    def _join(self, call: Call, leg: ChannelId, extension: Extension | None, at: datetime) -> list[Change]:
        call.step(Step.JOIN, at)
        offer = call.offers.pop(leg, None)
        call.legs[leg] = Leg(extension, at)
        self._calls.of_leg[leg] = call.id
        call.talking_since = call.talking_since or at
        out = end_visit(call, VisitEnd.ANSWERED, at)
        if call.answered is None:
            call.answered = at
            if extension is not None:
                out.append(_answered(call, leg, extension, _rang(call, offer, at), at))
        out.append(LegJoined(at=at, call=call.id, extension=extension, leg=leg))
        return out + self._offers.cancel_the_queues(call, at)

    def _part(self, call: Call, leg: ChannelId, at: datetime) -> list[Change]:
        out: list[Change] = []
        if len(call.legs) == 1:
            call.step(Step.PART, at)
        if call.legs.pop(leg).held:
            out.append(CallHeld(at=at, call=call.id, held=False, leg=leg))
        self._calls.of_leg.pop(leg, None)
        if not call.legs:
            call.talked += max(at - (call.talking_since or at), timedelta())
            call.talking_since = None
        return [*out, LegLeft(at=at, call=call.id, leg=leg)]

    def _note_consultation(self, channel: ChannelId) -> None:
        """A phone that rings for a call and is in a bridge without its caller has been picked up."""
        call = self._calls.of_phone(channel)
        if call and (offer := call.offers.get(channel)):
            offer.picked_up = True


def _rang(call: Call, offer: Offer | None, at: datetime) -> int:
    """How long it rang until this answer: the person's phone, or, where that person had dialled, outside."""
    if call.direction is Direction.OUTBOUND:
        return ms(at - call.started)
    return ms(at - offer.since) if offer else 0


def _answered(call: Call, leg: ChannelId, extension: Extension, rang_ms: int, at: datetime) -> Change:
    """The first answer, which ends the wait."""
    call.answered = at
    waited = call.waited(at) or 0
    return CallAnswered(at=at, call=call.id, extension=extension, leg=leg, waited_ms=waited, rang_ms=rang_ms)
