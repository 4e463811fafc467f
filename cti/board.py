"""Decides from the switch's events alone where every caller is and who talks to whom; pure, no clock, no I/O.

Each kind of event has one who acts on it: what concerns phones that ring is cti.offers', what concerns bridges and persons in
them cti.bridges'; the callers' own channels, their queues and transfers are here. All of them change the same calls (cti.calls)
and ask its table before they change anything.

- An outbound call begins when the switch dials a trunk for an agent's own channel. What it dials for a caller's (who is handed on
  to a number outside) is a person in that caller's call.
- A caller is a channel that rings us (not one the switch dials) and belongs to no agent, or any channel that joins a queue. While
  the dialplan has not read the caller's number, no change tells of the call; the first one comes when the number is read (a
  moment later), or when the channel joins a queue or hangs up.
- An event that repeats what is known changes nothing: after a snapshot events may come that are already in the picture.
- A call that has ended leaves nothing behind, and neither do its legs.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from cti import events
from cti.bridges import Bridges, is_plumbing
from cti.calls import IN_QUEUE, MAX_AGE, Call, Calls, CallState, Step, ms
from cti.changes import CallEnded, CallQueued, CallStarted, CallTransferred, Change, Direction
from cti.ids import CallId, ChannelId, Extension, endpoint_of, extension_of
from cti.offers import Offers
from cti.visits import abandoned_again, end_of_visit, end_visit, moved_on, outcome_of


class CallBoard:
    """All calls that live now, by id."""

    def __init__(self, agent_of: Callable[[str], Extension | None] = extension_of, trunks: Collection[str] = ()) -> None:
        """``agent_of`` names the agent to whom the phone of a channel or interface belongs; other endpoints are callers or
        outside parties. ``trunks``: the endpoints by which agents' own calls go out.
        """
        self._calls = Calls()
        self._offers = Offers(self._calls, agent_of)
        self._bridges = Bridges(self._calls, self._offers, agent_of)
        self._agent_of = agent_of
        self._trunks = frozenset(trunks)
        self._nameless: dict[ChannelId, events.ChannelUp] = {}
        self._on: dict[type, Callable[[Any], list[Change]]] = {
            events.ChannelUp: self._channel_up,
            events.CallerNamed: self._caller_named,
            events.DialledOut: self._dialled_out,
            events.ChannelGone: self._channel_gone,
            events.JoinedQueue: self._joined_queue,
            events.LeftQueue: self._left_queue,
            events.PhoneRings: self._offers.phone_rings,
            events.RingUnanswered: self._offers.ring_unanswered,
            events.PhoneMoved: self._offers.phone_moved,
            events.FirstAnswer: self._bridges.first_answer,
            events.EnteredBridge: self._bridges.entered,
            events.LeftBridge: self._bridges.left,
            events.Held: self._bridges.held,
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
    def calls(self) -> Mapping[CallId, Call]:
        """All calls that live now."""
        return self._calls.by_id

    @property
    def bridge_of(self) -> Mapping[ChannelId, str]:
        """The bridge of each channel that is in one."""
        return self._bridges.of

    @property
    def nameless(self) -> list[ChannelId]:
        """Callers' channels of which no change has told yet."""
        return list(self._nameless)

    @property
    def remembered(self) -> int:
        """How many calls, phones, bridges and channels are kept: 0 once everybody has hung up."""
        calls, bridges = self._calls, self._bridges
        phones_and_bridges = len(calls.of_leg) + len(calls.of_linked) + len(bridges.of) + len(bridges.members)
        return len(calls.by_id) + len(self._nameless) + phones_and_bridges

    def stale(self, now: datetime) -> list[CallId]:
        """Calls that stayed in one state for longer than MAX_AGE."""
        return [call.id for call in self.calls.values() if now - call.since > MAX_AGE[call.state]]

    def confirm(self, call: CallId, now: datetime) -> None:
        """The switch says that the call is still in this state: its age counts from now."""
        self.calls[call].since = now

    def call_of(self, channel: ChannelId) -> CallId | None:
        """The call for whose caller this phone rings or talks, or whose caller's phone it is."""
        return CallId(channel) if CallId(channel) in self.calls else self._calls.of_leg.get(channel)

    def linked(self, linked: str) -> Call | None:
        """The call whose channels have this Linkedid."""
        return self._calls.linked(linked)

    def is_trunk(self, channel: str) -> bool:
        """Whether agents' own calls go out by the endpoint of this channel."""
        return endpoint_of(channel) in self._trunks

    def is_caller(self, channel: str) -> bool:
        """Whether the channel could be a caller's telephone."""
        return not is_plumbing(channel) and self._agent_of(channel) is None

    # --- the caller's own channel

    def _channel_up(self, event: events.ChannelUp) -> list[Change]:
        calls = self._calls
        if event.channel == event.linked:
            is_new = event.incoming and CallId(event.channel) not in calls.by_id and self.is_caller(event.name)
            return self._begin(event) if is_new else []
        call = calls.linked(event.linked)
        extension = self._agent_of(event.name)
        if call is None or extension is None or call.state in IN_QUEUE or event.channel in calls.of_leg:
            return []  # a ring by a queue becomes an offer with AgentCalled, which names the queue
        return [self._offers.ring(call, event.channel, extension, "", event.at)]

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
        self._calls.add(call)
        return CallStarted(at=event.at, call=call.id, number=event.number, name=event.caller, dialled=event.dialled)

    def _dialled_out(self, event: events.DialledOut) -> list[Change]:
        by, known = self._agent_of(event.by), CallId(event.channel) in self._calls.by_id
        if by is None or known or not self.is_trunk(event.name):
            return []
        call = Call(CallId(event.channel), event.name, event.number, "", event.at, CallState.DIALLED)
        call.direction, call.linked = Direction.OUTBOUND, event.linked
        self._calls.add(call)
        started = CallStarted(
            at=event.at,
            call=call.id,
            number=event.number,
            name="",
            dialled=event.number,
            direction=call.direction,
            by=by,
            leg=event.leg,
        )
        return [started]

    def _channel_gone(self, event: events.ChannelGone) -> list[Change]:
        if call := self._calls.by_id.get(CallId(event.channel)):
            call.after(Step.HANG_UP)
        up = self._nameless.pop(event.channel, None)
        out = [self._start(up)] if up else []
        out += self._bridges.hung_up(event.channel, event.at)  # a caller's own channel may also be with another caller,
        out += self._offers.hung_up(event)  # or ring for one
        if call := self._calls.by_id.get(CallId(event.channel)):
            out += self._end(call, event)
        self._bridges.forget(event.channel)
        return out

    def _end(self, call: Call, event: events.ChannelGone) -> list[Change]:
        out = [*self._offers.cancel(call, event.at), *self._bridges.part_all(call, event.at)]
        again = abandoned_again(call, event)
        call.step(Step.HANG_UP, event.at)
        out += end_visit(call, end_of_visit(call, event), call.released or event.at)
        self._calls.remove(call)
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
        call, out = self._calls.by_id.get(CallId(event.channel)), list[Change]()
        if call is None:
            up = self._nameless.pop(event.channel, None)
            out.append(self._start(replace(up, number=event.number, caller=event.caller) if up else event))
            call = self._calls.by_id[CallId(event.channel)]
        elif call.state in IN_QUEUE and call.queue == event.queue:
            return []
        call.step(Step.QUEUE, event.at)
        out += end_visit(call, moved_on(call, event.queue_status), call.released or event.at)
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
        call = self._calls.by_id.get(CallId(event.channel))
        if call is None or call.queue != event.queue:
            return []
        if event.abandoned:
            return self._offers.cancel_the_queues(call, event.at)
        call.step(Step.LEAVE, event.at)
        call.queue, call.released = "", event.at
        return []

    # --- transfers

    def _transferred(self, event: events.Transferred) -> list[Change]:
        call = self._calls.by_id.get(CallId(event.transferee)) or self._calls.linked(event.linked)
        if call is None:
            return []
        to = event.to if event.kind == "blind" else self._agent_of(event.to) or _consulted(call)
        return [CallTransferred(at=event.at, call=call.id, kind=event.kind, by=self._agent_of(event.by), to=to)]


def _consulted(call: Call) -> str:
    """The person who was consulted, if there was exactly one: AMI Atxfer does not name the target."""
    extensions = [offer.extension for offer in call.offers.values() if offer.picked_up]
    return extensions[0] if len(extensions) == 1 else ""
