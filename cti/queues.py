"""Keeps who waits in which queue and since when, which is where the clock of SPEC A1 starts. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from cti import events
from cti.changes import Change, QueueChanged
from cti.ids import CallId


class Queues:
    """Waiting callers by queue, in the order in which they came."""

    def __init__(self) -> None:
        self._waiting: dict[str, dict[CallId, datetime]] = {}
        self._queue_of: dict[CallId, str] = {}
        self._on: dict[type, Callable[[Any], list[Change]]] = {
            events.JoinedQueue: self._joined,
            events.LeftQueue: self._left,
            events.ChannelGone: self._gone,
        }

    def waiting(self, queue: str) -> list[tuple[CallId, datetime]]:
        """The callers who wait, each with the time since when; the first to come stands first."""
        return sorted(self._waiting.get(queue, {}).items(), key=lambda entry: entry[1])

    def names(self) -> list[str]:
        """Queues in which somebody has waited since the start."""
        return list(self._waiting)

    def apply(self, event: events.Event) -> list[Change]:
        """Changes that follow from an entry or the end of a wait. Other changes, and those already known, have none."""
        act = self._on.get(type(event))
        return act(event) if act else []

    def _joined(self, event: events.JoinedQueue) -> list[Change]:
        call, queue, at = CallId(event.channel), event.queue, event.at
        if self._queue_of.get(call) == queue:
            return []
        out = self._exit(call, at)
        self._waiting.setdefault(queue, {})[call] = at
        self._queue_of[call] = queue
        return [*out, self._changed(queue, at)]

    def _left(self, event: events.LeftQueue) -> list[Change]:
        known = not event.abandoned and self._queue_of.get(CallId(event.channel)) == event.queue
        return self._exit(CallId(event.channel), event.at) if known else []

    def _gone(self, event: events.ChannelGone) -> list[Change]:
        return self._exit(CallId(event.channel), event.at)

    def _exit(self, call: CallId, at: datetime) -> list[Change]:
        queue = self._queue_of.pop(call, None)
        if queue is None:
            return []
        del self._waiting[queue][call]
        return [self._changed(queue, at)]

    def _changed(self, queue: str, at: datetime) -> Change:
        since = self._waiting[queue].values()
        return QueueChanged(at=at, queue=queue, waiting=len(since), oldest_since=min(since, default=None))
