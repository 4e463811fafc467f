"""Gives each process a folder of its own for the files that it imports; the folder is gone when the process ends, or soon
after.

A server and commands beside it import at once, so none may take another's folder for one that was left behind. A lock beside the
folder tells: the kernel lets go of it with the process, also of one that was killed.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from services import private


@contextlib.contextmanager
def claimed(base: Path) -> Iterator[Path]:
    """A new folder in ``base`` for as long as the block lasts. What dead processes left there goes at once."""
    base.mkdir(mode=0o700, parents=True, exist_ok=True)
    sweep(base)
    lock, descriptor = _take(base)
    folder = lock.with_suffix("")
    try:
        folder.mkdir(mode=0o700)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        lock.unlink(missing_ok=True)
        os.close(descriptor)
        with contextlib.suppress(OSError):
            base.rmdir()  # unless others have theirs in it


def sweep(base: Path) -> None:
    """Folders that nobody holds go, and with them the customers in them."""
    for found in list(base.iterdir()):
        if found.suffix != ".lock":
            if not found.with_name(f"{found.name}.lock").exists():
                shutil.rmtree(found, ignore_errors=True)
            continue
        descriptor = _held(found)
        if descriptor is not None:
            shutil.rmtree(found.with_suffix(""), ignore_errors=True)
            found.unlink(missing_ok=True)
            os.close(descriptor)


def _take(base: Path) -> tuple[Path, int]:
    """The lock is there before its folder is: somebody who sweeps sees no folder without one."""
    while True:
        lock = base / f"{secrets.token_hex(8)}.lock"
        os.close(private.opener(str(lock), os.O_CREAT | os.O_WRONLY))
        descriptor = _held(lock)
        if descriptor is not None:
            return lock, descriptor


def _held(lock: Path) -> int | None:
    """The lock, taken; None if another process has it, or had it and has just removed it."""
    with contextlib.suppress(FileNotFoundError):
        descriptor = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(descriptor).st_nlink:
                return descriptor
        os.close(descriptor)
    return None
