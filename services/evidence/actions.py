"""Takes files in with a department's answer, and gives them to whoever may see the order."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from recordings.archive import Archive, evidence_key
from recordings.errors import ArchiveFailed, RecordingError
from services.access import audit
from services.access.actor import LoggedIn
from services.access.policy import Act
from services.access.reads import Reads
from services.errors import Impossible, NotAllowed, NotFound, WorldFailed
from services.evidence.model import FileKind, cleaned, shown_name
from services.orders import store as orders
from services.orders.hands import Hands
from services.orders.views import Views
from services.orders.workflow import WITH_THE_DEPARTMENT
from services.store.db import Row, connection
from services.store.queries import load_queries

QUERIES = load_queries(Path(__file__).with_name("evidence.sql"))
AT_ONCE = 4  # files in memory at a time; what still comes in is on the disk, for a slow sender takes minutes


class TooLong(Impossible):
    """The file is larger than evidence may be."""

    code = "evidence_size"


class TooMany(NotAllowed):
    """The order has as many files as it may have."""

    code = "evidence_count"


class NotKept(WorldFailed):
    """The store does not take the file: its disk is full, or it is away."""

    code = "evidence_store"


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes of a file, and files of an order."""

    size: int = 10_000_000
    files: int = 20


@dataclass(frozen=True, slots=True)
class File:
    """A file to be read: ``read(start, end)`` gives its bytes."""

    row: Row
    archive: Archive

    @property
    def kind(self) -> FileKind:
        return FileKind(self.row["kind"])

    def read(self, start: int, end: int) -> AsyncIterator[bytes]:
        return self.archive.stream(evidence_key(self.row["sha256"]), start, end)


class Evidence:
    """The use-cases."""

    def __init__(self, hands: Hands, views: Views, archive: Archive, limits: Limits) -> None:
        self._hands = hands
        self._views = views
        self._archive = archive
        self.limits = limits
        self._reads = Reads(hands.pool, hands.clock)
        self._free = asyncio.Semaphore(AT_ONCE)

    async def add(self, order: int, version: int, name: str, parts: AsyncIterator[bytes], *, by: LoggedIn) -> int:
        """A file of the department's, while it has the order; its id. The same file again is the one that is there.

        Raises NoEvidence, TooLong, TooMany, NotKept, and what every step with an order raises.
        """
        async with self._hands.on_order(order, version, Act.ORDER_ANSWER, by) as (taken, before, _):
            _check(before.state in WITH_THE_DEPARTMENT)  # before megabytes are taken in, and kept where no row names them
            full = await QUERIES.count.fetchval(taken, order=order) >= self.limits.files
        with _spool() as spool:
            await self._receive(parts, spool)
            async with self._free:
                kind, content = await asyncio.to_thread(lambda: cleaned(_read(spool)))
                if full:
                    return await self._there(order, content)
                sha256 = await self._kept(content)
        async with self._hands.on_order(order, version, Act.ORDER_ANSWER, by) as (taken, before, _):
            _check(before.state in WITH_THE_DEPARTMENT)
            if there := await QUERIES.same.fetchval(taken, order=order, sha256=sha256):
                return int(there)
            if await QUERIES.count.fetchval(taken, order=order) >= self.limits.files:
                raise TooMany
            now = self._hands.clock.now()
            added: int = await QUERIES.add.fetchval(
                taken, order=order, sha256=sha256, kind=str(kind), bytes=len(content), name=shown_name(name), person=by.id, at=now
            )
            await audit.write(taken, now, by=by.id, action="evidence.add", about=f"order:{order}")
            await orders.rung(taken, before)
            return added

    async def of_order(self, who: LoggedIn, order: int) -> Sequence[Row]:
        """Raises NotFound, also where the order is not theirs to see."""
        await self._views.see(who, order)
        async with connection(self._hands.pool) as taken:
            return await QUERIES.of_order.fetch(taken, order=order)

    async def file(self, who: LoggedIn, evidence: int) -> File:
        """One file, for whoever may see its order. Raises NotFound, and NotKept while the store is away."""
        async with connection(self._hands.pool) as taken:
            row = await QUERIES.show.fetchrow(taken, evidence=evidence)
        if row is None:
            raise NotFound("there is no such file")
        await self._views.see(who, row["order_id"])
        try:
            await self._archive.size(evidence_key(row["sha256"]))
        except ArchiveFailed as error:
            if error.code == "missing":
                raise NotFound("the file is no longer in the store") from error
            raise NotKept from error
        await self._reads.note(who, "evidence.read", f"order:{row['order_id']}")
        return File(row, self._archive)

    async def _there(self, order: int, content: bytes) -> int:
        """The same file, of an order that may have no more. Raises TooMany."""
        sha256 = hashlib.sha256(content).digest()
        async with connection(self._hands.pool) as taken:
            there: int | None = await QUERIES.same.fetchval(taken, order=order, sha256=sha256)
        if there is None:
            raise TooMany
        return there

    async def _receive(self, parts: AsyncIterator[bytes], spool: IO[bytes]) -> None:
        size = 0
        async for part in parts:
            size += len(part)
            if size > self.limits.size:
                raise TooLong
            try:
                await asyncio.to_thread(_append, spool, part)
            except OSError as error:
                raise NotKept from error

    async def _kept(self, content: bytes) -> bytes:
        """Its hash, by which it lies in the store. One that no row names in the end lies there unseen until it comes again."""
        sha256 = hashlib.sha256(content).digest()
        try:
            with tempfile.NamedTemporaryFile(prefix="tingsu-evidence-") as file:
                await asyncio.to_thread(_write, Path(file.name), content)
                await self._archive.put(evidence_key(sha256), Path(file.name))
        except (RecordingError, OSError) as error:
            raise NotKept from error
        return sha256


def _check(is_theirs: bool) -> None:
    if not is_theirs:
        raise NotAllowed("files are handed in while the department has the order")


def _spool() -> IO[bytes]:
    """A file without a name, gone when it is closed. Raises NotKept."""
    try:
        return tempfile.TemporaryFile(prefix="tingsu-evidence-", buffering=0)  # what the disk refuses it refuses at once
    except OSError as error:
        raise NotKept from error


def _append(spool: IO[bytes], part: bytes) -> None:
    while part:
        part = part[spool.write(part) :]


def _read(spool: IO[bytes]) -> bytes:
    spool.seek(0)
    return spool.read()


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
