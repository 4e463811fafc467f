"""A file of customers on its way into the table: kept, looked at, read by a process of its own, written in one transaction.

The same for the desk and for the command line. Every row is imported or named in the report, and either all good rows are written
or none: after whatever broke it off, the file can be imported again, and rows that are there already are left alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import asyncpg
import structlog

from services.access import audit
from services.customers import store
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
ENVIRONMENT = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH")  # of ours, for who reads strangers' files: no secret
WAITING = 4  # imports waiting for their turn

log = structlog.get_logger(__name__)


class TooLong(Impossible):
    """The file is larger than an import takes."""

    code = "too_large"


class BadColumns(Conflict):
    """The columns do not say where number and name are."""

    code = "columns"


class Busy(Conflict):
    """Other imports are waiting already."""

    code = "busy"


class State(StrEnum):
    """``refused``: the file cannot be read as it is (`ImportJob.seen`). ``failed``: the world's fault; nothing was written."""

    LOOKED = "looked"
    REFUSED = "refused"
    WAITING = "waiting"
    READING = "reading"
    WRITING = "writing"
    CHECKED = "checked"
    DONE = "done"
    FAILED = "failed"


UNDER_WAY = frozenset({State.WAITING, State.READING, State.WRITING})


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
    by: int | None = None
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
    """One file. ``folder`` holds it and what was made of it; ``rows`` read so far, ``share`` of all."""

    id: str
    name: str
    folder: Path
    state: State = State.LOOKED
    layout: Layout = AS_FOUND
    look: Look | None = None
    seen: Seen | None = None
    rows: int = 0
    share: float = 0.0
    outcome: Outcome = field(default_factory=Outcome)
    written: bool = False

    @property
    def file(self) -> Path:
        return self.folder / "file"

    @property
    def report(self) -> Path:
        return self.folder / "report.csv"


