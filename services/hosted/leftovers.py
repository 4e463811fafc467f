"""Ends what an earlier database server left in its folder: its processes, and its pid and lock files.

A pid file proves nothing: in a container the number soon belongs to somebody else, and a zombie has one too. PostgreSQL asks
only whether a process of that number lives, and refuses to start for ever where one does. What its processes cannot hide is
their program and their working folder, which is the data folder itself; while there is none, every such file is stale.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from services.errors import WorldFailed
from services.words import said

LEAVE_S = 60.0  # a fast shutdown with a large checkpoint
NUDGE_S = 2.0  # the kernel's own signal should have reached it at once; after this we ask ourselves
FORCE_S = 10.0  # a backend that its postmaster left behind has nothing to write any more

PID_FILE = "postmaster.pid"
SOCKET_NAME = ".s.PGSQL.5432"
SOCKET_LOCK = f"{SOCKET_NAME}.lock"

_PROGRAMS = {"postgres", "initdb"}
_REPLACED = " (deleted)"
_OF_A_POSTMASTER = b"postgres: "
"""What a process says in its place of arguments that a postmaster has forked."""


class StillRunning(WorldFailed):
    """Processes of an earlier server do not leave the data folder."""

    code = "still_running"


def standing_in(*folders: Path) -> list[int]:
    """Process ids of PostgreSQL whose working folder is one of ``folders``, by whatever path they came there."""
    wanted = {key for folder in folders if (key := _key(folder))}
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or _key(entry / "cwd") not in wanted:
            continue
        with contextlib.suppress(OSError):  # gone meanwhile, or not ours to look at
            if Path(os.readlink(entry / "exe").removesuffix(_REPLACED)).name in _PROGRAMS:
                found.append(int(entry.name))
    return found


def _key(folder: Path) -> tuple[int, int] | None:
    """The folder itself, whatever its name; None if there is none, or a process's is not ours to look at (a zombie has none)."""
    try:
        found = folder.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


async def clear(place: Path, sockets: Path, progress: Callable[[str], None]) -> None:
    """Wait until no PostgreSQL stands below ``place`` any more, then take its pid and lock files away. The caller holds the lock.

    Raises StillRunning after a minute; a server without its postmaster is ended by then.
    """
    folders = (place, place / "data", place / "data.new")
    began, nudged, forced = time.monotonic(), False, False
    while left := standing_in(*folders):
        waited = time.monotonic() - began
        if waited > LEAVE_S:
            raise StillRunning(
                said("an earlier PostgreSQL (processes {left}) does not leave {place}: end them", left=left, place=place)
            )
        if waited > NUDGE_S and not nudged:
            nudged = True
            progress(said("waiting for an earlier PostgreSQL to shut down"))
            _ask_to_leave(left)
        if waited > FORCE_S and not forced and not _first(left):
            forced = True
            _send(left, signal.SIGKILL)
        await asyncio.sleep(0.05)
    for file in (place / "data" / PID_FILE, sockets / SOCKET_LOCK, sockets / SOCKET_NAME):
        file.unlink(missing_ok=True)


def _ask_to_leave(left: list[int]) -> None:
    """A fast shutdown, or, where the postmaster is dead already, the end of each backend that has not noticed."""
    if first := _first(left):
        _send(first, signal.SIGINT)
    else:
        _send(left, signal.SIGQUIT)


def _first(left: list[int]) -> list[int]:
    """The processes that no postmaster has forked: the postmaster itself, initdb."""
    return [pid for pid in left if not _arguments(pid).startswith(_OF_A_POSTMASTER)]


def _arguments(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _send(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
