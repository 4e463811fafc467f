"""Defines the one unit of waiting: every limit in tests is a number of these, so that a slow machine needs one setting.

``TINGSU_PATIENCE=3`` makes all limits three times as long. Nothing sleeps for luck: a wait ends the moment what is waited for
is true, and names it when it never was.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar, overload

UNIT = float(os.environ.get("TINGSU_PATIENCE", "1"))
"""Seconds of one patience."""
LOOK = 0.04
"""Seconds between two looks at a condition: well under anything a person would notice."""

T = TypeVar("T")


def seconds(limit: float) -> float:
    """A limit for an ordinary machine, made as long as this one needs."""
    return limit * UNIT


@dataclass
class Lag:
    """``worst``: the longest, in seconds, that this machine let a loop wait for its turn."""

    worst: float = 0.0


@asynccontextmanager
async def lag() -> AsyncIterator[Lag]:
    """Noted for as long as the block lasts."""
    noted = Lag()
    async with asyncio.TaskGroup() as tasks:
        noting = tasks.create_task(_note(noted), name="test: lag")
        try:
            yield noted
        finally:
            noting.cancel()


async def _note(lag: Lag) -> None:
    while True:
        began = time.monotonic()
        await asyncio.sleep(LOOK)
        lag.worst = max(lag.worst, time.monotonic() - began - LOOK)


class Impatient(AssertionError):
    """What was waited for did not come."""


Seen = Callable[[], object] | None


@overload
async def until(look: Callable[[], Coroutine[Any, Any, T | None]], what: str, limit: float = ..., *, seen: Seen = ...) -> T: ...
@overload
async def until(look: Callable[[], T | None], what: str, limit: float = ..., *, seen: Seen = ...) -> T: ...
async def until(look: Callable[[], Any], what: str, limit: float = 10.0, *, seen: Seen = None) -> Any:
    """The first true value that ``look`` gives (plain or awaited).

    ``seen``: what was there instead (plain or awaited), asked for at the end; for a ``look`` that only says no.

    Raises:
        Impatient: ``limit`` patiences have passed; says ``what`` was wanted and what was seen last.
    """
    end = time.monotonic() + seconds(limit)
    while True:
        value = await _value(look())
        if value:
            return value
        if time.monotonic() > end:
            last = await _value(seen()) if seen else value
            raise Impatient(f"not within {seconds(limit):g} s: {what} (last seen: {last!r})")
        await asyncio.sleep(LOOK)


async def _value(given: Any) -> Any:
    return await given if isinstance(given, Awaitable) else given
