"""Guessing passwords is made slow, by login and by where it comes from; counted in the database, so a restart forgets nothing.

A try is written down as a failure *before* the password is looked at and taken back when it was right: parallel guesses
cannot slip through between look and note. A refused try costs two index look-ups and no argon2. The limit per login protects
one account from everywhere, the limit per peer all accounts from one place (a whole centre may share an address: it is wide).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from services.errors import Throttled
from services.store.db import Connection
from services.store.queries import load_queries

QUERIES = load_queries(Path(__file__).parent / "throttle.sql")
LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{1,31}")


@dataclass(frozen=True, slots=True)
class ThrottleLimits:
    """How many failures within ``window`` before further tries are refused."""

    window: timedelta = timedelta(minutes=5)
    per_login: int = 5
    per_peer: int = 100


@dataclass(frozen=True, slots=True)
class Try:
    """A try that has been let through and written down."""

    login_key: str
    peer_key: str
    at: datetime


async def begin(connection: Connection, now: datetime, *, login: str, peer: str, limits: ThrottleLimits) -> Try:
    """Write the try down, or raise Throttled when either has failed too often. Run it in a transaction of its own."""
    # What is no login at all shares one key: nonsense is bounded, and no byte of it reaches the database.
    keys = (f"login:{login if LOGIN.fullmatch(login) else '?'}", f"peer:{peer[:64]}")
    await connection.execute(QUERIES.forget, now - limits.window)
    for kind, (key, most) in enumerate(zip(keys, (limits.per_login, limits.per_peer), strict=True)):
        await connection.execute(QUERIES.lock, kind, key)
        found = await connection.fetchrow(QUERIES.count, key, now - limits.window)
        if found and found["tries"] >= most:
            raise Throttled(max(1, math.ceil((found["oldest"] + limits.window - now).total_seconds())))
        await connection.execute(QUERIES.add, key, now)
    return Try(*keys, now)


async def succeeded(connection: Connection, attempt: Try) -> None:
    """It was the right password: the login's failures are forgotten, and this try of the peer was none."""
    await connection.execute(QUERIES.clear_login, attempt.login_key)
    await connection.execute(QUERIES.clear_try, attempt.peer_key, attempt.at)
