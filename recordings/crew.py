"""Keeps a few listening children (recordings.worker) and gives each recording to one that is free.

One recording's failure touches no other: a child that crashes, stalls, runs out of its time or memory is killed and the next job
gets a fresh one; the failure has a type and goes to whoever asked. Cancelling ``transcribe`` kills the job. Nothing is tried
again here: the caller counts tries where they survive us. A child is replaced after so many jobs or so much memory, because
native memory does not come back. All waiting is in the caller's own task: no task is started here.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from recordings import frames
from recordings.errors import AudioRefused, ModelRefused, WorkerDied, WorkerStalled
from recordings.recognizer import Phrase, Word

DEMONSTRATION_MARK = "demonstration.txt"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a child may take. A large Mandarin model needs about 6 000 MB; the small ones are well within 1 500."""

    start_s: float = 60.0  # to load the model
    stall_s: float = 30.0  # without a sign of life: one comes for every 10 s of sound
    job_s: float = 14_400.0  # for one recording, all channels
    jobs: int = 200  # then a fresh child
    resident_mb: int = 3_000  # more than that after a job: a fresh child
    memory_mb: int = 8_000  # address space; more is a failed job (0: no limit)
    niceness: int = 5  # telephone calls go first


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What a child reports of the model that it loaded. ``vocabulary`` None: the model does not list its words."""

    name: str
    path: Path
    rate: int
    vocabulary: int | None
    demonstration: bool


@dataclass(frozen=True, slots=True)
class Heard:
    """The phrases of each channel, in order of time; empty channels were silent. ``model`` is the model's name."""

    channels: tuple[tuple[Phrase, ...], ...]
    model: str

    @property
    def speech(self) -> bool:
        """False: nobody said anything that could be made out ("no speech")."""
        return any(self.channels)


class Crew:
    """``workers`` children over one model, started when first needed or by ``start``. Use as an async context manager."""

    def __init__(self, model: Path, *, workers: int = 1, limits: Limits | None = None) -> None:
        self.model = model
        self.limits = limits or Limits()
        self._closed = False
        self._idle: asyncio.Queue[_Seat] = asyncio.Queue()
        self._seats = [_Seat() for _ in range(workers)]
        for seat in self._seats:
            self._idle.put_nowait(seat)

    async def start(self) -> ModelFacts:
        """Have every child load the model now; returns what they report of it. ModelRefused if they cannot load it."""
        async with contextlib.AsyncExitStack() as held:
            seats = [await held.enter_async_context(self._free_seat()) for _ in self._seats]
            for seat in seats:
                seat.child = child = await self._fresh(seat.child)
            return child.facts

    async def transcribe(self, path: Path, *, channels: int = 2) -> Heard:
        """Listen to a sound file (FLAC or wav, any rate); waits for a free child.

        AudioRefused (try no more), WorkerDied, WorkerStalled, ModelRefused (the model, not this recording).
        """
        async with self._free_seat() as seat:
            child = seat.child = await self._fresh(seat.child)
            try:
                heard = await child.hear(path, channels, self.limits.job_s)
            except BaseException:
                seat.child = None
                await child.kill()
                raise
            if child.is_worn(self.limits):
                seat.child = None
                await child.stop()
            return Heard(heard, child.facts.name)

    @property
    def children(self) -> list[int]:
        """Process ids of the living children: for the system page and for tests."""
        return [seat.child.pid for seat in self._seats if seat.child is not None and seat.child.is_alive]

    async def close(self) -> None:
        """Kill every child; jobs under way and waiting fail with WorkerDied."""
        self._closed = True
        for seat in self._seats:
            child, seat.child = seat.child, None
            if child is not None:
                await child.kill()

    async def __aenter__(self) -> Crew:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    @contextlib.asynccontextmanager
    async def _free_seat(self) -> AsyncIterator[_Seat]:
        seat = await self._idle.get()
        try:
            yield seat
        finally:
            self._idle.put_nowait(seat)

    async def _fresh(self, child: _Child | None) -> _Child:
        """A living child. A child that died between two jobs has harmed nobody and is replaced."""
        if self._closed:
            raise WorkerDied("crew_closed")
        if child is not None:
            if child.is_alive:
                return child
            await child.kill()
        return await _Child.start(self.model, self.limits)


@dataclass(slots=True)
class _Seat:
    child: _Child | None = None


