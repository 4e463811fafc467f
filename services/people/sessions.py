"""Server-side sessions: a random token in the cookie, its SHA-256 in the database, an idle and an absolute limit.

The end of a session is announced on the bell ``session_ended`` with the person's id, so that open websockets (in whatever
process) ask again within the second.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from services.clock import Clock
from services.errors import WorldFailed
from services.people.model import LoggedIn, Person
from services.people.rights import Role
from services.store import db
from services.store.queries import load_queries

QUERIES = load_queries(Path(__file__).parent / "sessions.sql")
BELL = "session_ended"
TOUCH_EVERY = timedelta(seconds=30)  # a write per request would be a write too many
KEPT = timedelta(days=7)
SWEEP_S = 3_600.0
ROLES = frozenset(map(str, Role))
TOKEN_LENGTH = 43  # characters of token_urlsafe(32)


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """An open desk counts as activity (its websocket touches the session), an absent person's does not."""

    idle: timedelta = timedelta(minutes=30)
    absolute: timedelta = timedelta(hours=12)


class Sessions:
    """Begin, look up, end. Implements ``services.web.http.Sessions``."""

    def __init__(self, pool: db.Pool, clock: Clock, limits: SessionLimits) -> None:
        self._pool = pool
        self._clock = clock
        self.limits = limits

    async def begin(self, connection: db.Connection, person_id: int) -> str:
        """The token for the cookie; it is nowhere else."""
        token = secrets.token_urlsafe(32)
        await connection.execute(QUERIES.begin, hash_of(token), person_id, self._clock.now())
        return token

    async def who(self, token: str) -> LoggedIn | None:
        """The person behind a token as the database has them now; None when the session is not in force."""
        return await self.still(hash_of(token)) if len(token) == TOKEN_LENGTH else None

    async def still(self, session: bytes) -> LoggedIn | None:
        """The same for a session known by its hash; counts as activity, like every look."""
        now = self._clock.now()
        async with db.connection(self._pool) as connection:
            row = await connection.fetchrow(QUERIES.who, session, now - self.limits.idle, now - self.limits.absolute)
            if row is None:
                return None
            if now - row["seen_at"] >= TOUCH_EVERY:
                await connection.execute(QUERIES.seen, session, now)
        person = person_of(row)
        return LoggedIn(person=person, session=session) if person else None

    async def alive(self, sessions: Collection[bytes]) -> set[bytes]:
        """Of the sessions of open websockets, those still in force; an open desk counts as activity."""
        now, several = self._clock.now(), list(sessions)
        async with db.connection(self._pool) as connection:
            rows = await connection.fetch(QUERIES.alive, several, now - self.limits.idle, now - self.limits.absolute)
            await connection.execute(QUERIES.seen_all, several, now, now - TOUCH_EVERY)
        return {row["token_hash"] for row in rows}

    async def forget_old(self) -> None:
        """Once an hour, for ever: rows of sessions that ended long ago go; owned by the composition root."""
        while True:
            with contextlib.suppress(WorldFailed):  # those of the next hour go with them then
                async with db.connection(self._pool) as connection:
                    await connection.execute(QUERIES.forget, self._clock.now() - KEPT)
            await asyncio.sleep(SWEEP_S)

    async def end(self, connection: db.Connection, session: bytes, person_id: int) -> None:
        """This one session is over."""
        await connection.execute(QUERIES.end_one, session, self._clock.now())
        await connection.execute(QUERIES.tell, str(person_id))

    async def end_all(self, connection: db.Connection, person_id: int, *, but: bytes | None = None) -> None:
        """All of a person's sessions are over (role or password changed, account closed), except ``but``."""
        await connection.execute(QUERIES.end_all, person_id, self._clock.now(), but)
        await connection.execute(QUERIES.tell, str(person_id))


def hash_of(token: str) -> bytes:
    """What is stored of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def person_of(row: db.Row) -> Person | None:
    """A row of people.sql (or one that has its columns) as a Person; None for one of a role that this program does not know."""
    if row["role"] not in ROLES:
        return None
    return Person(
        id=row["id"],
        login=row["login"],
        name=row["name"],
        role=Role(row["role"]),
        extension=row["extension"],
        phone_kind=row["phone_kind"],
        phone_secret_n=row["phone_secret_n"],
        language=row["language"],
        must_change=row["must_change"],
        active=row["active"],
    )
