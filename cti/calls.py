"""Defines the states of a call and the steps between them: one table, pure.

A call is the caller's own channel, from the moment it rings us until it hangs up; a transfer, a second queue or a second agent
are all the same call. When an agent dials out, it is the channel of whom the switch dials for that, from that moment on: in the
names below "the caller" is then whoever is called. Where the caller is, is the ``CallState``; ``TRANSITIONS`` says which step may
follow which; a step that it does not know raises IllegalMove and changes nothing. Phones that ring for the caller are *offers*,
persons who share the caller's bridge are *legs*; both hang on the call and go with it, and ``Calls`` finds the call of each.
cti.board turns the switch's events into steps, with cti.offers and cti.bridges.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from cti.changes import Direction
from cti.errors import IllegalMove
from cti.ids import CallId, ChannelId, Extension


class CallState(StrEnum):
    """Where the caller is."""

    ARRIVED = "arrived"  # in the dialplan: greeting, menu
    DIALLED = "dialled"  # an outbound call: it rings outside
    WAITING = "waiting"  # in a queue, nobody's phone rings
    RINGING = "ringing"  # in a queue, at least one agent's phone rings
    RELEASED = "released"  # the queue let go: answered in this very moment, or back in the dialplan
    TALKING = "talking"  # with at least one person
    PARTED = "parted"  # was talking, nobody is with the caller now: being transferred, parked by a consultation
    ENDED = "ended"


class Step(StrEnum):
    """What can happen to a caller."""

    QUEUE = "queue"
    OFFER = "offer"
    WITHDRAW = "withdraw"  # the last ringing phone stopped
    LEAVE = "leave"
    JOIN = "join"
    PART = "part"  # the last person left
    HANG_UP = "hang_up"


TRANSITIONS: Mapping[CallState, Mapping[Step, CallState]] = {
    CallState.ARRIVED: {
        Step.QUEUE: CallState.WAITING,
        Step.JOIN: CallState.TALKING,
        Step.HANG_UP: CallState.ENDED,
    },
    CallState.DIALLED: {
        Step.JOIN: CallState.TALKING,
        Step.HANG_UP: CallState.ENDED,
    },
    CallState.WAITING: {
        Step.OFFER: CallState.RINGING,
        Step.LEAVE: CallState.RELEASED,
        Step.JOIN: CallState.TALKING,
        Step.HANG_UP: CallState.ENDED,
    },
    CallState.RINGING: {
        Step.OFFER: CallState.RINGING,
        Step.WITHDRAW: CallState.WAITING,
        Step.LEAVE: CallState.RELEASED,
        Step.JOIN: CallState.TALKING,
        Step.HANG_UP: CallState.ENDED,
    },
    CallState.RELEASED: {
        Step.QUEUE: CallState.WAITING,
        Step.JOIN: CallState.TALKING,
        Step.HANG_UP: CallState.ENDED,
    },
    CallState.TALKING: {
        Step.LEAVE: CallState.TALKING,  # the queue's own word may come after the bridge's
        Step.JOIN: CallState.TALKING,
        Step.PART: CallState.PARTED,
        Step.HANG_UP: CallState.ENDED,
    },
    CallState.PARTED: {
        Step.QUEUE: CallState.WAITING,
        Step.LEAVE: CallState.PARTED,
        Step.JOIN: CallState.TALKING,
        Step.HANG_UP: CallState.ENDED,
    },
    CallState.ENDED: {},
}

FINAL = frozenset(state for state, steps in TRANSITIONS.items() if not steps)
IN_QUEUE = frozenset({CallState.WAITING, CallState.RINGING})

MAX_AGE: Mapping[CallState, timedelta] = {
    CallState.ARRIVED: timedelta(minutes=15),  # the menu ends by itself after three tries
    CallState.DIALLED: timedelta(minutes=4),  # networks let it ring for three minutes at most
    CallState.WAITING: timedelta(hours=2),
    CallState.RINGING: timedelta(seconds=90),  # a ring is 15 s at most, a retry 1 s
    CallState.RELEASED: timedelta(minutes=2),
    CallState.TALKING: timedelta(hours=4),
    CallState.PARTED: timedelta(minutes=10),
}
"""After this long without any step the switch is asked whether it is still so: a lost event would keep a call open for ever.

