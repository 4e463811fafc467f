"""Knows which browsers show which case, and at which field each person is, so that people at one case see each other at once.

It is kept in memory and told once, without a number: whoever comes back says anew what it shows. What people write is kept apart
by versions and not by this.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar


class Browser(Hashable, Protocol):
    """One browser and whose it is."""

    @property
    def person(self) -> int: ...


B = TypeVar("B", bound=Browser)


@dataclass(frozen=True, slots=True)
class Place:
    """What a browser shows: the case, and the field in which its person is."""

    ticket: int
    field: str | None


@dataclass(slots=True)
class Looking(Generic[B]):
    """Who shows what. A browser shows one case at a time."""

    _places: dict[B, Place] = field(default_factory=dict)
    _at: dict[int, dict[B, None]] = field(default_factory=dict)

    def look(self, browser: B, place: Place | None) -> set[int]:
        """The browser shows that from now on (None: no case); the cases of which others are to be told anew."""
        before = self._places.pop(browser, None)
        if before:
            there = self._at[before.ticket]
            del there[browser]
            if not there:
                del self._at[before.ticket]
        if place:
            self._places[browser] = place
            self._at.setdefault(place.ticket, {})[browser] = None
        return {one.ticket for one in (before, place) if one} if before != place else set()

    def at(self, ticket: int) -> Iterator[B]:
        """The browsers that show this case."""
        yield from list(self._at.get(ticket, ()))

    def others(self, browser: B, ticket: int) -> list[tuple[B, str | None]]:
        """Who else shows it, a browser for each person: the one in which they are in a field, if there is one."""
        found: dict[int, tuple[B, str | None]] = {}
        for one in self._at.get(ticket, ()):
            place = self._places[one].field
            if one.person != browser.person and (one.person not in found or place is not None):
                found[one.person] = (one, place)
        return list(found.values())
