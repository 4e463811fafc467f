"""Turns what the switch's own diary (queue_log) says of calls that were taken while we were dead into the changes that we would
have heard.

Only of the switch that we run ourselves is the diary known. It counts in whole seconds, cut off: an end is put where the
recordings have it within its second, but a wait is the difference of two such seconds, up to one second off either way. When a
call began and was over, our dialplan notes there to the millisecond, also of one that ended in the menu. Such a call counts in
the service level by the same formula as any other, and is marked recovered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from cti import queue_log
from cti.changes import CallAnswered, CallEnded, CallOutcome, CallQueued, CallStarted, LegJoined, LegLeft, QueueLeft
from cti.ids import CallId, ChannelId
from cti.queue_log import Ending, Talk, Witness
from recordings.naming import Role
from recordings.spool import SpooledLeg
from services.hosted import written

READ_AT_MOST = 20_000_000  # bytes: about fifty thousand calls
_SECOND = timedelta(seconds=1)

log = structlog.get_logger(__name__)

Heard = CallStarted | CallQueued | QueueLeft | CallAnswered | LegJoined | LegLeft | CallEnded


def ask(file: Path, calls: Collection[CallId], *, at_most: int = READ_AT_MOST) -> dict[CallId, Witness]:
    """What the diary and the one before it say of these calls, looking back so many bytes. OSError if it cannot be read."""
    return queue_log.read(written.tail(file, at_most), calls)


async def told_of(file: Path | None, calls: Collection[CallId]) -> dict[CallId, Witness]:
    """The same beside the loop, and nothing where there is no diary or it cannot be read."""
    if not calls or file is None:
        return {}
    try:
        return await asyncio.to_thread(ask, file, calls)
    except OSError as error:
        _unreadable(error)
        return {}


async def calls_between(file: Path | None, since: datetime, until: datetime, *, at_most: int = READ_AT_MOST) -> set[CallId]:
    """The calls that the diary, or the one before it, tells of in that time; none where there is none or it cannot be read."""
    if file is None:
        return set()
    try:
        return await asyncio.to_thread(lambda: queue_log.calls(written.tail(file, at_most), since, until))
    except OSError as error:
        _unreadable(error)
        return set()


def _unreadable(error: OSError) -> None:
    log.error("diary.unreadable", error=type(error).__name__)


def changes(witness: Witness, legs: Sequence[SpooledLeg]) -> Iterator[Heard]:
    """The call from its beginning to its end, in order; ``legs`` are its files in the spool (at least one)."""
    call = witness.call
    closed = {leg.leg.channel: leg.touched_at for leg in legs}
    began = witness.began_at or min(leg.leg.started_at for leg in legs)
    ended = _end(witness, closed)
    yield CallStarted(
        at=min(began, witness.queued_at or began),
        recovered=True,
        call=call,
        number=witness.number,
        name="",
        dialled=witness.dialled,
    )
    yield from _visits(witness)
    for talk in (_found(talk, legs) for talk in witness.talks):
        if talk.leg:
            yield from _talk(witness, talk, min(ended, _within(talk.ended, closed.get(talk.leg))) if talk.ended else None)
    again = bool(witness.talks) and witness.how is Ending.ABANDONED
    yield CallEnded(
        at=ended,
        recovered=True,
        call=call,
        outcome=_outcome(witness),
        waited_ms=_waited(witness),
        talked_ms=0,
        abandoned_again=again,
    )


def _visits(witness: Witness) -> Iterator[Heard]:
    """Each stay in a queue; one that has no end in the diary ends with the call."""
    call = witness.call
    for visit in witness.visits:
        yield CallQueued(at=visit.entered, recovered=True, call=call, queue=visit.queue, position=0, ivr_path="", language="")
        if visit.left and visit.how:
            yield QueueLeft(at=visit.left, recovered=True, call=call, queue=visit.queue, how=visit.how)


def rest(
    call: CallId, told: Witness | None, legs: Sequence[SpooledLeg], *, ended_at: datetime, answered: bool, heard: Collection[str]
) -> Iterator[Heard]:
    """How a call that we had begun to hear went on and ended: the diary's changes but those we heard, else what its sound tells.

    ``legs``: its files (at least one); ``ended_at``: the end that was concluded, which is an upper bound; ``answered``: we heard
    that; ``heard``: the persons' legs of which we heard.
    """
    for change in changes(told, legs) if told else _by_sound(call, legs, heard):
        match change:
            case CallAnswered() if answered:
                continue
            case LegJoined(leg=leg) if leg in heard:
                continue
            case CallEnded():
                outcome = CallOutcome.ANSWERED if answered else change.outcome
                yield replace(change, at=min(change.at, ended_at), outcome=outcome)
            case _:
                yield change


def _by_sound(call: CallId, legs: Sequence[SpooledLeg], heard: Collection[str]) -> Iterator[Heard]:
    """The ends of legs and call as the sound tells them: a person left when that person's file ended; the caller's own file is
    the call.
    """
    closed = {leg.leg.channel: leg.touched_at for leg in legs}  # of several files of one leg the last
    end = closed.get(ChannelId(call), max(closed.values()))
    for leg, at in closed.items():
        if leg in heard:
            yield LegLeft(at=min(at, end), recovered=True, call=call, leg=leg)
    yield CallEnded(at=end, recovered=True, call=call, outcome=CallOutcome.LOST, waited_ms=None, talked_ms=0)


def moment_of_answer(told: Witness | None, legs: Sequence[SpooledLeg]) -> datetime | None:
    """When the recording began of who answered first: the moment that the diary has by the second."""
    if told is None or not told.talks:
        return None
    return min((leg.leg.started_at for leg in legs if leg.leg.channel == told.talks[0].leg), default=None)


def _found(talk: Talk, legs: Sequence[SpooledLeg]) -> Talk:
    """Whose beginning the diary has lost: the first person's leg there is. Without one the answer counts all the same."""
    if talk.leg:
        return talk
    first = min((leg.leg for leg in legs if leg.leg.role is Role.AGENT), key=lambda leg: leg.started_at, default=None)
    return replace(talk, leg=first.channel, began=max(talk.began, first.started_at)) if first else talk


