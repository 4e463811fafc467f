"""Decides from the switch's events alone where every caller is and who talks to whom; pure, no clock, no I/O.

- A person has answered when a person's channel and the caller's share a bridge. AgentConnect, AgentComplete and DialEnd are not
  believed, for after transfers they come late or not at all; talk time is the time in which at least one person shared the
  caller's bridge, held or not.
- A caller is a channel that rings us (not one the switch dials) and belongs to no agent, or any channel that joins a queue. While
  the dialplan has not read the caller's number, no change tells of the call; the first one comes when the number is read (a
  moment later), or when the channel joins a queue or hangs up.
- An event that repeats what is known changes nothing: after a snapshot events may come that are already in the picture.
- A call that has ended leaves nothing behind, and neither do its legs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from cti import events
from cti.calls import (
    IN_QUEUE,
    MAX_AGE,
    Call,
    CallState,
    Leg,
    Offer,
    Step,
    abandoned_again,
    end_of_visit,
    moved_on,
    ms,
    outcome_of,
)
from cti.changes import (
    CallAnswered,
    CallEnded,
    CallHeld,
    CallOffered,
    CallQueued,
    CallStarted,
    CallTransferred,
    Change,
    LegJoined,
    LegLeft,
    OfferEnded,
    OfferOutcome,
    QueueLeft,
    VisitEnd,
)
from cti.ids import CallId, ChannelId, Extension, extension_of

PLUMBING = frozenset(
    {"Local", "AudioSocket", "WebSocket", "Snoop", "Announcer", "Recorder", "CBAnn", "CBRec", "Surrogate", "Message"}
)
"""Channel technologies that are no person's telephone."""

NO_RING_MS = 1_000
"""A ring shorter than this was none: ring times in queues.conf are whole seconds."""
_SAYS_NOTHING = frozenset({0, 16})
"""Causes of a ring's end that the phone had no part in: the queue's time was over, or the caller's patience."""
_ANSWERED_ELSEWHERE = 26
_REFUSALS = frozenset({17, 18, 20, 21, 22, 27, 28, 34, 38, 41, 42, 58})
"""Hangup causes of a phone that is busy, declines or cannot be reached (Q.850), where no queue has said that it gave up."""


