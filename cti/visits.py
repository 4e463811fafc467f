"""Decides how a caller's wait in a queue ended, and with it the call: answered, abandoned, let go, lost. Pure.

The queue's own word for the end (QUEUESTATUS) stands on the caller's channel from one queue to the next, so it counts only if it
is another than when the wait began.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from cti import events
from cti.calls import IN_QUEUE, Call, CallState
from cti.changes import CallOutcome, Change, Direction, QueueLeft, VisitEnd

LET_GO = frozenset({"TIMEOUT", "FULL", "JOINEMPTY", "LEAVEEMPTY", "JOINUNAVAIL", "LEAVEUNAVAIL", "WITHDRAW"})
"""QUEUESTATUS values: the queue ended the wait, not the caller."""

_LET_GO_AS: Mapping[str, VisitEnd] = {
    "TIMEOUT": VisitEnd.TIMED_OUT,
    "LEAVEEMPTY": VisitEnd.EMPTY,
    "LEAVEUNAVAIL": VisitEnd.EMPTY,
}

NO_COMMON_CODEC = 58
"""Cause (Q.850) with which the dialplan refuses a caller whose codecs nobody here speaks."""

_BUSY = frozenset({17, 21})
"""Causes (Q.850) of whom an agent dialled: engaged, or declined."""
_RANG_ON = frozenset({0, 16, 18, 19, 26, 31, 127})
"""Likewise of a ring that nobody answered: its time was over, the network's was, or the agent gave up (127: for 487, which is how
SIP says that, Asterisk has no cause)."""

STILL_THERE = timedelta(seconds=1)
"""A caller who lives on this long after the queue's end did not hang up in the queue; one who did is gone in milliseconds."""


def end_visit(call: Call, how: VisitEnd, at: datetime) -> list[Change]:
    """The end of the visit that is open, if one is: told once."""
    queue, call.visiting = call.visiting, ""
    return [QueueLeft(at=at, call=call.id, queue=queue, how=how)] if queue else []


def outcome_of(call: Call, end: events.ChannelGone) -> CallOutcome:
    """How the call ended for the caller. The event QueueCallerAbandon is not used, because the switch sends it for timeouts
    too.
    """
    if call.answered:
        return CallOutcome.ANSWERED
    if not end.known:
        return CallOutcome.LOST
    if call.direction is Direction.OUTBOUND:
        return _unanswered_outside(end.cause)
    if _let_go(call, end) or (end.cause == NO_COMMON_CODEC and not call.queued):
        return CallOutcome.REFUSED
    return CallOutcome.ABANDONED if call.queued else CallOutcome.IVR_HANGUP


def _unanswered_outside(cause: int) -> CallOutcome:
    if cause in _BUSY:
        return CallOutcome.BUSY
    return CallOutcome.NO_ANSWER if cause in _RANG_ON else CallOutcome.FAILED


def abandoned_again(call: Call, end: events.ChannelGone) -> bool:
    """Whether the caller was answered once and hung up in a queue afterwards. Whom we called gives nothing up (SPEC "How to
    count").
    """
    if call.direction is Direction.OUTBOUND:
        return False
    if call.answered is None or not end.known or call.state not in IN_QUEUE | {CallState.RELEASED}:
        return False
    return not _let_go(call, end)


def end_of_visit(call: Call, end: events.ChannelGone) -> VisitEnd:
    """How the wait ended that the hang-up found unsettled; it agrees with ``outcome_of`` and ``abandoned_again``."""
    if not end.known:
        return VisitEnd.LOST
    return _LET_GO_AS.get(end.queue_status, VisitEnd.LET_GO) if _let_go(call, end) else VisitEnd.ABANDONED


def moved_on(call: Call, status: str) -> VisitEnd:
    """How the wait ended of a caller who comes into another queue; ``status`` is the first one's word, if it is a new one."""
    fresh = status in LET_GO and status != call.status_at_join
    return _LET_GO_AS.get(status, VisitEnd.LET_GO) if fresh else VisitEnd.TRANSFERRED


def _let_go(call: Call, end: events.ChannelGone) -> bool:
    """The queue ended the last wait, or the caller lived on after it."""
    fresh = end.queue_status in LET_GO and end.queue_status != call.status_at_join
    return fresh or (call.released is not None and end.at - call.released > STILL_THERE)
