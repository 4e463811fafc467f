"""Keeps the facts that the database refused in a file with their reasons, across restarts, and applies them again when asked.

A file and not a table, because it may be the database that is wrong. A line is JSON: when, why, and the fact as the journal
writes it. Applying a fact twice comes to the same, so a crash between the commit and the new file does no harm.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from services.calls.facts import Fact, Torn, decode, encode
from services.private import opener


@dataclass(frozen=True, slots=True)
class SetAside:
    """One fact and why it was refused."""

    at: datetime
    reason: str
    fact: Fact


class RefusedFacts:
    """The file. Every method but the counts blocks: call them in a thread, one at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._unread: list[bytes] = []
        self.by_reason: Counter[tuple[str, str]] = Counter()
        self.since: datetime | None = None

    @property
    def count(self) -> int:
        return self.by_reason.total()

    def open(self) -> None:
        """Counts what an earlier process set aside."""
        self._recount(self.read())

    def add(self, one: SetAside) -> None:
        """Durable when it returns. OSError if the disk does not take it; nothing is counted then."""
        with open(self._path, "ab", opener=opener) as file:
            file.write(_line(one))
            file.flush()
            os.fsync(file.fileno())
        self.by_reason[type(one.fact).__name__, one.reason] += 1
        self.since = self.since or one.at

    def read(self) -> list[SetAside]:
        """All of them, each fact once, in their order. Lines that are none (torn, or of a newer program) stay where they are."""
        try:
            lines = self._path.read_bytes().splitlines()
        except FileNotFoundError:
            lines = []
        found: dict[bytes, SetAside] = {}
        self._unread = []
        for line in lines:
            if one := _read(line):
                found.setdefault(encode(one.fact), one)
            else:
                self._unread.append(line + b"\n")
        return list(found.values())

    def keep(self, left: Sequence[SetAside]) -> None:
        """Only these are still refused: the file is written anew, whole or not at all."""
        fresh = self._path.with_name(f"{self._path.name}.new")
        with open(fresh, "wb", opener=opener) as file:
            file.writelines(self._unread)
            file.writelines(_line(one) for one in left)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
        self._recount(left)

    def _recount(self, left: Iterable[SetAside]) -> None:
        kept = list(left)
        self.by_reason = Counter((type(one.fact).__name__, one.reason) for one in kept)
        self.since = min((one.at for one in kept), default=None)


def _line(one: SetAside) -> bytes:
    kept = {"at": one.at.isoformat(), "reason": one.reason, "fact": encode(one.fact).decode("ascii").rstrip("\n")}
    return json.dumps(kept, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"


def _read(line: bytes) -> SetAside | None:
    try:
        kept = json.loads(line)
        return SetAside(datetime.fromisoformat(kept["at"]), kept["reason"], decode(kept["fact"].encode("ascii") + b"\n"))
    except (Torn, ValueError, KeyError, TypeError, AttributeError):
        return None
