"""Keeps the managed switch's logs small: says when they are to be put aside, and drops those that were put aside long ago."""

from __future__ import annotations

from pathlib import Path

LOOK_S = 60.0
"""Between two looks at their sizes."""
_ROTATED = ("messages", "queue_log")
"""What ``logger rotate`` puts aside, both at once."""
_LIMIT_BYTES = 8 * 1024 * 1024
_KEPT = 3


def wants_rotation(folder: Path) -> bool:
    """Whether a log in use is too long. Logs that were put aside before, or that the switch wrote while it started, are not
    asked.
    """
    return any(path.stat().st_size > _LIMIT_BYTES for name in _ROTATED if (path := folder / name).exists())


def drop_old_logs(folder: Path) -> None:
    """Keep the newest rotated logs: ``name.0`` to ``name.2``."""
    for path in folder.iterdir():
        number = path.suffix[1:]
        if number.isdigit() and int(number) >= _KEPT:
            path.unlink(missing_ok=True)
