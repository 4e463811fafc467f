"""Remembers, apart from the database, which numbers of papers (tickets, orders, warnings) this instance has given: none is given
twice, not even after a restore.

The highest number of each month, or year, lies in a file of the instance's folder, written after the commit that gave it. In
ordinary days it says what the database's own counter says; after a restore the counter is behind, and goes on above the file's.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import structlog

MONTHS = 24  # kept; a database restored from before that is another matter

log = structlog.get_logger(__name__)


class GivenNumbers:
    """Highest number by month (``2026-11``) or year, of one kind of paper. Without a file: of this process alone."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._highest = _read(file) if file else {}
        self._writing = asyncio.Lock()

    def highest(self, month: str) -> int:
        """The highest number given in the month, or year; 0 if none was."""
        return self._highest.get(month, 0)

    async def note(self, number: str) -> None:
        """Notes that ``T2026-11-000042`` was given. To be called after its commit."""
        month, _, digits = number[1:].rpartition("-")
        count = int(digits)
        if count <= self.highest(month):
            return
        self._highest[month] = count
        self._highest = dict(sorted(self._highest.items())[-MONTHS:])
        if self._file:
            async with self._writing:
                await asyncio.to_thread(_write, self._file, self._highest)


def _read(file: Path) -> dict[str, int]:
    try:
        return {str(month): int(count) for month, count in json.loads(file.read_bytes()).items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError) as wrong:
        log.error("tickets.numbers_unreadable", error=type(wrong).__name__)
        return {}


def _write(file: Path, highest: dict[str, int]) -> None:
    """Whole or not at all; a disk that takes nothing costs the memory of it and no ticket."""
    fresh = file.with_name(f".{file.name}.new")
    try:
        fresh.write_text(json.dumps(highest))
        fresh.replace(file)
    except OSError as wrong:
        log.warning("tickets.numbers_not_noted", errno=wrong.errno)
