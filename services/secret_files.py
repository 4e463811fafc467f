"""Makes the secrets of an instance: random, made once, in files of mode 0600 in a folder of mode 0700."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

BYTES = 32


def made_once(file: Path) -> str:
    """The secret in ``file`` (64 hexadecimal digits), made now if there is none. Two at once get the same one."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = file.with_name(f".{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "w") as made:
            made.write(secrets.token_hex(BYTES))
        _publish(fresh, file)
    finally:
        fresh.unlink()
    return file.read_text().strip()


def _publish(fresh: Path, file: Path) -> None:
    """A link, not a rename: it never replaces a secret that is there, and it appears whole."""
    try:
        os.link(fresh, file)
    except FileExistsError:
        return
