"""Begins, looks up and ends sessions: a random token in the cookie, its SHA-256 in the database, an idle and an absolute limit.

The end of a session is rung (``bells.Channel.SESSION_ENDED``) with the person's id, so that open websockets (in whatever
process) ask again within the second.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from services.access.actor import LoggedIn, Person
from services.access.rights import Role
from services.bells import Channel, ring
from services.errors import WorldFailed
from services.now import Clock
from services.store import db
from services.store.queries import load_queries

QUERIES = load_queries(Path(__file__).parent / "sessions.sql")
TOUCH_EVERY = timedelta(seconds=30)  # a write per request would be a write too many
KEPT = timedelta(days=7)
SWEEP_S = 3_600.0
ROLES = frozenset(map(str, Role))
REMEMBERED = 2_000  # sessions; beyond it the ones not seen for longest are asked of the database alone
TOKEN_LENGTH = 43  # characters of token_urlsafe(32)


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """An open desk counts as activity (its websocket touches the session), an absent person's does not."""

    idle: timedelta = timedelta(minutes=30)
    absolute: timedelta = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class _Known:
    """A session as the database last had it."""

    who: LoggedIn
    began_at: datetime
    seen_at: datetime


class Sessions:
    """Begin, look up, end. Implements ``services.web.http.Sessions``."""

    def __init__(self, pool: db.Pool, clock: Clock, limits: SessionLimits) -> None:
        self._pool = pool
        self._clock = clock
        self.limits = limits
        self._known: OrderedDict[bytes, _Known] = OrderedDict()

    async def begin(self, connection: db.Connection, person_id: int) -> str:
        """The token for the cookie; it is nowhere else."""
        token = secrets.token_urlsafe(32)
        await QUERIES.begin.execute(connection, session=hash_of(token), person=person_id, at=self._clock.now())
        return token

    async def who(self, token: str) -> LoggedIn | None:
        """The person behind a token as the database has them now; None when the session is not in force."""
        return await self.still(hash_of(token)) if len(token) == TOKEN_LENGTH else None

    async def still(self, session: bytes) -> LoggedIn | None:
        """The same for a session known by its hash; counts as activity, like every look."""
        now = self._clock.now()
        async with db.connection(self._pool) as connection:
            row = await QUERIES.who.fetchrow(
                connection, session=session, idle_since=now - self.limits.idle, begun_since=now - self.limits.absolute
            )
            person = person_of(row) if row else None
            if row is None or person is None:
                self._known.pop(session, None)
                return None
            if now - row["seen_at"] >= TOUCH_EVERY:
                await QUERIES.seen.execute(connection, session=session, at=now)
        who = LoggedIn(person=person, session=session)
        self._remember(who, row["created_at"], now)
        return who

    def remembered(self, token: str) -> LoggedIn | None:
        """The same while the database is away: as it was when it last said so, within the same limits; None for any other.

        For the few doors that must open just then. Nobody can have ended a session in a database that is away.
        """
        known = self._known.get(hash_of(token))
        now = self._clock.now()
        if known is None or now - known.seen_at >= self.limits.idle or now - known.began_at >= self.limits.absolute:
            return None
        self._known[known.who.session] = replace(known, seen_at=now)
        return known.who

    async def rung(self, person: str | None) -> None:
        """A session has ended: what is remembered of that person, or of everybody, is asked anew."""
        self._forget(lambda who: person is None or str(who.id) == person)

    def _remember(self, who: LoggedIn, began_at: datetime, seen_at: datetime) -> None:
        self._known.pop(who.session, None)
        self._known[who.session] = _Known(who, began_at, seen_at)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    def _forget(self, which: Callable[[LoggedIn], bool]) -> None:
        for session in [session for session, known in self._known.items() if which(known.who)]:
            del self._known[session]

    async def alive(self, sessions: Collection[bytes]) -> set[bytes]:
        """Of the sessions of open websockets, those still in force; an open desk counts as activity."""
        now, several = self._clock.now(), list(sessions)
        async with db.connection(self._pool) as connection:
            rows = await QUERIES.alive.fetch(
                connection, sessions=several, idle_since=now - self.limits.idle, begun_since=now - self.limits.absolute
            )
            await QUERIES.seen_all.execute(connection, sessions=several, at=now, seen_before=now - TOUCH_EVERY)
        return {row["token_hash"] for row in rows}

    async def forget_old(self) -> None:
        """Once an hour, for ever: rows of sessions that ended long ago go; owned by the composition root."""
        while True:
            with contextlib.suppress(WorldFailed):  # those of the next hour go with them then
                async with db.connection(self._pool) as connection:
                    await QUERIES.forget.execute(connection, before=self._clock.now() - KEPT)
            await asyncio.sleep(SWEEP_S)

    async def end(self, connection: db.Connection, session: bytes, person_id: int) -> None:
        """This one session is over."""
        self._known.pop(session, None)
        await QUERIES.end_one.execute(connection, session=session, at=self._clock.now())
        await ring(connection, Channel.SESSION_ENDED, str(person_id))

    async def end_all(self, connection: db.Connection, person_id: int, *, but: bytes | None = None) -> None:
        """All of a person's sessions are over (role or password changed, account closed), except ``but``."""
        self._forget(lambda who: who.id == person_id and who.session != but)
        await QUERIES.end_all.execute(connection, person=person_id, at=self._clock.now(), but=but)
        await ring(connection, Channel.SESSION_ENDED, str(person_id))


def hash_of(token: str) -> bytes:
    """What is stored of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def person_of(row: db.Row) -> Person | None:
    """A row of people.sql (or one that has its columns) as a Person; None for one with a role that this program does not know."""
    if not ROLES.issuperset(row["roles"]):
        return None
    return Person(
        id=row["id"],
        login=row["login"],
        name=row["name"],
        roles=tuple(map(Role, row["roles"])),
        extension=row["extension"],
        phone_kind=row["phone_kind"],
        phone_secret_n=row["phone_secret_n"],
        language=row["language"],
        must_change=row["must_change"],
        active=row["active"],
        queues=None if row["queues"] is None else tuple(row["queues"]),
        department=row["department_id"],
    )
