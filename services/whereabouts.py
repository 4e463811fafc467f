"""Tells a file from a copy of it: a copy of a folder takes every name in it along, and must not pass for the original.

A file's number on its disk stays as it is for as long as the file is written in place, and is another one for a copy. The machine
is added where it has a name of its own: two disks may well give one number to the same file of two instances.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

_MACHINE = Path("/etc/machine-id")
_BOOT = Path("/proc/sys/kernel/random/boot_id")


def place_of(descriptor: int) -> str:
    """The place of an open file: the same at every start, another one for a copy of it. Sixteen characters."""
    return _digest(_text(_MACHINE), str(os.fstat(descriptor).st_ino))


def start_of_machine() -> str:
    """Another one whenever the machine was started: what ran before has ended. '' where the kernel does not tell."""
    return _digest(_text(_BOOT))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
