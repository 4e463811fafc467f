"""Decides where a person's page telephone is, over all browsers and machines. Pure.

The switch keeps one address for it: a page that registers throws every other one off without a word, and whoever sits there
presses Answer in vain. So a page asks here first. It gets the phone if nobody has it, else it waits in line, or takes it,
except from under a call. Within one browser the tabs have agreed among themselves before: here a browser is one place, known
by a name that it made up and keeps. One that vanished keeps its phone for a moment: a page that is reloaded, or whose link broke,
is the same place when it is back.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Literal

GRACE_S = 10.0

Answer = Literal["here", "again", "elsewhere", "busy"]
"""You have the phone; you have it and must register anew; another place has it; it is not taken from there, because of a call."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a connection is to be told."""

    connection: Hashable
    answer: Answer


@dataclass(slots=True)
class _Place:
    """A browser: the connection that last spoke for it, and since when it is without one."""

    connection: Hashable
    busy: bool = False
    gone_at: float | None = None


@dataclass(slots=True)
class Handset:
    """One person's. Each method returns who is to be told what."""

    _places: dict[str, _Place] = field(default_factory=dict)
    _holder: str = ""
    _free_at: float | None = None

    def ask(self, device: str, connection: Hashable, *, busy: bool, waiting: bool, now: float) -> list[Told]:
        """``busy``: a call is on it there. ``waiting``: it was told before that the phone is elsewhere.

        Who waits is in no hurry: after a restart whoever had the phone may only not be back yet.
        """
        place = self._known(device, connection, busy=busy)
        if not self._holder and not waiting:
            self._holder = device
        elif not self._holder and self._free_at is None:
            self._free_at = now + GRACE_S
        elif busy and device != self._holder and not self._holder_talks():
            return self._give(device)
        return [Told(place.connection, "here" if device == self._holder else "elsewhere")]

    def take(self, device: str, connection: Hashable) -> list[Told]:
        """A person wants it at this place."""
        place = self._known(device, connection, busy=False)
        if device != self._holder and self._holder_talks():
            return [Told(place.connection, "busy")]
        return self._give(device)

    def closed(self, device: str) -> list[Told]:
        """The line of a place that lost the phone is down. Its last word to the switch may have thrown the holder off: again."""
        holder = self._places.get(self._holder)
        return [Told(holder.connection, "again")] if holder and device != self._holder and holder.gone_at is None else []

    def leave(self, device: str, now: float) -> list[Told]:
        """The place gives the phone back, or stops waiting for it."""
        self._places.pop(device, None)
        if device != self._holder:
            return []
        self._holder = ""
        return self._next(now)

    def gone(self, connection: Hashable, now: float) -> None:
        """A connection ended; its place may come back by another."""
        for place in self._places.values():
            if place.connection == connection and place.gone_at is None:
                place.gone_at = now

    def look(self, now: float) -> list[Told]:
        """From time to time: whoever did not come back has left."""
        told = []
        for device in [
            name for name, place in self._places.items() if place.gone_at is not None and now - place.gone_at >= GRACE_S
        ]:
            told += self.leave(device, now)
        if not self._holder and self._free_at is not None and now >= self._free_at:
            told += self._next(now)
        return told

    @property
    def empty(self) -> bool:
        return not self._places

    def _known(self, device: str, connection: Hashable, *, busy: bool) -> _Place:
        self._rename(device, connection)
        place = self._places.setdefault(device, _Place(connection))
        place.connection, place.busy, place.gone_at = connection, busy, None
        return place

    def _rename(self, device: str, connection: Hashable) -> None:
        """One connection speaks for one browser: there are never more places than connections, whatever names are made up."""
        for name in [name for name, place in self._places.items() if place.connection == connection and name != device]:
            place = self._places.pop(name)
            self._places.setdefault(device, place)
            if name == self._holder:
                self._holder = device

    def _holder_talks(self) -> bool:
        holder = self._places.get(self._holder)
        return holder is not None and holder.busy and holder.gone_at is None

    def _give(self, device: str) -> list[Told]:
        before, self._holder, self._free_at = self._places.get(self._holder), device, None
        told = [Told(self._places[device].connection, "here")]
        if before and before is not self._places[device] and before.gone_at is None:
            told.append(Told(before.connection, "elsewhere"))
        return told

    def _next(self, now: float) -> list[Told]:
        """To whoever waits longest and is there."""
        self._free_at = None
        for device, place in self._places.items():
            if place.gone_at is None:
                return self._give(device)
        return []
