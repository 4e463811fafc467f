"""Makes a machine short of something, for as long as a block lasts."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest


@contextmanager
def descriptors_left(count: int) -> Iterator[None]:
    """This process can open ``count`` more files and no more; its threads, and children it has by then, go on."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    spare = [os.open("/dev/null", os.O_RDONLY) for _ in range(count + 1)]  # the lowest that are free
    for descriptor in spare:
        os.close(descriptor)
    resource.setrlimit(resource.RLIMIT_NOFILE, (spare[count], hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@dataclass(frozen=True, slots=True)
class SmallDisk:
    """A file system of its own at ``folder``."""

    folder: Path

    @property
    def _ballast(self) -> Path:
        return self.folder / "ballast"

    def fill(self) -> None:
        """Not a byte is left."""
        with self._ballast.open("ab", buffering=0) as file:
            for size in (1 << 20, 1 << 12, 1):
                with suppress(_NoSpace):
                    while True:
                        _write(file.fileno(), bytes(size))

    def empty(self) -> None:
        """What filled it is removed."""
        self._ballast.unlink()


class _NoSpace(Exception):
    """The disk took nothing."""


def _write(descriptor: int, block: bytes) -> None:
    try:
        os.write(descriptor, block)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise _NoSpace from None
        raise


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[SmallDisk]:
    """Mounted at ``folder`` for as long as the block lasts. Only root may mount; others skip the test."""
    folder.mkdir(parents=True, exist_ok=True)
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700", "tingsu-test", str(folder)], capture_output=True
    )
    if made.returncode != 0:
        folder.rmdir()
        pytest.skip("a disk of its own cannot be mounted here")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        folder.rmdir()
