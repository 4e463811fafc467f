"""Shows the screen-pop (SPEC C5): at the ring, to the person whose phone rings and to nobody else.

The first card goes out at once from memory. What we remember of the caller is looked up from the moment the call comes in, and
again at the ring; it follows within the second, or the card says that the history is not to be had. The pop's name is
``<call>/<leg>``: an offer heard twice is one pop. Numbering, keeping and replaying is the hub's; receipts come back as facts.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

import structlog
from pydantic import BaseModel

from cti.changes import CallOffered
from cti.ids import CallId, ChannelId
from services.calls.facts import Fact, PopEnded, PopEnriched, PopReceived, PopSent
from services.calls.live import LiveCall
from services.customers.wire import KnownCustomer
from services.floor.directory import Directory
from services.now import Clock
from services.pops.remembered import Known
from services.pops.wire import PopCard, PopEndMessage, PopMessage

LOOKERS = 4  # looking up at once; at 1 ms each far more than 20 calls a second need
FRESH_S = 5.0  # a look at the caller made so shortly before the ring is not made again
WAITING = 1_000  # look-ups waiting; beyond it the oldest are given up
UNACKNOWLEDGED = 64  # cards per person whose receipt is still awaited

log = structlog.get_logger(__name__)


class Outbox(Protocol):
    """The hub, as the rooms that may not know the web see it."""

    def push(self, person: int, key: str, make: Callable[[int], BaseModel], *, over: bool = False) -> int: ...


class Looks(Protocol):
    """Who remembers callers; two answers: at once from the cache, later in full."""

    def cached(self, number: str) -> KnownCustomer | None: ...
    async def known(self, number: str, *, call: CallId, waited: float = 0.0) -> Known: ...


@dataclass(slots=True)
class _Ring:
    """A card on a screen while the phone rings."""

    person: int
    card: PopCard


@dataclass(slots=True)
class _Sent:
    """A card whose receipt is awaited; ``first`` and the enriched one's number."""

    pop: str
    first: int
    second: int = 0


@dataclass(frozen=True, slots=True)
class _Look:
    """A look-up to be made: for a pop, or beforehand (pop None)."""

    call: CallId
    number: str
    pop: str | None
    asked: float