def _talk(witness: Witness, talk: Talk, left: datetime | None) -> Iterator[Heard]:
    """The span begins with its second, at most a second early; it is not ``recovered``, as its beginning is no guess."""
    call, leg = witness.call, talk.leg
    if talk.leg == witness.talks[0].leg or not witness.talks[0].leg:
        waited = _waited(witness) or 0
        rang = talk.rang // timedelta(milliseconds=1)
        yield CallAnswered(
            at=talk.began, recovered=True, call=call, extension=talk.extension, leg=leg, waited_ms=waited, rang_ms=rang
        )
    yield LegJoined(at=talk.began, call=call, extension=talk.extension, leg=leg)
    if left:
        yield LegLeft(at=max(left, talk.began), call=call, leg=leg)


def _end(witness: Witness, closed: Mapping[ChannelId, datetime]) -> datetime:
    """When the caller was gone. If the diary has no end, or the agent handed the caller on, only the sound tells."""
    last = max(closed.values())
    if witness.over_at:
        return witness.over_at
    if witness.ended_at is None:
        return max(last, *(talk.began for talk in witness.talks), witness.queued_at or last)
    return _within(witness.ended_at, closed.get(ChannelId(witness.call), last))


def _within(second: datetime, known: datetime | None) -> datetime:
    """The moment within that second: where something finer has it, else its end, so that no sound is cut off."""
    return min(max(known, second), second + _SECOND) if known else second + _SECOND


def _outcome(witness: Witness) -> CallOutcome:
    if witness.talks:
        return CallOutcome.ANSWERED
    if witness.queued_at is None and witness.over_at:
        return CallOutcome.IVR_HANGUP
    return {Ending.ABANDONED: CallOutcome.ABANDONED, Ending.LET_GO: CallOutcome.REFUSED}.get(
        witness.how or Ending.COMPLETED, CallOutcome.LOST
    )


def _waited(witness: Witness) -> int | None:
    """The wait in whole seconds, as milliseconds."""
    until = witness.answered_at or witness.ended_at
    return (until - witness.queued_at) // timedelta(milliseconds=1) if until and witness.queued_at else None
