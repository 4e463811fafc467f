"""Imports a file of customers: keeps it, looks at it, has a process of its own read it, and writes it in one transaction.

The desk and the command line both use it. Every row is imported or named in the report, and either all good rows are written
or none: after whatever broke it off, the file can be imported again, and rows that are there already are left alone.
"""

from __future__ import annotations

import asyncio
import errno
import secrets
import shutil
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import asyncpg
import structlog

from services import private
from services.access import audit
from services.customers import child, store
from services.customers.child import DiskFull, ReaderFailed
from services.customers.columns import FIELDS, Problem
from services.customers.encodings import Seen
from services.customers.numbers import Numbering
from services.customers.reader import Task
from services.customers.rows import AS_FOUND, Layout
from services.errors import Conflict, Impossible, NotFound, WorldFailed
from services.now import Clock
from services.store import db
from services.words import Language

MOST_BYTES = 200_000_000  # a million rows are some 50 MB
KEPT = 8  # files and reports; older ones are removed
STATEMENT = "15min"
WAITING = 4  # imports waiting for their turn
READERS = 2  # processes that read at once, each with memory of its own; others wait

log = structlog.get_logger(__name__)


class TooLong(Impossible):
    """The file is larger than an import takes."""

    code = "too_large"


class BadColumns(Conflict):
    """The columns do not say where number and name are."""

    code = "columns"


class NoReport(Conflict):
    """There is no report yet: the import has not ended."""

    code = "no_report"


class Busy(Conflict):
    """Other imports are waiting already."""

    code = "busy"


class State(StrEnum):
    """``refused``: the file cannot be read as it is (`ImportJob.seen`). ``failed``: the world's fault (`ImportJob.failure`)."""

    ARRIVING = "arriving"
    LOOKING = "looking"
    LOOKED = "looked"
    REFUSED = "refused"
    WAITING = "waiting"
    READING = "reading"
    WRITING = "writing"
    CHECKED = "checked"
    DONE = "done"
    FAILED = "failed"


QUEUED = frozenset({State.WAITING, State.READING, State.WRITING})
UNDER_WAY = QUEUED | {State.ARRIVING, State.LOOKING}
"""One thing at a time is done with a file, and it is not thrown out meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What the file looks like, read so."""

    layout: Layout
    sheets: tuple[str, ...]
    headings: tuple[str, ...]
    letters: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    columns: Mapping[str, int]
    doubtful: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be done: ``columns`` field -> column. Not ``write``: only read and count. ``partly``: not all rows are good."""

    columns: Mapping[str, int]
    write: bool
    partly: bool = False
    language: Language = "zh-CN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of the rows. ``problems`` are the first of them; the report has all."""

    rows: int = 0
    good: int = 0
    bad: int = 0
    created: int = 0
    changed: int = 0
    problems: tuple[Problem, ...] = ()


@dataclass(slots=True)
class ImportJob:
    """One file. ``by``: the person it belongs to, None on the command line. ``folder`` holds it and what was made of it.

    ``rows`` read so far, ``share`` of all; ``failure``: a code of our errors. ``settled``: too late to call it off.
    """

    id: str
    name: str
    folder: Path
    by: int | None
    state: State = State.ARRIVING
    layout: Layout = AS_FOUND
    look: Look | None = None
    seen: Seen | None = None
    rows: int = 0
    share: float = 0.0
    outcome: Outcome = field(default_factory=Outcome)
    written: bool = False
    failure: str = ""
    settled: bool = False

    @property
    def about(self) -> str:
        return f"customer-import:{self.id}"

    @property
    def file(self) -> Path:
        return self.folder / "file"

    @property
    def good(self) -> Path:
        return self.folder / "good"

    @property
    def report(self) -> Path:
        return self.folder / "report.csv"


