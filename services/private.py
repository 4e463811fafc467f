"""Files and folders that hold what people said and did: their owner's alone, also those that an earlier version left open."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def opener(path: str, flags: int) -> int:
    """For ``open(…, opener=opener)``: what is made is of mode 0600, whatever the umask of who started us."""
    return os.open(path, flags | os.O_CLOEXEC, 0o600)


def tighten(folder: Path) -> int:
    """Take everybody else's rights from a folder and all in it; how many had some. Links and other accounts' files are let be."""
    found = 0
    for path in (folder, *folder.rglob("*")):
        now = path.lstat()
        plain = stat.S_ISDIR(now.st_mode) or stat.S_ISREG(now.st_mode)
        if plain and now.st_uid == os.geteuid() and now.st_mode & 0o077:
            path.chmod(stat.S_IMODE(now.st_mode) & 0o700)
            found += 1
    return found
