"""Recomputes chains of hashes and anchors, row by row: pure, with the memory of one row.

A row's hash is SHA-256 over the hash of the row before it and over the row as the database writes it. Before the first row of a
thing, and before one that stands alone, there is nothing. An anchor's hash is over the anchor before it, over itself, and over
the hashes of the rows between the two. The database makes both (``0032_seals.sql``); here they are made a second time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class What(StrEnum):
    """What is wrong with a row."""

    ALTERED = "altered"  # it is not what was written, or not where it was written
    MISSING = "missing"
    CUT = "cut"  # the newest rows are gone
    BARE = "bare"  # the thing is there and its whole history is not
    ORPHAN = "orphan"  # the history is there and the thing is not
    ROWS = "rows"  # an anchor's: the rows that it is over are not those that were
    FORGED = "forged"  # an anchor's: not the one that was known


@dataclass(frozen=True, slots=True)
class Fault:
    """The first row of a chain that is wrong. ``seq``: its number in the journal; None where rows have none."""

    chain: str
    thing: int
    seq: int | None
    what: What


@dataclass(frozen=True, slots=True)
class Sealed:
    """A row as read. ``seq`` and ``last`` (the version that the thing has) are a journal's."""

    thing: int
    hash: bytes
    written: str
    seq: int | None = None
    last: int | None = None


def hash_of(before: bytes, written: str) -> bytes:
    """What a row's hash must be."""
    return hashlib.sha256(before + written.encode()).digest()


@dataclass(slots=True)
class Chain:
    """Follows a journal through all its things, in their order. ``faults`` of each thing: its first."""

    name: str
    _thing: int = 0
    _seq: int = 0
    _last: int | None = 0
    _hash: bytes = b""
    _wrong: bool = False

    def look(self, row: Sealed) -> Iterator[Fault]:
        """What is wrong with this row, or with the end of the thing before it."""
        if row.thing != self._thing:
            yield from self.end()
            self._thing, self._seq, self._last, self._hash, self._wrong = row.thing, 0, row.last, b"", False
        if self._wrong:
            return
        assert row.seq is not None
        if row.seq != self._seq + 1:
            yield self._fault(self._seq + 1, What.MISSING)
        elif row.hash != hash_of(self._hash, row.written):
            yield self._fault(row.seq, What.ALTERED)
        self._seq, self._hash = row.seq, row.hash

    def end(self) -> Iterator[Fault]:
        """What is wrong with the end of the last thing."""
        if self._wrong or not self._thing:
            return
        if self._last is None:
            yield self._fault(1, What.ORPHAN)
        elif self._last != self._seq:
            yield self._fault(self._seq + 1, What.CUT)

    def _fault(self, seq: int, what: What) -> Fault:
        self._wrong = True
        return Fault(self.name, self._thing, seq, what)


def alone(name: str, row: Sealed) -> Iterator[Fault]:
    """What is wrong with a row that has none before it."""
    if row.hash != hash_of(b"", row.written):
        yield Fault(name, row.thing, None, What.ALTERED)


@dataclass(frozen=True, slots=True)
class Anchor:
    """As read; ``n`` counts from 1, ``through``: the place of the last row that it is over."""

    n: int
    at: datetime
    through: int
    rows: int
    hash: bytes

    def head(self) -> bytes:
        """What of the anchor itself is hashed."""
        micros = (self.at - EPOCH) // timedelta(microseconds=1)
        return f"{self.n} {micros} {self.through} {self.rows} ".encode()


@dataclass(slots=True)
class Anchors:
    """Compares anchors with the rows between them. Each is judged by the one before it as it stands: a fault is told once."""

    known: Mapping[int, bytes] = field(default_factory=dict)
    _before: bytes = b""
    _n: int = 0

    def look(self, anchor: Anchor, hashes: Iterable[bytes]) -> Iterator[Fault]:
        """What is wrong with this anchor; ``hashes``: those of the rows that it is over, in their order."""
        if anchor.n != self._n + 1:
            yield Fault("anchor", self._n + 1, None, What.MISSING)
        own, rows = hashlib.sha256(self._before + anchor.head()), 0
        for one in hashes:
            own.update(one)
            rows += 1
        if rows != anchor.rows or own.digest() != anchor.hash:
            yield Fault("anchor", anchor.n, None, What.ROWS)
        if self.known.get(anchor.n, anchor.hash) != anchor.hash:
            yield Fault("anchor", anchor.n, None, What.FORGED)
        self._before, self._n = anchor.hash, anchor.n

    def end(self) -> Iterator[Fault]:
        """Anchors that were known and are gone."""
        for n in sorted(self.known):
            if n > self._n:
                yield Fault("anchor", n, None, What.MISSING)