class CallBoard:
    """All calls that live now, by id."""

    def __init__(self, agent_of: Callable[[str], Extension | None] = extension_of) -> None:
        """``agent_of`` names the agent to whom the phone of a channel or interface belongs; other endpoints are callers or
        outside parties.
        """
        self.calls: dict[CallId, Call] = {}
        self.bridge_of: dict[ChannelId, str] = {}
        self._agent_of = agent_of
        self._bridges: dict[str, dict[ChannelId, str]] = {}
        self._call_of: dict[ChannelId, CallId] = {}  # legs and offers
        self._nameless: dict[ChannelId, events.ChannelUp] = {}
        self._on: dict[type, Callable[[Any], list[Change]]] = {
            events.ChannelUp: self._channel_up,
            events.CallerNamed: self._caller_named,
            events.ChannelGone: self._channel_gone,
            events.JoinedQueue: self._joined_queue,
            events.LeftQueue: self._left_queue,
            events.PhoneRings: self._phone_rings,
            events.RingUnanswered: self._ring_unanswered,
            events.PhoneMoved: self._phone_moved,
            events.FirstAnswer: self._first_answer,
            events.EnteredBridge: self._entered_bridge,
            events.LeftBridge: self._left_bridge,
            events.Held: self._held,
            events.Transferred: self._transferred,
        }

    def apply(self, event: events.Event) -> list[Change]:
        """Changes that follow from this event, in order; ``[]`` for an event that repeats what is known or concerns no call.

        Raises:
            IllegalMove: it contradicts the call's state; nothing was changed.
        """
        act = self._on.get(type(event))
        return act(event) if act else []

    @property
    def nameless(self) -> list[ChannelId]:
        """Callers' channels of which no change has told yet."""
        return list(self._nameless)

    def stale(self, now: datetime) -> list[CallId]:
        """Calls that stayed in one state for longer than MAX_AGE."""
        return [call.id for call in self.calls.values() if now - call.since > MAX_AGE[call.state]]

    def confirm(self, call: CallId, now: datetime) -> None:
        """The switch says that the call is still in this state: its age counts from now."""
        self.calls[call].since = now

    def call_of(self, channel: ChannelId) -> CallId | None:
        """The call for whose caller this phone rings or talks, or whose caller's phone it is."""
        return CallId(channel) if CallId(channel) in self.calls else self._call_of.get(channel)

    def is_caller(self, channel: str) -> bool:
        """Whether the channel could be a caller's telephone."""
        return channel.partition("/")[0] not in PLUMBING and self._agent_of(channel) is None

    # --- channels

    def _channel_up(self, event: events.ChannelUp) -> list[Change]:
        if event.channel == event.linked:
            is_new = event.incoming and CallId(event.channel) not in self.calls and self.is_caller(event.name)
            return self._begin(event) if is_new else []
        call = self.calls.get(CallId(event.linked))
        extension = self._agent_of(event.name)
        if call is None or extension is None or call.state in IN_QUEUE or event.channel in self._call_of:
            return []  # a ring by a queue becomes an offer with AgentCalled, which names the queue
        return [self._offer(call, event.channel, extension, "", event.at)]

    def _begin(self, event: events.ChannelUp) -> list[Change]:
        if not event.named:
            self._nameless[event.channel] = event
            return []
        self._nameless.pop(event.channel, None)
        return [self._start(event)]

    def _caller_named(self, event: events.CallerNamed) -> list[Change]:
        up = self._nameless.pop(event.channel, None)
        return [self._start(replace(up, number=event.number, caller=event.caller))] if up else []

    def _start(self, event: events.ChannelUp | events.JoinedQueue) -> Change:
        call = Call(CallId(event.channel), event.name, event.number, event.caller, event.at)
        self.calls[call.id] = call
        return CallStarted(at=event.at, call=call.id, number=event.number, name=event.caller, dialled=event.dialled)

    def _channel_gone(self, event: events.ChannelGone) -> list[Change]:
        if call := self.calls.get(CallId(event.channel)):
            call.after(Step.HANG_UP)
        up = self._nameless.pop(event.channel, None)
        out = [self._start(up)] if up else []
        out += self._leg_gone(event)  # a caller's own channel may also share a bridge with another caller, or ring for one
        if call := self.calls.get(CallId(event.channel)):
            out += self._end(call, event)
        self._out_of_bridge(event.channel)
        return out

    def _leg_gone(self, event: events.ChannelGone) -> list[Change]:
        out: list[Change] = []
        for bridged in self._callers_with(event.channel):
            out += self._part(bridged, event.channel, event.at)
        call_id = self._call_of.get(event.channel)
        call = self.calls.get(call_id) if call_id else None
        offer = call.offers.get(event.channel) if call else None
        if call and offer:
            out += self._offer_gone(call, event.channel, offer, event)
        else:
            self._call_of.pop(event.channel, None)
        return out

    def _offer_gone(self, call: Call, leg: ChannelId, offer: Offer, event: events.ChannelGone) -> list[Change]:
        """A queue's ring that stops without a cause is explained by what follows: no answer, or the caller's end."""
        if offer.picked_up or event.cause == _ANSWERED_ELSEWHERE:
            outcome = OfferOutcome.CANCELLED
        elif offer.given_up:
            outcome = _given_up(offer, event.cause)
        elif event.cause in _REFUSALS:
            outcome = OfferOutcome.REJECTED
        elif offer.queue:
            offer.gone = event.at
            return []
        else:
            outcome = OfferOutcome.NO_ANSWER
        return self._close(call, leg, outcome, event.at)

    def _end(self, call: Call, event: events.ChannelGone) -> list[Change]:
        out: list[Change] = []
        for leg in tuple(call.offers):
            out += self._close(call, leg, OfferOutcome.CANCELLED, event.at)
        for leg in tuple(call.legs):
            out += self._part(call, leg, event.at)
        again = abandoned_again(call, event)
        call.step(Step.HANG_UP, event.at)
        out += _end_visit(call, end_of_visit(call, event), call.released or event.at)
        del self.calls[call.id]
        ended = CallEnded(
            at=event.at,
            call=call.id,
            outcome=outcome_of(call, event),
            waited_ms=call.waited(event.at),
            talked_ms=ms(call.talked),
            abandoned_again=again,
        )
        return [*out, ended]

    # --- queues

    def _joined_queue(self, event: events.JoinedQueue) -> list[Change]:
        call, out = self.calls.get(CallId(event.channel)), list[Change]()
        if call is None:
            up = self._nameless.pop(event.channel, None)
            out.append(self._start(replace(up, number=event.number, caller=event.caller) if up else event))
            call = self.calls[CallId(event.channel)]
        elif call.state in IN_QUEUE and call.queue == event.queue:
            return []
        call.step(Step.QUEUE, event.at)
        out += _end_visit(call, moved_on(call, event.queue_status), call.released or event.at)
        call.queue, call.visiting, call.released, call.queued = event.queue, event.queue, None, call.queued or event.at
        call.ivr_path, call.language, call.status_at_join = event.ivr_path, event.language, event.queue_status
        queued = CallQueued(
            at=event.at,
            call=call.id,
            queue=event.queue,
            position=event.position,
            ivr_path=event.ivr_path,
            language=event.language,
        )
        return [*out, queued]

    def _left_queue(self, event: events.LeftQueue) -> list[Change]:
        call = self.calls.get(CallId(event.channel))
        if call is None or call.queue != event.queue:
            return []
        if event.abandoned:
            return self._close_queue_offers(call, event.at)
        call.step(Step.LEAVE, event.at)
        call.queue, call.released = "", event.at
        return []

    def _phone_rings(self, event: events.PhoneRings) -> list[Change]:
        call = self.calls.get(CallId(event.channel))
        extension = self._agent_of(event.interface)
        if call is None or extension is None or event.leg in self._call_of:
            return []
        call.step(Step.OFFER, event.at)
        unexplained = [leg for leg, offer in call.offers.items() if offer.gone]
        offered = self._offer(call, event.leg, extension, event.queue, event.at)
        out: list[Change] = []
        for leg in unexplained:  # the queue goes on, so that ring ended unanswered
            out += self._close(call, leg, _given_up(call.offers[leg], 0), event.at)
        return [*out, offered]

    def _ring_unanswered(self, event: events.RingUnanswered) -> list[Change]:
        """The queue gave the ring up. The end of that phone's channel says why: it comes next, or has come."""
        call = self.calls.get(CallId(event.channel))
        offer = call.offers.get(event.leg) if call else None
        if call is None or offer is None:
            return []
        explained = offer.gone is not None or offer.moved
        offer.gone, offer.given_up = offer.gone or event.at, True
        return self._close(call, event.leg, _given_up(offer, 0), event.at) if explained else []

    def _phone_moved(self, event: events.PhoneMoved) -> list[Change]:
        for call in self.calls.values():
            for offer in call.offers.values():
                offer.moved = offer.moved or offer.extension == event.phone
        return []

    # --- offers

    def _offer(self, call: Call, leg: ChannelId, extension: Extension, queue: str, at: datetime) -> Change:
        call.offers[leg] = Offer(extension, queue, at)
        self._call_of[leg] = call.id
        return CallOffered(at=at, call=call.id, extension=extension, leg=leg, queue=queue)

    def _close(self, call: Call, leg: ChannelId, outcome: OfferOutcome, at: datetime) -> list[Change]:
        if call.state is CallState.RINGING and not any(o.queue for other, o in call.offers.items() if other != leg):
            call.step(Step.WITHDRAW, at)
        offer = call.offers.pop(leg)
        self._call_of.pop(leg, None)
        rang = ms((offer.gone or at) - offer.since)
        return [OfferEnded(at=at, call=call.id, extension=offer.extension, leg=leg, outcome=outcome, rang_ms=rang)]

    def _close_queue_offers(self, call: Call, at: datetime) -> list[Change]:
        out: list[Change] = []
        for leg in [leg for leg, offer in call.offers.items() if offer.queue]:
            out += self._close(call, leg, OfferOutcome.CANCELLED, at)
        return out

    # --- bridges

    def _entered_bridge(self, event: events.EnteredBridge) -> list[Change]:
        before = self.bridge_of.get(event.channel)
        if before == event.bridge:
            return []
        for other in self._bridges.get(event.bridge, ()):
            for met in (CallId(other), CallId(event.channel)):
                if met in self.calls:
                    self.calls[met].after(Step.JOIN)
        out = self._leave(event.channel, event.at) if before else []
        members = self._bridges.setdefault(event.bridge, {})
        for other, name in members.items():
            out += self._meet(CallId(other), event.channel, event.name, event.at)
            out += self._meet(CallId(event.channel), other, name, event.at)
        members[event.channel] = event.name
        self.bridge_of[event.channel] = event.bridge
        self._note_consultation(event.channel)
        return out

    def _note_consultation(self, channel: ChannelId) -> None:
        call_id = self._call_of.get(channel)
        offer = self.calls[call_id].offers.get(channel) if call_id in self.calls else None
        if offer:
            offer.picked_up = True

    def _left_bridge(self, event: events.LeftBridge) -> list[Change]:
        return self._leave(event.channel, event.at) if self.bridge_of.get(event.channel) == event.bridge else []

    def _leave(self, channel: ChannelId, at: datetime) -> list[Change]:
        out: list[Change] = []
        for call in self._callers_with(channel):
            out += self._part(call, channel, at)
        if caller := self.calls.get(CallId(channel)):
            for leg in tuple(caller.legs):
                out += self._part(caller, leg, at)
        self._out_of_bridge(channel)
        return out

    def _out_of_bridge(self, channel: ChannelId) -> None:
        bridge = self.bridge_of.pop(channel, None)
        if bridge is not None:
            members = self._bridges[bridge]
            members.pop(channel, None)
            if not members:
                del self._bridges[bridge]

    def _callers_with(self, channel: ChannelId) -> Iterator[Call]:
        """Calls whose caller shares a bridge with this channel, which is a person's."""
        for other in tuple(self._bridges.get(self.bridge_of.get(channel, ""), ())):
            call = self.calls.get(CallId(other))
            if call and channel in call.legs:
                yield call

    def _meet(self, call_id: CallId, leg: ChannelId, name: str, at: datetime) -> list[Change]:
        call = self.calls.get(call_id)
        if call is None or name.partition("/")[0] in PLUMBING:
            return []
        return self._join(call, leg, self._agent_of(name), at)

    def _join(self, call: Call, leg: ChannelId, extension: Extension | None, at: datetime) -> list[Change]:
        call.step(Step.JOIN, at)
        offer = call.offers.pop(leg, None)
        call.legs[leg] = Leg(extension, at)
        self._call_of[leg] = call.id
        call.talking_since = call.talking_since or at
        out = _end_visit(call, VisitEnd.ANSWERED, at)
        if call.answered is None:
            call.answered = at
            if extension is not None:
                rang = ms(at - offer.since) if offer else 0
                waited = call.waited(at) or 0
                out.append(CallAnswered(at=at, call=call.id, extension=extension, leg=leg, waited_ms=waited, rang_ms=rang))
        out.append(LegJoined(at=at, call=call.id, extension=extension, leg=leg))
        return out + self._close_queue_offers(call, at)

    def _part(self, call: Call, leg: ChannelId, at: datetime) -> list[Change]:
        out: list[Change] = []
        if len(call.legs) == 1:
            call.step(Step.PART, at)
        if call.legs.pop(leg).held:
            out.append(CallHeld(at=at, call=call.id, held=False, leg=leg))
        self._call_of.pop(leg, None)
        if not call.legs:
            call.talked += max(at - (call.talking_since or at), timedelta())
            call.talking_since = None
        return [*out, LegLeft(at=at, call=call.id, leg=leg)]

    def _first_answer(self, event: events.FirstAnswer) -> list[Change]:
        call, extension = self.calls.get(CallId(event.channel)), self._agent_of(event.name)
        if call is None or call.answered is not None or extension is None:
            return []
        call.answered = event.at
        waited, offer = call.waited(event.at) or 0, call.offers.get(event.leg)
        rang = ms(event.at - offer.since if offer else event.rang)
        answered = CallAnswered(at=event.at, call=call.id, extension=extension, leg=event.leg, waited_ms=waited, rang_ms=rang)
        return [*_end_visit(call, VisitEnd.ANSWERED, event.at), answered]

    # --- hold and transfer

    def _held(self, event: events.Held) -> list[Change]:
        call_id = self._call_of.get(event.channel)
        leg = self.calls[call_id].legs.get(event.channel) if call_id in self.calls else None
        if call_id is None or leg is None or leg.held == event.held:
            return []  # the caller's own hold, or the Unhold that every transfer begins with
        leg.held = event.held
        return [CallHeld(at=event.at, call=call_id, held=event.held, leg=event.channel)]

    def _transferred(self, event: events.Transferred) -> list[Change]:
        call = self.calls.get(CallId(event.transferee)) or self.calls.get(CallId(event.linked))
        if call is None:
            return []
        to = event.to if event.kind == "blind" else self._agent_of(event.to) or _consulted(call)
        return [CallTransferred(at=event.at, call=call.id, kind=event.kind, by=self._agent_of(event.by), to=to)]


def _end_visit(call: Call, how: VisitEnd, at: datetime) -> list[Change]:
    """The end of the visit that is open, if one is: told once."""
    queue, call.visiting = call.visiting, ""
    return [QueueLeft(at=at, call=call.id, queue=queue, how=how)] if queue else []


def _given_up(offer: Offer, cause: int) -> OfferOutcome:
    """A queue's ring that nobody answered: a breach of the agent (SPEC A1) if it rang its time out at a phone that was there."""
    if offer.moved:
        return OfferOutcome.CANCELLED
    rang = offer.gone is None or offer.gone - offer.since >= timedelta(milliseconds=NO_RING_MS)
    return OfferOutcome.NO_ANSWER if rang and cause in _SAYS_NOTHING else OfferOutcome.REJECTED


def _consulted(call: Call) -> str:
    """The person who was consulted, if there was exactly one: AMI Atxfer does not name the target."""
    extensions = [offer.extension for offer in call.offers.values() if offer.picked_up]
    return extensions[0] if len(extensions) == 1 else ""