class Imports:
    """``folder`` is ours alone (`kept.claimed`). `run` performs one import after the other; a TaskGroup owns it.

    An import belongs to the person who brought the file; to all others it does not exist. Only the loop's own thread touches
    what is known of them.
    """

    def __init__(self, pool: db.Pool, clock: Clock, numbering: Numbering, folder: Path) -> None:
        self._pool = pool
        self._clock = clock
        self._numbering = numbering
        self._folder = folder
        self._jobs: dict[str, ImportJob] = {}
        self._waiting: deque[tuple[ImportJob, Order]] = deque()
        self._wake = asyncio.Event()
        self._performing: tuple[ImportJob, asyncio.Task[None]] | None = None
        self._readers = asyncio.Semaphore(READERS)

    async def keep(self, name: str, parts: AsyncIterator[bytes], *, by: int | None = None) -> ImportJob:
        """Take a file in. Raises TooLong, Busy, DiskFull."""
        job, thrown_out = self._new(name, by)
        try:
            await asyncio.to_thread(_make_room, job.folder, thrown_out)
            await self._receive(job, parts)
            await self._note(job, "customer.import.upload")
        except OSError as error:
            await self._forget(job)
            raise _of_disk(error) from error
        except BaseException:
            await self._forget(job)
            raise
        job.state = State.LOOKED
        return job

    async def keep_file(self, path: Path) -> ImportJob:
        """The same for a file on this machine."""
        job, thrown_out = self._new(path.name, None)
        try:
            await asyncio.to_thread(_make_room, job.folder, thrown_out)
            await asyncio.to_thread(shutil.copyfile, path, job.file)
        except OSError as error:
            raise _of_disk(error) from error
        job.state = State.LOOKED
        return job

    def of(self, job_id: str, by: int | None) -> ImportJob:
        """Raises NotFound: for another person's, and for one of before the last start."""
        job = self._jobs.get(job_id)
        if job is None or job.by != by:
            raise NotFound("there is no such import; nothing that was not finished has been written")
        return job

    def all_of(self, by: int) -> list[ImportJob]:
        """A person's imports, the newest first."""
        return [job for job in reversed(self._jobs.values()) if job.by == by and job.state is not State.ARRIVING]

    async def look(self, job: ImportJob, layout: Layout) -> None:
        """See what the file is, read with this layout. Raises Busy while anything else is done with it."""
        before = self._take(job, State.LOOKING)
        try:
            async with self._readers:
                answer = await child.ask(self._task(job, layout=layout))
        except BaseException:
            job.state = before
            raise
        job.look = job.seen = None
        job.outcome, job.written, job.failure = Outcome(), False, ""
        if seen := answer.get("seen"):
            job.state, job.seen, job.layout = State.REFUSED, Seen(**seen), layout
            return
        job.state, job.look = State.LOOKED, _look_of(answer)
        job.layout = job.look.layout

    async def start(self, job: ImportJob, order: Order) -> None:
        """Have it done in its turn, on record before it is. Raises BadColumns, Busy."""
        _check(order.columns, len(job.look.headings) if job.look else 0)
        if sum(one.state is State.WAITING for one in self._jobs.values()) >= WAITING:
            raise Busy
        before = self._take(job, State.WAITING)
        job.look = job.look and replace(job.look, columns=order.columns, doubtful=())  # as a person has chosen
        try:
            detail = {"write": "yes" if order.write else "no", "partly": "yes" if order.partly else "no"}
            await self._note(job, "customer.import.start", detail)
        except BaseException:
            job.state = before
            raise
        if job.id not in self._jobs:  # called off meanwhile
            return
        job.rows, job.share, job.outcome, job.written, job.failure = 0, 0.0, Outcome(), False, ""
        self._waiting.append((job, order))
        self._wake.set()

    async def call_off(self, job: ImportJob) -> None:
        """Nothing of it is written, and the file goes. Raises Busy once it is too late, and while the file is looked at."""
        if job.state in {State.ARRIVING, State.LOOKING} or (job.state is State.WRITING and job.settled):
            raise Busy
        unfinished = job.state in QUEUED
        self._jobs.pop(job.id, None)
        if self._performing and self._performing[0] is job:
            self._performing[1].cancel()
            await asyncio.wait([self._performing[1]])
        await self._forget(job)
        await self._note(job, "customer.import.cancel", {"unfinished": "yes" if unfinished else "no"})

    async def report(self, job: ImportJob) -> Path:
        """The file that names every row that is not imported; who takes it is on record.

        Raises NoReport until the import has ended.
        """
        if job.state not in {State.CHECKED, State.DONE}:
            raise NoReport
        await self._note(job, "customer.report")
        return job.report

    async def run(self) -> None:
        """For ever; owned by the composition root."""
        while True:
            while self._waiting:
                job, order = self._waiting.popleft()
                if job.id not in self._jobs:
                    continue
                async with asyncio.TaskGroup() as tasks:
                    self._performing = job, tasks.create_task(self._carry_out(job, order), name=f"import {job.id}")
                self._performing = None
            self._wake.clear()
            await self._wake.wait()

    async def _carry_out(self, job: ImportJob, order: Order) -> None:
        """As `perform`; what the world did to it stands in the job. What nobody foresaw is told to who owns us, too."""
        job.failure = "failed"
        try:
            await self.perform(job, order)
        except WorldFailed as error:
            job.failure = error.code
        except OSError as error:
            job.failure = _of_disk(error).code
        except asyncpg.PostgresError as error:
            log.error("customers.import_refused", error=type(error).__name__)
        else:
            job.failure = ""
        finally:
            if job.state in QUEUED and job.id in self._jobs:
                job.state = State.FAILED
                log.error("customers.import_failed", reason=job.failure)

    async def perform(self, job: ImportJob, order: Order, told: Callable[[int], None] = lambda rows: None) -> None:
        """Read, and write if it is ordered and may be; ``told`` hears how many rows have been read."""

        def heard(answer: dict[str, Any]) -> None:
            job.rows, job.share = answer["rows"], answer["share"]
            told(job.rows)

        job.state, job.settled = State.READING, False
        try:
            async with self._readers:
                answer = await child.ask(self._task(job, order=order), heard)
            if seen := answer.get("seen"):
                job.state, job.seen, job.look = State.REFUSED, Seen(**seen), None
                return
            found = Outcome(
                rows=answer["rows"],
                good=answer["good"],
                bad=answer["bad"],
                problems=tuple(Problem(**one) for one in answer["problems"]),
            )
            job.rows, job.state = found.rows, State.WRITING
            write = order.write and (order.partly or not found.bad)
            job.outcome = await self._into_table(job, order, found, write=write)
            job.written, job.state = write, State.DONE if write else State.CHECKED
        finally:
            await asyncio.to_thread(job.good.unlink, missing_ok=True)

    async def _into_table(self, job: ImportJob, order: Order, found: Outcome, *, write: bool) -> Outcome:
        keeps = {"tier": "tier" not in order.columns, "note": "note" not in order.columns}
        async with db.transaction(self._pool) as connection:
            await connection.execute(f"set local statement_timeout = '{STATEMENT}'")
            await store.one_at_a_time(connection)
            if await store.stage(connection, job.good) != found.good:
                raise ReaderFailed("the database did not take every row")
            created, changed = await store.compare_staged(connection, **keeps)
            if write:
                now = self._clock.now()
                await store.upsert_staged(connection, now, **keeps)
                detail = {"rows": str(found.rows), "created": str(created), "changed": str(changed), "bad": str(found.bad)}
                await audit.write(connection, now, by=job.by, action="customer.import", about=job.about, detail=detail)
            await store.unstage(connection)
            job.settled = write
        return replace(found, created=created, changed=changed)

    async def _note(self, job: ImportJob, action: str, detail: Mapping[str, str] | None = None) -> None:
        async with db.transaction(self._pool) as connection:
            await audit.write(connection, self._clock.now(), by=job.by, action=action, about=job.about, detail=detail)

    def _task(self, job: ImportJob, *, layout: Layout | None = None, order: Order | None = None) -> Task:
        return Task(
            path=str(job.file),
            layout=layout or job.layout,
            columns=dict(order.columns) if order else {},
            area_code=self._numbering.area_code,
            good=str(job.good),
            report=str(job.report),
            language=order.language if order else "zh-CN",
        )

    def _take(self, job: ImportJob, state: State) -> State:
        """Something is done with the file from now on; what its state was. Raises Busy."""
        if job.state in UNDER_WAY:
            raise Busy
        before, job.state = job.state, state
        return before

    def _new(self, name: str, by: int | None) -> tuple[ImportJob, list[Path]]:
        """And the folders of those that go for it: one's own oldest, then anybody's, none that is at work. Raises Busy."""
        idle = sorted((job for job in self._jobs.values() if job.state not in UNDER_WAY), key=lambda job: job.by != by)
        if len(self._jobs) >= KEPT + len(idle):
            raise Busy
        thrown_out = idle[: max(0, len(self._jobs) - KEPT + 1)]
        for old in thrown_out:
            del self._jobs[old.id]
        job_id = secrets.token_hex(8)
        job = self._jobs[job_id] = ImportJob(job_id, name, self._folder / job_id, by)
        return job, [old.folder for old in thrown_out]

    async def _receive(self, job: ImportJob, parts: AsyncIterator[bytes]) -> None:
        size = 0
        kept = await asyncio.to_thread(open, job.file, "wb", opener=private.opener)
        try:
            async for part in parts:
                size += len(part)
                if size > MOST_BYTES:
                    raise TooLong
                await asyncio.to_thread(kept.write, part)
        finally:
            await asyncio.to_thread(kept.close)  # its last bytes may find the disk full

    async def _forget(self, job: ImportJob) -> None:
        self._jobs.pop(job.id, None)
        await asyncio.to_thread(shutil.rmtree, job.folder, ignore_errors=True)


def _make_room(folder: Path, thrown_out: Sequence[Path]) -> None:
    for old in thrown_out:
        shutil.rmtree(old, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)


def _of_disk(error: OSError) -> WorldFailed:
    return DiskFull() if error.errno in {errno.ENOSPC, errno.EDQUOT} else WorldFailed()


def _check(columns: Mapping[str, int], width: int) -> None:
    places = list(columns.values())
    known = set(columns) <= set(FIELDS) and {"number", "name"} <= set(columns)
    if not known or len(set(places)) != len(places) or not all(0 <= place < width for place in places):
        raise BadColumns


def _look_of(answer: Mapping[str, Any]) -> Look:
    return Look(
        layout=Layout(**answer["layout"]),
        sheets=tuple(answer["sheets"]),
        headings=tuple(answer["headings"]),
        letters=tuple(answer["letters"]),
        rows=tuple((row["line"], tuple(row["cells"])) for row in answer["rows"]),
        columns=answer["columns"],
        doubtful=tuple(answer["doubtful"]),
    )
