"""Shows what could not be done and was set aside, with its reason, and has it done again when a person says so.

Facts that the database refused lie in their file; recordings and transcripts given up after some tries are rows; sound that
cannot be taken in lies in the spool and is looked at every minute by itself; an account that this version cannot read has no
telephone and no log-in until it is repaired. Mails that a server refused, or did not take for days, are rows too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Literal

import asyncpg

from cti.ids import CallId
from services.access import audit
from services.access.actor import LoggedIn
from services.access.rights import Right, Role
from services.calls.drain import Drain
from services.errors import WorldFailed
from services.now import Clock
from services.store.db import Pool, connection, transaction
from services.store.queries import load_queries
from services.system.wire import Aside, AsideItem

QUERIES = load_queries(Path(__file__).parent / "aside.sql")
SHOWN = 200
ASK_S = 2.0

Kind = Literal["facts", "recording", "transcript", "mail"]


class SetAside:
    """``show`` lists, ``retry`` does again. ``sound``: why nothing can be done with a call's sound in the spool.

    ``intake_time``: the clock by which the intake looks for what is due.
    """

    def __init__(
        self, pool: Pool, clock: Clock, *, intake_time: Clock, drain: Drain, sound: Callable[[], Mapping[CallId, str]]
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._intake_time = intake_time
        self._drain = drain
        self._of_sound = sound

    async def show(self, who: LoggedIn | None = None) -> Aside:
        """Everything that is set aside, and what ``who`` can do; while the database is away, what is known without it."""
        may: list[Literal["retry"]] = ["retry"] if who is not None and who.may(Right.REPAIR) else []
        items = [*self._facts(), *self._sound()]
        try:
            async with asyncio.timeout(ASK_S), connection(self._pool) as taken:
                rows = await QUERIES.show.fetch(taken, roles=list(Role), limit=SHOWN + 1)
        except (WorldFailed, TimeoutError, asyncpg.PostgresError):
            return Aside(items=items, more=False, complete=False, may=may)
        items += [AsideItem(**row, count=1, retryable=row["kind"] != "account") for row in rows[:SHOWN]]
        return Aside(items=items, more=len(rows) > SHOWN, complete=True, may=may)

    async def retry(self, kind: Kind, number: int | None, *, by: int) -> int:
        """How many are in line again (facts: were taken, all of them). On record before it is done."""
        async with transaction(self._pool) as taken:
            await audit.write(taken, self._clock.now(), by=by, action="system.retry", about=f"aside:{kind}:{number or 'all'}")
            if kind == "recording":
                return len(await QUERIES.retry_recordings.fetch(taken, recording=number, now=self._intake_time.now()))
            if kind == "transcript":
                return len(await QUERIES.retry_transcripts.fetch(taken, recording=number, now=self._intake_time.now()))
            if kind == "mail":
                return len(await QUERIES.retry_mails.fetch(taken, mail=number, now=self._clock.now()))
        return await self._drain.retry()

    def _facts(self) -> Iterator[AsideItem]:
        since = self._drain.refused.since
        for (fact, reason), count in self._drain.refused.by_reason.most_common():
            yield AsideItem(kind="facts", id="", thing=fact, reason=reason, since=since, count=count, retryable=True)

    def _sound(self) -> Iterator[AsideItem]:
        for call, reason in self._of_sound().items():
            yield AsideItem(kind="sound", id="", thing=call, reason=reason, since=None, count=1, retryable=False)
