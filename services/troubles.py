"""Keeps the failures of background parts: counts them, shows them on the system page, and starts the part again.

No part that works in the background ends the process: callers and agents would pay for one bad row. A part that fails in a way
nobody foresaw is started again after a pause, which grows; what it failed of is named by kind and place, never by an error's
text, which quotes rows. What is over is forgotten by itself.
"""

from __future__ import annotations

import asyncio
import random
import re
import traceback
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import asyncpg
import structlog

from services.now import Clock

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 30.0
STANDS_S = 90.0  # since its last failure: longer than the longest pause
TRACE = 6  # frames of ours that are logged
FOREIGN = re.compile(r"site-packages|/lib/python3|<|\.pyx$")  # frames that are none of ours, but for those of
OWN = tuple(f"{Path(__file__).parents[1] / room}/" for room in ("cti", "ivr", "recordings", "services"))  # once installed
STEADY_S = 60.0  # a part that ran for so long has recovered: its next failure is a first one

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Trouble:
    """A failure of a part: ``reason`` as ``reason_of`` names it; ``times`` since it began; ``last`` by the monotonic clock."""

    part: str
    reason: str
    since: datetime
    last: float
    times: int = 1


class Troubles:
    """The notebook of all parts. ``kept`` runs one of them for ever."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[tuple[str, str], Trouble] = {}

    def note(self, part: str, wrong: BaseException) -> None:
        """A part failed for a reason it does not know; it goes on. Returns at once."""
        now = self._clock.monotonic()
        for reason, leaf in {reason_of(leaf): leaf for leaf in leaves(wrong)}.items():
            known = self._known.get((part, reason))
            if known is None or now - known.last > STANDS_S:
                log.error("part.failed", part=part, reason=reason, trace=_places(leaf)[-TRACE:])
                self._known[part, reason] = Trouble(part, reason, self._clock.now(), now)
            else:
                self._known[part, reason] = replace(known, last=now, times=known.times + 1)

    def standing(self) -> list[Trouble]:
        """What has failed lately, the newest first."""
        now = self._clock.monotonic()
        self._known = {key: trouble for key, trouble in self._known.items() if now - trouble.last <= STANDS_S}
        return sorted(self._known.values(), key=lambda trouble: trouble.last, reverse=True)

    async def kept(self, part: str, run: Callable[[], Awaitable[None]]) -> None:
        """Runs a part; one that fails is noted and started again after a pause. Returns when it returns."""
        wait = FIRST_WAIT_S
        while True:
            began = self._clock.monotonic()
            try:
                return await run()
            except Exception as wrong:  # noqa: BLE001  whatever it is: callers and agents must not pay for it
                self.note(part, wrong)
            if self._clock.monotonic() - began > STEADY_S:
                wait = FIRST_WAIT_S
            await asyncio.sleep(wait * random.uniform(0.8, 1.2))
            wait = min(LONGEST_WAIT_S, wait * 2)


def leaves(wrong: BaseException) -> Iterator[BaseException]:
    """The errors of a group of groups; of any other error itself."""
    if isinstance(wrong, BaseExceptionGroup):
        for inner in wrong.exceptions:
            yield from leaves(inner)
    else:
        yield wrong


def reason_of(wrong: BaseException) -> str:
    """``UndefinedColumnError 42703 at drain.py:112``: kind and place, nothing of what it was about."""
    state = f" {wrong.sqlstate}" if isinstance(wrong, asyncpg.PostgresError) and wrong.sqlstate else ""
    own = _places(wrong)
    return f"{type(wrong).__name__}{state}{f' at {own[-1]}' if own else ''}"


def _places(wrong: BaseException) -> list[str]:
    """File and line of each frame of our own, the innermost last. Opens no file: this may be about there being no descriptor."""
    frames = ((frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(wrong.__traceback__))
    return [f"{Path(name).name}:{line}" for name, line in frames if name.startswith(OWN) or not FOREIGN.search(name)]