class _Child:
    """One child process and its pipe. Only one job at a time, by whoever holds its seat."""

    def __init__(self, process: asyncio.subprocess.Process, limits: Limits) -> None:
        self._process = process
        self._limits = limits
        self._jobs = 0
        self.facts: ModelFacts

    @classmethod
    async def start(cls, model: Path, limits: Limits) -> _Child:
        """Start a child and wait until its model is loaded. ModelRefused if it cannot, also if it is killed by the loading."""
        command = [sys.executable, "-m", "recordings.worker", str(model), "--parent", str(os.getpid())]
        command += ["--memory", str(limits.memory_mb), "--nice", str(limits.niceness)]
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        child = cls(process, limits)
        try:
            child.facts = await child._ready(model)
        except BaseException:
            await child.kill()
            raise
        return child

    async def _ready(self, model: Path) -> ModelFacts:
        try:
            said = await self._next(self._limits.start_s)
        except (WorkerDied, WorkerStalled) as error:
            raise ModelRefused("model_crashed", error.code) from error
        if "ready" not in said:
            raise ModelRefused(str(said.get("refused", "model_refused")), str(said.get("detail", "")))
        demonstration = (model / DEMONSTRATION_MARK).is_file()
        return ModelFacts(model.name, model, int(said["rate"]), said["vocabulary"], demonstration)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.returncode is None

    def is_worn(self, limits: Limits) -> bool:
        return self._jobs >= limits.jobs or _resident_mb(self.pid) > limits.resident_mb

    async def hear(self, path: Path, channels: int, limit_s: float) -> tuple[tuple[Phrase, ...], ...]:
        self._jobs += 1
        try:
            async with asyncio.timeout(limit_s):
                await self._send({"path": str(path), "channels": channels})
                while "at" in (said := await self._next(self._limits.stall_s)):
                    pass  # a sign of life
        except TimeoutError:
            raise WorkerStalled("took_too_long", f"{limit_s:g} s") from None
        return _heard(said)

    async def _send(self, message: frames.Message) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(frames.encode(message))
        with contextlib.suppress(ConnectionError):  # it died: reading says so, and how
            await self._process.stdin.drain()

    async def _next(self, limit_s: float) -> frames.Message:
        """The next message. WorkerDied or WorkerStalled."""
        assert self._process.stdout is not None
        read = self._process.stdout.readexactly
        try:
            async with asyncio.timeout(limit_s) as limit:
                length = frames.body_length(await read(frames.LENGTH.size))
                return frames.decode(await read(length))
        except asyncio.IncompleteReadError:
            raise WorkerDied("worker_died", await self._cause()) from None
        except frames.BrokenFrame as error:
            raise WorkerDied("worker_confused", str(error)) from error
        except TimeoutError:
            if not limit.expired():
                raise
            raise WorkerStalled("worker_stalled", f"no sign of life for {limit_s:g} s") from None

    async def _cause(self) -> str:
        code = await self._process.wait()
        return signal.Signals(-code).name if code < 0 else f"exit {code}"

    async def stop(self) -> None:
        """Let an idle child go: it ends when its stdin does."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(self._limits.stall_s):
                await self._process.wait()
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        """End the child whatever it does, and wait for its end."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()


def _heard(said: frames.Message) -> tuple[tuple[Phrase, ...], ...]:
    if "failed" in said:
        raise AudioRefused(str(said["failed"]), str(said.get("detail", "")))
    try:
        return tuple(tuple(_phrase(phrase) for phrase in side) for side in said["heard"])
    except (KeyError, TypeError, ValueError) as error:
        raise WorkerDied("worker_confused", type(error).__name__) from error


def _phrase(words: Sequence[Sequence[object]]) -> Phrase:
    return tuple(Word(str(text), float(str(start)), float(str(end)), float(str(conf))) for text, start, end, conf in words)


def _resident_mb(pid: int) -> float:
    """0 when the process is gone: then there is nothing to recycle."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024**2


async def check(model: Path, limits: Limits | None = None) -> ModelFacts:
    """Load a model in a child and let it go: what ``tingsu model check`` does. ModelRefused names why not."""
    if not model.is_dir():
        raise ModelRefused("model_missing", "no such folder")
    child = await _Child.start(model, limits or Limits())
    await child.stop()
    return child.facts
