"""Processes of an earlier server that still stand in a data folder, and its stale pid file.

A pid file proves nothing: in a container the number soon belongs to somebody else. What a postmaster and its backends
cannot hide is their working folder, which is the data folder itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from services.errors import WorldFailed

LEAVE_S = 60.0  # a fast shutdown with a large checkpoint
NUDGE_S = 2.0  # the kernel's own signal should have reached it at once; after this we ask ourselves


class StillRunning(WorldFailed):
    """Processes of an earlier server do not leave the data folder."""

    code = "still_running"


def standing_in(folder: Path) -> list[int]:
    """Process ids whose working folder is ``folder``."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):  # gone meanwhile, or not ours to look at
            if os.readlink(entry / "cwd") == str(folder):
                found.append(int(entry.name))
    return found


async def clear(data: Path, progress: Callable[[str], None]) -> None:
    """Wait until nobody stands in ``data`` any more, then take a stale pid file away. The caller holds the lock."""
    data = data.resolve()
    began, nudged = time.monotonic(), False
    while left := standing_in(data):
        waited = time.monotonic() - began
        if waited > LEAVE_S:
            raise StillRunning(f"an earlier PostgreSQL (processes {left}) does not leave {data}")
        if waited > NUDGE_S and not nudged:
            nudged = True
            progress("waiting for an earlier PostgreSQL to shut down")
            _ask_to_leave(data)
        await asyncio.sleep(0.05)
    (data / "postmaster.pid").unlink(missing_ok=True)


def _ask_to_leave(data: Path) -> None:
    """SIGINT to the postmaster named by the pid file, if that process really stands in the folder."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        pid = int((data / "postmaster.pid").read_text().splitlines()[0])
        if pid in standing_in(data):
            os.kill(pid, signal.SIGINT)
