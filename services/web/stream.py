"""Numbers and keeps one person's messages, and replays those that a returning browser still needs. Pure.

Numbers rise for ever, also across restarts: a stream begins at the present milliseconds. Messages about the same thing (one
pop, one call, one draft) replace each other, so that what is kept stays small and a replay never shows the past: a card whose
ring is over comes back only as its end.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

KEEP = 128  # things remembered for a person; beyond it the oldest are forgotten and a browser that far back loads anew


@dataclass(frozen=True, slots=True)
class Kept:
    """A message as sent. ``over``: what it speaks of has ended; only a browser that saw the beginning needs it."""

    seq: int
    text: str
    over: bool


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The board of one moment; the higher ``n`` is the newer. ``text`` makes a person's whole BoardMessage as JSON."""

    n: int
    text: Callable[[int], str]


class Stream:
    """Numbering, keeping, replaying for one person."""

    def __init__(self, start_ms: int) -> None:
        self.seq = start_ms
        self._floor = start_ms  # at or above this number nothing has been forgotten
        self._kept: OrderedDict[str, Kept] = OrderedDict()

    def next(self) -> int:
        """The next number; each is used once."""
        self.seq += 1
        return self.seq

    def keep(self, key: str, kept: Kept) -> None:
        """Remember the newest message about ``key`` in place of the one before."""
        self._kept.pop(key, None)
        self._kept[key] = kept
        while len(self._kept) > KEEP:
            _, forgotten = self._kept.popitem(last=False)
            self._floor = max(self._floor, forgotten.seq)

    def lost(self, since: int) -> bool:
        """True when a browser that has seen ``since`` can no longer be brought up to date: it loads everything again."""
        return since != 0 and not self._floor <= since <= self.seq

    def replay(self, since: int) -> list[Kept]:
        """What a browser has missed after ``since``, in order; for a new one (0) or a lost one, what still goes on."""
        fresh = since == 0 or self.lost(since)
        return [kept for kept in self._kept.values() if (not kept.over if fresh else kept.seq > since)]
