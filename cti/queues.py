"""Keeps who waits in which queue and since when, which is where the clock of SPEC A1 starts. Pure."""

from __future__ import annotations

from datetime import datetime

from cti import events
from cti.changes import Change, QueueChanged
from cti.ids import CallId


class Queues:
    """Waiting callers by queue, in the order in which they came."""

    def __init__(self) -> None:
        self._waiting: dict[str, dict[CallId, datetime]] = {}
        self._queue_of: dict[CallId, str] = {}

    def waiting(self, queue: str) -> list[tuple[CallId, datetime]]:
        """The callers who wait, each with the time since when; the first to come stands first."""
        return sorted(self._waiting.get(queue, {}).items(), key=lambda entry: entry[1])

    def names(self) -> list[str]:
        """Queues in which somebody has waited since the start."""
        return list(self._waiting)

    def apply(self, event: events.Event) -> list[Change]:
        """Changes that follow from an entry or the end of a wait. Other changes, and those already known, have none."""
        match event:
            case events.JoinedQueue():
                return self._enter(CallId(event.channel), event.queue, event.at)
            case events.LeftQueue(abandoned=False) if self._queue_of.get(CallId(event.channel)) == event.queue:
                return self._exit(CallId(event.channel), event.at)
            case events.ChannelGone():
                return self._exit(CallId(event.channel), event.at)
        return []

    def _enter(self, call: CallId, queue: str, at: datetime) -> list[Change]:
        if self._queue_of.get(call) == queue:
            return []
        out = self._exit(call, at)
        self._waiting.setdefault(queue, {})[call] = at
        self._queue_of[call] = queue
        return [*out, self._changed(queue, at)]

    def _exit(self, call: CallId, at: datetime) -> list[Change]:
        queue = self._queue_of.pop(call, None)
        if queue is None:
            return []
        del self._waiting[queue][call]
        return [self._changed(queue, at)]

    def _changed(self, queue: str, at: datetime) -> Change:
        since = self._waiting[queue].values()
        return QueueChanged(at=at, queue=queue, waiting=len(since), oldest_since=min(since, default=None))
