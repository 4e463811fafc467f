"""Reads the last lines of a file that the switch writes and rotates: the present one, and the one before it (``name.0``)."""

from __future__ import annotations

import os
from pathlib import Path


def tail(path: Path, at_most: int) -> list[str]:
    """Whole lines, oldest first, of the last ``at_most`` bytes of both; none if there is no such file. OSError if unreadable.

    The present file is read first: one that becomes the former one meanwhile is read twice, not missed.
    """
    present, left = _end_of(path, at_most)
    former, _ = _end_of(path.with_name(f"{path.name}.0"), left)
    return f"{former}\n{present}".split("\n")


def _end_of(path: Path, at_most: int) -> tuple[str, int]:
    """The last whole lines, nothing if there is no such file; and how many bytes less than ``at_most`` the file has."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            beyond = max(0, size - at_most)
            file.seek(max(0, beyond - 1))  # a byte more: whether it is the end of a line
            read = file.read(at_most + 1)
    except FileNotFoundError:
        return "", at_most
    return (read.partition(b"\n")[2] if beyond else read).decode("utf-8", "replace"), max(0, at_most - size)
