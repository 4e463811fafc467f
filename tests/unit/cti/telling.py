"""Changes as sentences, so that an expectation reads like what happened. Ids are shortened to the digits after the dot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

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
from cti.errors import Malformed
from cti.events import OUTWARD, WANTED, parse
from cti.framing import Framer, event_name
from cti.picture import Picture
from tests.harness.fake_switch import CAPTURES

NAMES = frozenset(name.encode() for name in WANTED)
OUTWARD_TOO = NAMES | frozenset(name.encode() for name in OUTWARD)


def tell(change: Change) -> str:
    """One sentence."""
    match change:
        case CallStarted(direction=Direction.OUTBOUND):
            return f"{_n(change.call)} is dialled by {change.by} on {_n(change.leg or '')}: {change.number}"
        case CallStarted():
            return f"{_n(change.call)} calls: {change.number} {change.name!r} dialled {change.dialled}"
        case CallQueued():
            return f"{_n(change.call)} waits in {change.queue} at {change.position}{_way(change)}"
        case QueueLeft():
            return f"{_n(change.call)} left {change.queue}: {change.how}"
        case CallOffered():
            return f"{_n(change.call)} rings {change.extension} on {_n(change.leg)}" + ("" if change.queue else " (no queue)")
        case OfferEnded():
            return f"{_n(change.call)} rang {change.extension} on {_n(change.leg)} for {change.rang_ms} ms: {change.outcome}"
        case CallAnswered():
            spans = f"after {change.waited_ms} ms, {change.rang_ms} of them ringing"
            return f"{_n(change.call)} answered by {change.extension} on {_n(change.leg)} {spans}"
        case LegJoined():
            return f"{_n(change.call)} with {change.extension} on {_n(change.leg)}"
        case LegLeft():
            return f"{_n(change.call)} without {_n(change.leg)}"
        case CallHeld():
            return f"{_n(change.call)} {'held' if change.held else 'taken back'} by {_n(change.leg)}"
        case CallTransferred():
            return f"{_n(change.call)} {change.kind} transfer by {change.by} to {change.to or 'somebody'}"
        case CallEnded():
            waited = "never waited" if change.waited_ms is None else f"waited {change.waited_ms}"
            return f"{_n(change.call)} ended {change.outcome}, {waited}, talked {change.talked_ms}"
        case AgentChanged():
            rest = (f" ({change.reason})" if change.reason else "") + (f" with {_n(change.call)}" if change.call else "")
            return f"agent {change.extension} {change.state}{rest}"
        case QueueChanged():
            return f"queue {change.queue}: {change.waiting} waiting"
        case LinkChanged():
            return f"link {'up' if change.up else 'down'}: {change.detail}"


def told(changes: Iterable[Change]) -> list[str]:
    """A sentence each; recovered ones begin with ``~``."""
    return [("~ " if change.recovered else "") + tell(change) for change in changes]


def lines(text: str) -> list[str]:
    """The sentences of an indented block."""
    return [line.strip() for line in text.strip().splitlines() if line.strip()]


def replayed(
    data: bytes, picture: Picture, sizes: Iterator[int] | None = None, *, names: frozenset[bytes] = NAMES
) -> list[Change]:
    """What a stream comes to, fed whole or in pieces of these sizes; ``names`` of events are taken of it."""
    framer, out = Framer(), []
    for piece in _pieces(data, sizes) if sizes else (data,):
        for raw in framer.feed(piece):
            if event_name(raw) in names:
                try:
                    event = parse(raw)
                except Malformed:
                    continue
                if event is not None:
                    out += picture.apply(event)
    return out


def capture(name: str) -> bytes:
    """The bytes of one recorded stream."""
    return (CAPTURES / f"{name}.txt").read_bytes()


def _pieces(data: bytes, sizes: Iterator[int]) -> Iterator[bytes]:
    start = 0
    while start < len(data):
        size = next(sizes)
        yield data[start : start + size]
        start += size


def _n(uniqueid: str) -> str:
    return uniqueid.rpartition(".")[2]


def _way(change: CallQueued) -> str:
    return f" by {change.ivr_path} in {change.language}" if change.ivr_path else ""
