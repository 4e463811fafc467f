"""Keeps the phones that ring for callers, and decides what each ring came to; pure.

An offer begins when a queue, a transfer or a consultation rings a person's phone, and ends once: answered (cti.bridges takes it
over then), or with an OfferEnded that says why. A ring that a queue gave up is a breach of the agent (SPEC A1) only if the phone
was there and rang its time out, so its end waits for the end of the phone's channel, or the other way round.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from cti import events
from cti.calls import Call, Calls, CallState, Offer, Step, ms
from cti.changes import CallOffered, Change, OfferEnded, OfferOutcome
from cti.ids import CallId, ChannelId, Extension

NO_RING_MS = 1_000
"""A ring shorter than this was none: ring times in queues.conf are whole seconds."""
_SAYS_NOTHING = frozenset({0, 16})
"""Causes of a ring's end that the phone had no part in: the queue's time was over, or the caller's patience."""
_ANSWERED_ELSEWHERE = 26
_REFUSALS = frozenset({17, 18, 20, 21, 22, 27, 28, 34, 38, 41, 42, 58})
"""Hangup causes of a phone that is busy, declines or cannot be reached (Q.850), where no queue has said that it gave up."""


class Offers:
    """The rings of all calls; each stands on its call, ``Call.offers``."""

    def __init__(self, calls: Calls, agent_of: Callable[[str], Extension | None]) -> None:
        self._calls = calls
        self._agent_of = agent_of

    def ring(self, call: Call, leg: ChannelId, extension: Extension, queue: str, at: datetime) -> Change:
        """This phone rings for the call."""
        call.offers[leg] = Offer(extension, queue, at)
        self._calls.of_leg[leg] = call.id
        return CallOffered(at=at, call=call.id, extension=extension, leg=leg, queue=queue)

    def close(self, call: Call, leg: ChannelId, outcome: OfferOutcome, at: datetime) -> list[Change]:
        """This phone rings no more, and nobody spoke with the caller."""
        if call.state is CallState.RINGING and not any(o.queue for other, o in call.offers.items() if other != leg):
            call.step(Step.WITHDRAW, at)
        offer = call.offers.pop(leg)
        self._calls.of_leg.pop(leg, None)
        rang = ms((offer.gone or at) - offer.since)
        return [OfferEnded(at=at, call=call.id, extension=offer.extension, leg=leg, outcome=outcome, rang_ms=rang)]

    def cancel(self, call: Call, at: datetime) -> list[Change]:
        """The caller is gone: nothing rings for them any more."""
        return [change for leg in tuple(call.offers) for change in self.close(call, leg, OfferOutcome.CANCELLED, at)]

    def cancel_the_queues(self, call: Call, at: datetime) -> list[Change]:
        """The queue rings nobody more for this call; whom a colleague rings rings on."""
        rung = [leg for leg, offer in call.offers.items() if offer.queue]
        return [change for leg in rung for change in self.close(call, leg, OfferOutcome.CANCELLED, at)]

    # --- what the switch says of rings

    def phone_rings(self, event: events.PhoneRings) -> list[Change]:
        """A queue rings an agent's phone: it goes on after those whose end is not explained yet."""
        call = self._calls.by_id.get(CallId(event.channel))
        extension = self._agent_of(event.interface)
        if call is None or extension is None or event.leg in self._calls.of_leg:
            return []
        call.step(Step.OFFER, event.at)
        unexplained = [leg for leg, offer in call.offers.items() if offer.gone]
        offered = self.ring(call, event.leg, extension, event.queue, event.at)
        out: list[Change] = []
        for leg in unexplained:  # the queue goes on, so that ring ended unanswered
            out += self.close(call, leg, _given_up(call.offers[leg], 0), event.at)
        return [*out, offered]

    def ring_unanswered(self, event: events.RingUnanswered) -> list[Change]:
        """The queue gave the ring up. The end of that phone's channel says why: it comes next, or has come."""
        call = self._calls.by_id.get(CallId(event.channel))
        offer = call.offers.get(event.leg) if call else None
        if call is None or offer is None:
            return []
        explained = offer.gone is not None or offer.moved
        offer.gone, offer.given_up = offer.gone or event.at, True
        return self.close(call, event.leg, _given_up(offer, 0), event.at) if explained else []

    def phone_moved(self, event: events.PhoneMoved) -> list[Change]:
        """A phone registered anew, or its registration ended: what rings there nobody hears."""
        for call in self._calls.by_id.values():
            for offer in call.offers.values():
                offer.moved = offer.moved or offer.extension == event.phone
        return []

    def hung_up(self, event: events.ChannelGone) -> list[Change]:
        """The end of a phone's channel. A queue's ring that stops without a cause is explained by what follows: no answer, or
        the caller's end.
        """
        call = self._calls.of_phone(event.channel)
        offer = call.offers.get(event.channel) if call else None
        if call is None or offer is None:
            self._calls.of_leg.pop(event.channel, None)
            return []
        outcome = _told_by_the_end(offer, event.cause)
        if outcome is None:
            offer.gone = event.at
            return []
        return self.close(call, event.channel, outcome, event.at)


def _told_by_the_end(offer: Offer, cause: int) -> OfferOutcome | None:
    """What the ring came to, by the cause that its channel ended with; None for a queue's ring of which that tells nothing."""
    if offer.picked_up or cause == _ANSWERED_ELSEWHERE:
        return OfferOutcome.CANCELLED
    if offer.given_up:
        return _given_up(offer, cause)
    if cause in _REFUSALS:
        return OfferOutcome.REJECTED
    return None if offer.queue else OfferOutcome.NO_ANSWER


def _given_up(offer: Offer, cause: int) -> OfferOutcome:
    """A queue's ring that nobody answered: a breach of the agent (SPEC A1) if it rang its time out at a phone that was there."""
    if offer.moved:
        return OfferOutcome.CANCELLED
    rang = offer.gone is None or offer.gone - offer.since >= timedelta(milliseconds=NO_RING_MS)
    return OfferOutcome.NO_ANSWER if rang and cause in _SAYS_NOTHING else OfferOutcome.REJECTED
