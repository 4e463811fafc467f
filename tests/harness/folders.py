"""Looks through a folder in which others work: what they take away between two looks is left out, and stops nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def below(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """The folder itself and everything in it at any depth, links as links, each with what ``lstat`` says of it."""
    with suppress(FileNotFoundError):
        yield folder, folder.lstat()
    for top, folders, files in os.walk(folder):  # which passes over a folder that is gone, unlike Path.rglob
        for name in (*folders, *files):
            path = Path(top, name)
            with suppress(FileNotFoundError):
                yield path, path.lstat()
