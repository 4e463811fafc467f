"""Defines the changes that cti derives from the switch's events. They are the only words of cti that other rooms hear.

Every change carries the switch's own time (aware, UTC). ``recovered`` marks one that was not heard as it happened but
found by comparing our picture with the switch's after a login; its ``at`` is then the best known time.
Applying the same change twice must come to the same: the journal that carries them is at-least-once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cti.ids import MAIN, CallId, ChannelId, Extension, Node


class Direction(StrEnum):
    """Who began the call."""

    INBOUND = "inbound"  # somebody outside rang us
    OUTBOUND = "outbound"  # an agent dialled somebody outside


class OfferOutcome(StrEnum):
    """How a ring at one agent ended without an answer."""

    NO_ANSWER = "no_answer"  # a breach of that agent (SPEC A1)
    REJECTED = "rejected"  # busy, declined or the phone could not be reached: ring time about zero
    CANCELLED = "cancelled"  # the caller gave up, or another agent answered


class CallOutcome(StrEnum):
    """How a call ended, from the caller's side (SPEC "How to count"); an outbound one was answered, or never was, or is lost."""

    ANSWERED = "answered"  # a person spoke to the caller; outbound: the dialled one answered
    ABANDONED = "abandoned"  # hung up in the queue
    IVR_HANGUP = "ivr_hangup"  # hung up before the queue: outside the service level
    REFUSED = "refused"  # the queue let the caller go (timeout, empty), or no codec in common; nobody answered
    NO_ANSWER = "no_answer"  # outbound: it rang until the time, or the agent's patience, was over
    BUSY = "busy"  # outbound: engaged, or declined
    FAILED = "failed"  # outbound: there is no such number, or no way to it
    LOST = "lost"  # ended while we were not listening; how is not known


class VisitEnd(StrEnum):
    """How a caller's stay in one queue ended. A queue that was full is never entered, so there is no end for it."""

    ANSWERED = "answered"  # a person took the caller
    ABANDONED = "abandoned"  # hung up while waiting
    TIMED_OUT = "timed_out"  # the queue's time limit was over
    EMPTY = "empty"  # nobody was there to answer any more
    LET_GO = "let_go"  # the queue ended the wait in another way (a key, a withdrawal), or the caller lived on after it
    TRANSFERRED = "transferred"  # taken out of this queue and put into another
    LOST = "lost"  # ended while we were not listening; how is not known


class AgentState(StrEnum):
    """The state of an agent, as phone and queue membership give it."""

    READY = "ready"
    RINGING = "ringing"
    DIALLING = "dialling"  # somebody outside is being rung, and has not answered yet
    TALKING = "talking"
    WRAP_UP = "wrap_up"
    PAUSED = "paused"
    AWAY = "away"  # not a member of the queue, or phone unreachable


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    at: datetime
    recovered: bool = False
    node: Node = MAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class _CallChange(_Change):
    call: CallId


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStarted(_CallChange):
    """A caller's channel came up. ``number`` and ``name`` are as sent by the network: hostile text, length-limited.

    Of an outbound call ``number`` is whom the switch dialled, ``by`` the agent for whom it did, and ``leg`` that agent's own
    channel.
    """

    number: str
    name: str
    dialled: str
    direction: Direction = Direction.INBOUND
    by: Extension | None = None
    leg: ChannelId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallQueued(_CallChange):
    """The 15-second clock of SPEC A1 starts. ``ivr_path`` e.g. ``1`` or ``fallback`` when the IVR was dead (C10)."""

    queue: str
    position: int
    ivr_path: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueLeft(_CallChange):
    """The visit that began with the last CallQueued of that queue is over; ``at`` is when the caller stopped waiting there.

    It is told once it is known how the visit ended, which may be after the end itself (at the next queue, or at the hang-up).
    """

    queue: str
    how: VisitEnd


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOffered(_CallChange):
    """An agent's phone rings (AMI AgentCalled): the moment of the screen-pop (SPEC C5). ``leg`` makes the offer unique.

    ``queue`` is ``""`` when not a queue rings it but a transfer or a consultation within the call.
    """

    extension: Extension
    leg: ChannelId
    queue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferEnded(_CallChange):
    """The ring at one agent ended without that agent's answer."""

    extension: Extension
    leg: ChannelId
    outcome: OfferOutcome
    rang_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAnswered(_CallChange):
    """The first person shares the caller's bridge; once a call. ``waited_ms`` from the first queue's entry, ``rang_ms`` from this
    agent's ring: the two measures of A1. Of an outbound call nobody waited, and ``rang_ms`` is how long it rang outside."""

    extension: Extension
    leg: ChannelId
    waited_ms: int
    rang_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LegJoined(_CallChange):
    """A person's leg shares the caller's bridge from now on (first answer, transfer target, consultant joining)."""

    extension: Extension | None
    leg: ChannelId


@dataclass(frozen=True, slots=True, kw_only=True)
class LegLeft(_CallChange):
    """That leg no longer shares the caller's bridge."""

    leg: ChannelId


@dataclass(frozen=True, slots=True, kw_only=True)
class CallHeld(_CallChange):
    """The agent put the caller on hold (True) or took the caller back (False, also when that leg leaves). Always in pairs."""

    held: bool
    leg: ChannelId


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTransferred(_CallChange):
    """The agent handed the caller on. ``kind`` is ``blind`` or ``attended``; ``to`` an extension or ``''`` if not known."""

    kind: str
    by: Extension | None
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded(_CallChange):
    """The caller's channel is gone.

    ``waited_ms``: from the first queue's entry to the first answer or the end of waiting, None if never queued. ``talked_ms``:
    while at least one person shared the caller's bridge, held or not. ``abandoned_again``: the caller had been answered, came
    into a queue once more and gave up there; the outcome stays ANSWERED, the second wait is counted by this.
    """

    outcome: CallOutcome
    waited_ms: int | None
    talked_ms: int
    abandoned_again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentChanged(_Change):
    """An agent's actual state. ``reason`` is the pause reason as the switch holds it (``Auto-Pause`` after a missed ring)."""

    extension: Extension
    state: AgentState
    reason: str
    call: CallId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueChanged(_Change):
    """Callers wait in the queue, or no longer: how many, and since when the oldest (None if nobody waits)."""

    queue: str
    waiting: int
    oldest_since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkChanged(_Change):
    """The AMI link went down (``up`` False: agents are told, nothing is known) or is up and the picture is whole again."""

    up: bool
    detail: str


Change = (
    CallStarted
    | CallQueued
    | QueueLeft
    | CallOffered
    | OfferEnded
    | CallAnswered
    | LegJoined
    | LegLeft
    | CallHeld
    | CallTransferred
    | CallEnded
    | AgentChanged
    | QueueChanged
    | LinkChanged
)