class Imports:
    """``folder`` is emptied at the start. `run` performs one import after the other; a TaskGroup owns it."""

    def __init__(self, pool: db.Pool, clock: Clock, numbering: Numbering, folder: Path) -> None:
        self._pool = pool
        self._clock = clock
        self._numbering = numbering
        self._folder = folder
        self._jobs: dict[str, ImportJob] = {}
        self._waiting: asyncio.Queue[tuple[ImportJob, Order]] = asyncio.Queue(WAITING)

    async def keep(self, name: str, parts: AsyncIterator[bytes]) -> ImportJob:
        """Take a file in. Raises TooLong."""
        job = await asyncio.to_thread(self._new, name)
        size = 0
        kept = await asyncio.to_thread(open, job.file, "wb")  # its folder is closed to others
        try:
            async for part in parts:
                size += len(part)
                if size > MOST_BYTES:
                    raise TooLong
                await asyncio.to_thread(kept.write, part)
        except BaseException:
            await self._forget(job)
            raise
        finally:
            kept.close()
        return job

    async def keep_file(self, path: Path) -> ImportJob:
        """The same for a file on this machine."""
        job = await asyncio.to_thread(self._new, path.name)
        await asyncio.to_thread(shutil.copyfile, path, job.file)
        return job

    def close(self) -> None:
        """Everything that was kept goes."""
        self._jobs.clear()
        shutil.rmtree(self._folder, ignore_errors=True)

    def of(self, job_id: str) -> ImportJob:
        """Raises NotFound: also for one of before the last start."""
        if job_id not in self._jobs:
            raise NotFound("there is no such import; nothing that was not finished has been written")
        return self._jobs[job_id]

    async def look(self, job: ImportJob, layout: Layout) -> None:
        """See what the file is, read with this layout."""
        if job.state in UNDER_WAY:
            raise Busy
        job.look = job.seen = None
        answer = await _last(self._task(job, layout=layout), lambda told: None)
        if seen := answer.get("seen"):
            job.state, job.seen, job.layout = State.REFUSED, Seen(**seen), layout
            return
        job.state, job.look = State.LOOKED, _look_of(answer)
        job.layout = job.look.layout

    def start(self, job: ImportJob, order: Order) -> None:
        """Have it done in its turn. Raises BadColumns, Busy."""
        _check(order.columns, len(job.look.headings) if job.look else 0)
        if job.state in UNDER_WAY:
            raise Busy
        before = job.state
        job.state, job.rows, job.share, job.outcome, job.written = State.WAITING, 0, 0.0, Outcome(), False
        try:
            self._waiting.put_nowait((job, order))
        except asyncio.QueueFull:
            job.state = before
            raise Busy from None

    async def report(self, job: ImportJob, *, by: int) -> Path:
        """The file that names every row that is not imported; who takes it is on record. Raises NotFound."""
        if job.state in {State.LOOKED, *UNDER_WAY} or not job.report.exists():
            raise NotFound("there is no report yet")
        async with db.transaction(self._pool) as connection:
            await audit.write(connection, self._clock.now(), by=by, action="customer.report", about="customer")
        return job.report

    async def run(self) -> None:
        """For ever; owned by the composition root."""
        while True:
            job, order = await self._waiting.get()
            try:
                await self.perform(job, order)
            except (WorldFailed, OSError, asyncpg.PostgresError) as error:
                log.error("an import failed; nothing of it was written", error=type(error).__name__)
                job.state = State.FAILED

    async def perform(self, job: ImportJob, order: Order, told: Callable[[int], None] = lambda rows: None) -> None:
        """Read, and write if it is ordered and may be; ``told`` hears how many rows have been read."""

        def heard(answer: dict[str, Any]) -> None:
            job.rows, job.share = answer["rows"], answer["share"]
            told(job.rows)

        job.state = State.READING
        answer = await _last(self._task(job, order=order), heard)
        if seen := answer.get("seen"):
            job.state, job.seen = State.REFUSED, Seen(**seen)
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

    async def _into_table(self, job: ImportJob, order: Order, found: Outcome, *, write: bool) -> Outcome:
        keeps = {"tier": "tier" not in order.columns, "note": "note" not in order.columns}
        async with db.transaction(self._pool) as connection:
            await connection.execute(f"set local statement_timeout = '{STATEMENT}'")
            if await store.stage(connection, job.folder / "good") != found.good:
                raise ReaderFailed("the database did not take every row")
            created, changed = await store.compare_staged(connection, **keeps)
            if write:
                now = self._clock.now()
                await store.upsert_staged(connection, now, **keeps)
                detail = {"rows": str(found.rows), "created": str(created), "changed": str(changed), "bad": str(found.bad)}
                await audit.write(connection, now, by=order.by, action="customer.import", about="customer", detail=detail)
            await store.unstage(connection)
        return replace(found, created=created, changed=changed)

    def _task(self, job: ImportJob, *, layout: Layout | None = None, order: Order | None = None) -> Task:
        return Task(
            path=str(job.file),
            layout=layout or job.layout,
            columns=dict(order.columns) if order else {},
            area_code=self._numbering.area_code,
            good=str(job.folder / "good"),
            report=str(job.report),
            language=order.language if order else "zh-CN",
        )

    def _new(self, name: str) -> ImportJob:
        if not self._jobs:
            shutil.rmtree(self._folder, ignore_errors=True)  # of before the last start
        for old in [job for job in self._jobs.values() if job.state not in UNDER_WAY][: 1 - KEPT]:
            del self._jobs[old.id]
            shutil.rmtree(old.folder, ignore_errors=True)
        job = ImportJob(secrets.token_hex(8), name, Path())
        job.folder = self._folder / job.id
        job.folder.mkdir(mode=0o700, parents=True)
        self._jobs[job.id] = job
        return job

    async def _forget(self, job: ImportJob) -> None:
        del self._jobs[job.id]
        await asyncio.to_thread(shutil.rmtree, job.folder, ignore_errors=True)


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


class ReaderFailed(WorldFailed):
    """The process that reads the file has died."""

    code = "reader_failed"


async def _last(task: Task, heard: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """The reader's last word; ``heard`` gets those before. One that died of memory or time has read too large a file."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "services.customers.reader",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        env={name: os.environ[name] for name in ENVIRONMENT if name in os.environ},
    )  # fmt: skip
    try:
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps(asdict(task)).encode())
        process.stdin.close()
        last: dict[str, Any] = {}
        async for line in _long_lines(process.stdout):
            if last:
                heard(last)
            last = json.loads(line)
        code = await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if code < 0:
        return {"seen": asdict(Seen("too_large"))}
    if code or not last:
        raise ReaderFailed
    return last


async def _long_lines(stream: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Lines of any length: the last one holds the first rows or problems."""
    rest = b""
    while part := await stream.read(1 << 16):
        *lines, rest = (rest + part).split(b"\n")
        for line in lines:
            yield line
    if rest:
        with contextlib.suppress(ValueError):
            json.loads(rest)
            yield rest
