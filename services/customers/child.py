"""Runs the process that reads a file of customers: hears what it says, line by line, and judges what its end means."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from typing import Any

from services.customers.encodings import Seen
from services.customers.reader import DISK_FULL, Task
from services.errors import WorldFailed

ENVIRONMENT = (
    "PATH",
    "PYTHONPATH",
    "LD_LIBRARY_PATH",
)  # the variables of ours that the reader of strangers' files gets: none is a secret


class ReaderFailed(WorldFailed):
    """The process that reads the file has died."""

    code = "reader_failed"


class DiskFull(WorldFailed):
    """There is no room on the disk for the file; make some and try again."""

    code = "disk_full"


async def ask(task: Task, heard: Callable[[dict[str, Any]], None] = lambda told: None) -> dict[str, Any]:
    """The reader's last word; ``heard`` gets those before. A reader that died of memory or time was given too large a file.

    Raises ReaderFailed, DiskFull. When cancelled, it ends the reader.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "services.customers.reader", str(os.getpid()),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        env={name: os.environ[name] for name in ENVIRONMENT if name in os.environ},
    )  # fmt: skip
    try:
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps(asdict(task)).encode())
        process.stdin.close()
        last: dict[str, Any] = {}
        async for line in _long_lines(process.stdout):
            if last:
                heard(last)
            last = json.loads(line)
        code = await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if code < 0:
        return {"seen": asdict(Seen("too_large"))}
    if last.get("failed") == DISK_FULL:
        raise DiskFull
    if code or not last:
        raise ReaderFailed
    return last


async def _long_lines(stream: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Lines of any length: the last one holds the first rows or problems. One without an end was cut off with the reader."""
    rest = b""
    while part := await stream.read(1 << 16):
        *lines, rest = (rest + part).split(b"\n")
        for line in lines:
            yield line