A limit of doubt, not of calls."""


@dataclass(slots=True)
class Offer:
    """A phone that rings for the call. ``queue`` is ``""`` when a transfer or a consultation rings it."""

    extension: Extension
    queue: str
    since: datetime
    gone: datetime | None = None  # when the ring was over, until it is known why
    given_up: bool = False  # the queue stopped the ring; the end of its channel says whether the phone had ended it first
    moved: bool = False  # the phone registered anew, or its registration ended, while it rang: nobody heard the ring
    picked_up: bool = False  # talks, but not with the caller: a consultation


@dataclass(slots=True)
class Leg:
    """A person's channel in the caller's bridge."""

    extension: Extension | None
    since: datetime
    held: bool = False


@dataclass(slots=True)
class Call:
    """One caller. Read it; only the board, its offers and its bridges write it."""

    id: CallId
    channel: str
    """Its name, ``PJSIP/trunk-00000009``."""
    number: str
    caller: str
    started: datetime
    state: CallState = CallState.ARRIVED
    since: datetime = field(init=False)
    queue: str = ""
    visiting: str = ""
    """The queue of the visit whose end has not been told; it outlives ``queue``, as how it ended is known only later."""
    queued: datetime | None = None
    """Entry into the first queue: where the clock of SPEC A1 starts."""
    released: datetime | None = None
    answered: datetime | None = None
    ivr_path: str = ""
    language: str = ""
    status_at_join: str = ""
    offers: dict[ChannelId, Offer] = field(default_factory=dict)
    legs: dict[ChannelId, Leg] = field(default_factory=dict)
    talking_since: datetime | None = None
    talked: timedelta = timedelta()
    direction: Direction = Direction.INBOUND
    linked: str = ""
    """Of an outbound call the Linkedid of all its channels, which is the channel of the agent who began it."""

    def __post_init__(self) -> None:
        self.since = self.started

    def step(self, step: Step, at: datetime) -> None:
        """Move on by the table, or raise IllegalMove with nothing changed."""
        self.state, self.since = self.after(step), at

    def after(self, step: Step) -> CallState:
        """Where this step leads. Raises IllegalMove: ask before changing anything that belongs to the step."""
        try:
            return TRANSITIONS[self.state][step]
        except KeyError:
            raise IllegalMove(step, self.state) from None

    def waited(self, at: datetime) -> int | None:
        """Milliseconds from the first queue's entry to the first answer, or else to the end of waiting. None if the call was
        never queued.
        """
        return None if self.queued is None else ms((self.answered or self.released or at) - self.queued)


def ms(span: timedelta) -> int:
    """Whole milliseconds, never below zero: the switch's events of one moment may be a microsecond out of order."""
    return max(0, span // timedelta(milliseconds=1))


@dataclass(slots=True)
class Calls:
    """The calls that live now, and the way from each phone that rings or talks for one of them to its call."""

    by_id: dict[CallId, Call] = field(default_factory=dict)
    of_leg: dict[ChannelId, CallId] = field(default_factory=dict)
    of_linked: dict[str, CallId] = field(default_factory=dict)
    """Outbound calls by the Linkedid of their channels. An inbound call's is its own id."""

    def add(self, call: Call) -> None:
        """From now on the call lives."""
        self.by_id[call.id] = call
        if call.linked:
            self.of_linked[call.linked] = call.id

    def remove(self, call: Call) -> None:
        """It does no longer. Of two that one agent's channel dialled, one after the other, the second may have begun."""
        del self.by_id[call.id]
        if self.of_linked.get(call.linked) == call.id:
            del self.of_linked[call.linked]

    def linked(self, linked: str) -> Call | None:
        """The call whose channels have this Linkedid."""
        return self.by_id.get(CallId(linked)) or self.by_id.get(self.of_linked.get(linked, CallId("")))

    def of_phone(self, channel: ChannelId) -> Call | None:
        """The call whose offer or leg this channel is."""
        call = self.of_leg.get(channel)
        return self.by_id.get(call) if call is not None else None
