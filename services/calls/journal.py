"""Keeps the append-only file between the switch and the database, so that nothing we heard is lost while PostgreSQL is away.

``append`` only puts a fact into memory, so the pop path never waits. A writer task takes what has gathered, writes and
fsyncs it in one go in a thread, then wakes the drain (``services.calls.drain``). Positions are bytes from the journal's
beginning and run on over its segments ``changes-<first position>.jsonl``. Applied segments are deleted.

Bounds and what follows: more than ``PENDING_LIMIT`` facts unwritten (the disk does not take them): the newest are dropped and
counted. More than ``limit_bytes`` on disk not yet applied (the database away for hours): the same. Both show in ``state``,
which the system page reads as a fault; calls and pops go on from memory either way.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import secrets
import threading
from collections import deque
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

import structlog

from services.calls.facts import Fact, Torn, decode, encode
from services.private import opener, tighten
from services.whereabouts import place_of

PENDING_LIMIT = 50_000  # facts: at 20 calls a second about two and a half minutes of a disk that takes nothing
SEGMENT_BYTES = 8_000_000
LIMIT_BYTES = 640_000_000  # about 3 million facts, 190,000 calls; those already applied and kept (drain.KEPT_BYTES) among them
RETRY_S = 1.0  # a full disk is asked again this often
GATHER_S = 0.01  # what comes together is synced together; so much can be lost with the process, and the snapshot finds it again
_PREFIX = "changes-"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class JournalState:
    """The state of the journal: ``unwritten`` facts in memory, ``dropped`` since the start, ``damaged`` lines skipped."""

    ok: bool
    code: str
    unwritten: int
    durable: int
    dropped: int
    damaged: int


@dataclass(frozen=True, slots=True)
class Read:
    """Facts read and the position behind the last of them; ``damaged`` lines lay between and were skipped."""

    facts: tuple[Fact, ...]
    position: int
    damaged: int


class Journal:
    """One folder, one writer. Open it before use (blocking: from a thread or before the loop serves)."""

    def __init__(self, folder: Path, *, segment_bytes: int = SEGMENT_BYTES, limit_bytes: int = LIMIT_BYTES) -> None:
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._limit_bytes = limit_bytes
        self._pending: deque[Fact] = deque()
        self._wake = asyncio.Event()
        self._grew = asyncio.Event()
        self._stirred = False
        self._file: FileIO | None = None
        self._writing = threading.Lock()  # a cancelled run() may still have a thread writing when close() comes
        self._segment_start = 0
        self._segment_end = 0  # from there on another segment is wanted
        self._oldest = 0
        self._dropped = 0
        self._damaged = 0
        self._failing = ""
        self.identity = ""
        self.durable = 0  # position up to which everything is on the disk

    def open(self) -> None:
        """Finds the end of the last whole line; a torn tail (the machine died while writing) is cut off."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        tighten(self._folder)
        self.identity = _identity(self._folder)
        starts = self._starts()
        self._oldest = starts[0] if starts else 0
        self._segment_start = starts[-1] if starts else 0
        path = self._path(self._segment_start)
        whole = _whole_bytes(path)
        self._file = FileIO(path, "ab", opener=opener)
        torn = self._file.tell() - whole
        if torn:
            self._file.truncate(whole)
            os.fsync(self._file.fileno())
            log.warning("journal.torn_line_cut", bytes=torn)
        _sync_folder(self._folder)
        self.durable = self._segment_start + whole
        self._segment_end = self._segment_start + self._segment_bytes

    def close(self) -> None:
        """Writes what is still in memory and closes the file."""
        if self._file is not None:
            self._write()
            self._file.close()
            self._file = None

    @property
    def oldest(self) -> int:
        """The first position still on the disk."""
        return self._oldest

    @property
    def state(self) -> JournalState:
        code = self._failing or ("dropped" if self._dropped else "ok")
        return JournalState(code == "ok", code, len(self._pending), self.durable, self._dropped, self._damaged)

    def append(self, fact: Fact) -> None:
        """Takes a fact; returns at once. It is on the disk a few milliseconds later."""
        if len(self._pending) >= PENDING_LIMIT or self.durable - self._oldest > self._limit_bytes:
            self._dropped += 1
            return
        self._pending.append(fact)
        self._wake.set()

    async def run(self) -> None:
        """Writes for ever; the composition root owns the task. What has gathered is written even when it is cancelled."""
        try:
            while True:
                await self._wake.wait()
                await asyncio.sleep(GATHER_S)
                self._wake.clear()
                await self._write_all()
        finally:
            self.close()

    async def grown_beyond(self, position: int) -> None:
        """Returns as soon as something lies on the disk behind ``position``, or ``stir`` wakes whoever waits."""
        while self.durable <= position and not self._stirred:
            self._grew.clear()
            await self._grew.wait()
        self._stirred = False

    def stir(self) -> None:
        """Wakes whoever waits for more, once."""
        self._stirred = True
        self._grew.set()

    def read(self, position: int, limit: int) -> Read:
        """Up to ``limit`` facts from ``position`` on (blocking; durable ones only). Before the oldest: from the oldest."""
        position = max(position, self._oldest)
        end, facts, damaged = self.durable, list[Fact](), 0
        start = max((s for s in self._starts() if s <= position), default=self._oldest)
        with self._path(start).open("rb") as file:
            file.seek(position - start)
            while len(facts) < limit and position < end:
                line = file.readline()
                if not line:
                    break
                position += len(line)
                try:
                    facts.append(decode(line))
                except Torn:
                    damaged += 1
        self._damaged += damaged
        return Read(tuple(facts), position, damaged)

    def forget(self, position: int) -> None:
        """Deletes the segments that lie wholly before ``position`` (blocking)."""
        starts = self._starts()
        for start, following in itertools.pairwise(starts):
            if following > position:
                break
            self._path(start).unlink()
            self._oldest = following

    async def _write_all(self) -> None:
        while self._pending:
            try:
                await asyncio.to_thread(self._write)
                self._failing = ""
            except OSError as wrong:
                self._failing = "disk"
                log.error("journal.not_written", errno=wrong.errno, unwritten=len(self._pending))
                await asyncio.sleep(RETRY_S)
            self._grew.set()

    def _write(self) -> None:
        with self._writing:
            self._write_gathered()

    def _write_gathered(self) -> None:
        assert self._file is not None
        taken = len(self._pending)
        if not taken:
            return
        block = b"".join(self._line(self._pending[i]) for i in range(taken))
        size = self.durable - self._segment_start
        try:
            _write_out(self._file, block)
            os.fdatasync(self._file.fileno())
        except OSError:
            self._file.truncate(size)  # nothing half-written stays; the file is unbuffered, so nothing lingers in Python
            raise
        for _ in range(taken):
            self._pending.popleft()
        self.durable += len(block)
        if self.durable >= self._segment_end:
            self._next_segment(self._file)

    def _line(self, fact: Fact) -> bytes:
        """The line of a fact; empty for a fact that cannot be written: it is counted as dropped and keeps none of the others
        back.
        """
        try:
            return encode(fact)
        except ValueError as wrong:
            self._dropped += 1
            log.error("journal.fact_unwritable", fact=type(fact).__name__, error=type(wrong).__name__)
            return b""

    def _next_segment(self, before: FileIO) -> None:
        """Begins a new segment. Where no file can be made (no room, no descriptor), this one goes on for as many bytes again."""
        self._segment_end = self.durable + self._segment_bytes
        try:
            self._file = _made(self._path(self.durable))
        except OSError as wrong:
            log.warning("journal.no_new_segment", errno=wrong.errno)
            return
        before.close()
        self._segment_start = self.durable

    def _starts(self) -> list[int]:
        return sorted(int(path.stem.removeprefix(_PREFIX)) for path in self._folder.glob(f"{_PREFIX}*.jsonl"))

    def _path(self, start: int) -> Path:
        return self._folder / f"{_PREFIX}{start:020d}.jsonl"


