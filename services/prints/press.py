"""Has documents set by a child process (``child.py``), a few at a time, each with a limit on its time and memory."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal

import structlog

from services.errors import WorldFailed
from services.prints.model import Document

AT_ONCE = 2  # a page takes a fifth of a second of one core
LIMIT_S = 30  # the longest history takes some seconds
AGAIN_S = 600.0  # before the package is asked for again that could not be had

log = structlog.get_logger(__name__)


class FontMissing(WorldFailed):
    """There is no face with Chinese characters yet: it is being fetched, or could not be."""

    code = "font_missing"


class NotPrinted(WorldFailed):
    """The document could not be set: it took too long, or too much memory."""

    code = "not_printed"


class Press:
    """``run`` sees to the face in the background; ``set`` sets a document."""

    def __init__(self, find: Callable[[], Awaitable[Path]], *, limit_s: float = LIMIT_S) -> None:
        self._find = find
        self._limit_s = limit_s
        self._fonts: Path | None = None
        self._free = asyncio.Semaphore(AT_ONCE)

    async def run(self) -> None:
        """Finds the face, however often it must be asked for; owned by the composition root. Returns once it is there."""
        while True:
            try:
                await self.find()
            except WorldFailed as error:
                log.warning("prints.no_font", code=error.code)
            else:
                return
            await asyncio.sleep(AGAIN_S)

    async def find(self) -> None:
        """Sees to the face once. Raises PackagesUnavailable."""
        self._fonts = await self._find()

    async def set(self, document: Document, form: Literal["pdf", "png"] = "pdf") -> bytes:
        """The document as PDF. Raises FontMissing, NotPrinted."""
        if self._fonts is None:
            raise FontMissing
        given = await asyncio.to_thread(lambda: json.dumps(document, ensure_ascii=False).encode())
        async with self._free:
            return await self._press(given, [json.dumps([str(self._fonts)]), form, str(LIMIT_S)])

    async def _press(self, given: bytes, options: list[str]) -> bytes:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "services.prints.child", *options,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            async with asyncio.timeout(self._limit_s):
                made, _ = await process.communicate(given)
        except TimeoutError:
            raise NotPrinted("it took too long") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode or not made:
            raise NotPrinted(f"the typesetter ended with {process.returncode}")
        return made