class ScreenPop:
    """Pops in and out; ``run`` looks callers up."""

    def __init__(self, outbox: Outbox, directory: Directory, looks: Looks, clock: Clock, *, note: Callable[[Fact], None]) -> None:
        self._outbox = outbox
        self._directory = directory
        self._looks = looks
        self._clock = clock
        self._note = note
        self._rings: dict[str, _Ring] = {}
        self._sent: dict[int, deque[_Sent]] = {}
        self._before: dict[CallId, tuple[Known, float]] = {}
        self._waiting: deque[_Look] = deque(maxlen=WAITING)
        self._wake = asyncio.Event()

    def expect(self, call: LiveCall) -> None:
        """A caller is on the way to us: have the history ready before a phone rings."""
        if call.number:
            self._look(call, None)

    def offer(self, change: CallOffered, call: LiveCall) -> None:
        """The phone rings: the first card goes out now."""
        pop = pop_id(change.call, change.leg)
        seat = self._directory.at(change.extension)
        if seat is None or pop in self._rings:
            return
        card = self._first_card(pop, change, call)
        self._rings[pop] = _Ring(seat.person, card)
        seq = self._send(seat.person, card)
        awaited = self._sent.setdefault(seat.person, deque(maxlen=UNACKNOWLEDGED))
        awaited.append(_Sent(pop, seq))
        sent = PopSent(at=self._clock.now(), pop=pop, person=seat.person, call=change.call, seq=seq, offered_at=change.at)
        self._note(sent)
        self._enrich(call, pop)

    def end(self, call: CallId, leg: ChannelId, how: str, at: datetime) -> None:
        """The ring is over; a pop that was never shown ends without a word."""
        self._end(pop_id(call, leg), how, at)

    def forget(self, call: CallId, at: datetime) -> None:
        """The call is over: no ring of it can go on."""
        self._before.pop(call, None)
        for pop in [pop for pop, ring in self._rings.items() if ring.card.call_id == call]:
            self._end(pop, "cancelled", at)

    def acknowledged(self, person: int, seq: int, shown_ms: int | None) -> None:
        """The person's browser has shown everything up to ``seq``."""
        awaited = self._sent.get(person)
        while awaited and awaited[0].first <= seq:
            sent = awaited.popleft()
            exact = shown_ms if seq in (sent.first, sent.second) else None
            self._note(PopReceived(at=self._clock.now(), pop=sent.pop, shown_ms=exact))

    async def run(self) -> None:
        """Looks up for ever; owned by the composition root."""
        async with asyncio.TaskGroup() as tasks:
            for number in range(LOOKERS):
                tasks.create_task(self._look_up_for_ever(), name=f"screenpop: looker {number}")

    def _first_card(self, pop: str, change: CallOffered, call: LiveCall) -> PopCard:
        known, _ = self._before.get(change.call, (None, 0.0))
        return PopCard(
            id=pop,
            stage="first",
            history=known.history if known else True,
            call_id=change.call,
            number=call.number,
            name_sent=call.name_sent,
            customer=known.customer if known else self._looks.cached(call.number),
            ivr_path=call.ivr_path[:40],
            language="en" if call.language == "en" else "zh-CN",
            queue=change.queue,
            queued_at=call.queued_at,
            offered_at=change.at,
            open_tickets=list(known.open_tickets) if known else [],
            last_calls=list(known.last_calls) if known else [],
        )

    def _send(self, person: int, card: PopCard) -> int:
        now = self._clock.now()
        return self._outbox.push(person, f"pop:{card.id}", lambda seq: PopMessage(seq=seq, sent_at=now, card=card))

    def _end(self, pop: str, how: str, at: datetime) -> None:
        ring = self._rings.pop(pop, None)
        if ring is None:
            return
        name = ring.card.customer.name if ring.card.customer else ring.card.name_sent

        def message(seq: int) -> PopEndMessage:
            return PopEndMessage(seq=seq, id=pop, how=how, at=at, number=ring.card.number, name=name)

        self._outbox.push(ring.person, f"pop:{pop}", message, over=True)
        self._note(PopEnded(at=at, pop=pop, how=how))

    def _enrich(self, call: LiveCall, pop: str) -> None:
        known, at = self._before.get(call.id, (None, 0.0))
        now = self._clock.monotonic()
        if known is not None and now - at <= FRESH_S:
            self._found(_Look(call.id, call.number, pop, now), known)
        else:
            self._look(call, pop)

    def _look(self, call: LiveCall, pop: str | None) -> None:
        self._waiting.append(_Look(call.id, call.number, pop, self._clock.monotonic()))
        self._wake.set()

    async def _look_up_for_ever(self) -> None:
        while True:
            while not self._waiting:
                self._wake.clear()
                await self._wake.wait()
            look = self._waiting.popleft()
            self._found(look, await self._look_up(look))

    async def _look_up(self, look: _Look) -> Known:
        """One limit from the ring on, however much of it the look-ups before this one took."""
        return await self._looks.known(look.number, call=look.call, waited=self._clock.monotonic() - look.asked)

    def _found(self, look: _Look, known: Known) -> None:
        if look.pop is None:
            if known.history:
                self._before[look.call] = known, self._clock.monotonic()
                while len(self._before) > WAITING:
                    del self._before[next(iter(self._before))]
            return
        ring = self._rings.get(look.pop)
        if ring is None:
            return  # the ring is over: a card now would be a ghost
        if not known.history and (before := self._before.get(look.call)):
            known = replace(before[0], history=False)
        ring.card = _enriched(ring.card, known)
        seq = self._send(ring.person, ring.card)
        for sent in self._sent.get(ring.person, ()):
            if sent.pop == look.pop:
                sent.second = seq
        self._note(PopEnriched(at=self._clock.now(), pop=look.pop))


def pop_id(call: CallId, leg: ChannelId) -> str:
    """One offer, one pop."""
    return f"{call}/{leg}"


def _enriched(card: PopCard, known: Known) -> PopCard:
    remembered = {
        "stage": "enriched",
        "history": known.history,
        "customer": known.customer,
        "open_tickets": list(known.open_tickets),
        "last_calls": list(known.last_calls),
    }
    return card.model_copy(update=remembered)