def _identity(folder: Path) -> str:
    """A name for this journal, so that another folder never goes on from this one's cursor; a copy of this folder neither."""
    with open(folder / "identity", "a+", opener=opener) as file:
        file.seek(0)
        name, _, place = file.read().strip().partition(" ")
        if not name or place != place_of(file.fileno()):
            name = secrets.token_hex(8)
            file.truncate(0)
            file.write(f"{name} {place_of(file.fileno())}\n")
    return name


def _whole_bytes(path: Path) -> int:
    """Bytes up to the last whole line (a line that ends in a line feed and reads back)."""
    if not path.exists():
        return 0
    whole = 0
    with path.open("rb") as file:
        for line in file:
            if not line.endswith(b"\n"):
                break
            whole += len(line)
    return whole


def _write_out(file: FileIO, block: bytes) -> None:
    """Everything, however little the disk takes at a time."""
    rest = memoryview(block)
    while rest:
        rest = rest[file.write(rest) :]


def _made(path: Path) -> FileIO:
    """A new file whose name is durable too, or no file: an empty one left behind would pass for the segment that the old one
    still holds.
    """
    file = FileIO(path, "ab", opener=opener)
    try:
        _sync_folder(path.parent)
    except OSError:
        file.close()
        path.unlink()
        raise
    return file


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
