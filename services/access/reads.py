"""Puts looking on record too: who read the words of a call, listened, or leafed through the customers, and who was refused.

A page asks for the same thing many times; one row a minute tells the same.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.access import audit
from services.access.actor import LoggedIn
from services.now import Clock
from services.store import db

SAME_S = 60.0


class Reads:
    """``note`` is called before anything is shown: what cannot be written down is not shown."""

    def __init__(self, pool: db.Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock
        self._noted: dict[tuple[object, ...], float] = {}

    async def note(self, who: LoggedIn, action: str, about: str, detail: Mapping[str, str] | None = None) -> None:
        """One row, unless one of the last minute tells the same."""
        now = self._clock.monotonic()
        key = (who.id, action, about, *sorted((detail or {}).items()))
        self._noted = {kept: at for kept, at in self._noted.items() if now - at < SAME_S}
        if key in self._noted:
            return
        async with db.transaction(self._pool) as connection:
            await audit.write(connection, self._clock.now(), by=who.id, action=action, about=about, detail=detail)
        self._noted[key] = now  # only now is it in the audit
