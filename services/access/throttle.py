"""Slows down the guessing of passwords, by login and by address; counts in the database, so that a restart forgets nothing.

A try is written down as a failure *before* the password is looked at and taken back when it was right: parallel guesses
cannot slip through between look and note. A refused try costs a few index look-ups and no argon2.

A stranger must not lock somebody's login: its failures are counted by the address they come from, and all addresses together have
a limit of their own. A browser that the person has logged in with before (``known``, by a signed cookie) is counted by itself
and by its address: that is the owner's way in while strangers guess. The limit per peer protects all accounts from one place (a
whole centre may share an address: it is wide).
"""

from __future__ import annotations

import ipaddress
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
    per_login: int = 5  # of one login from one address, or from one browser that is known
    per_login_anywhere: int = 50  # of one login from all addresses together, known browsers apart
    per_peer: int = 100


@dataclass(frozen=True, slots=True)
class Try:
    """A try that has been let through and written down."""

    keys: tuple[str, ...]
    peer_key: str
    at: datetime


def place_of(peer: str) -> str:
    """The network that an address stands for. Everybody has at least a /64 of IPv6, and could guess from another address each
    time.
    """
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return peer[:64]
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(address.ipv4_mapped or ipaddress.IPv6Network((int(address) >> 64 << 64, 64)))


async def begin(
    connection: Connection, now: datetime, *, login: str, peer: str, limits: ThrottleLimits, known: str | None = None
) -> Try:
    """Write the try down, or raise Throttled when any of its keys has failed too often. Run it in a transaction of its own.

    ``known``: the name of a browser that this login has been used with before.
    """
    # What is no login at all shares one key: nonsense is bounded, and no byte of it reaches the database.
    whose, where = login if LOGIN.fullmatch(login) else "?", place_of(peer)
    counted = {f"peer:{where}": limits.per_peer}
    if known:
        counted[f"known:{whose} {known}"] = limits.per_login
    else:
        counted |= {f"login:{whose}": limits.per_login_anywhere, f"login:{whose} {where}": limits.per_login}
    await QUERIES.forget.execute(connection, before=now - limits.window)
    for key, most in sorted(counted.items()):  # in one order: two tries at once wait for each other and never both
        await QUERIES.lock.execute(connection, kind=0, key=key)
        found = await QUERIES.count.fetchrow(connection, key=key, since=now - limits.window)
        if found and found["tries"] >= most:
            raise Throttled(max(1, math.ceil((found["oldest"] + limits.window - now).total_seconds())))
        await QUERIES.add.execute(connection, key=key, at=now)
    return Try(tuple(key for key in counted if not key.startswith("peer:")), f"peer:{where}", now)


async def check_guesser(connection: Connection, now: datetime, *, peer: str, limits: ThrottleLimits) -> None:
    """Raises Throttled for an address from which too many links were tried that there are not."""
    found = await QUERIES.count.fetchrow(connection, key=f"link:{place_of(peer)}", since=now - limits.window)
    if found and found["tries"] >= limits.per_peer:
        raise Throttled(max(1, math.ceil((found["oldest"] + limits.window - now).total_seconds())))


async def guessed(connection: Connection, now: datetime, *, peer: str, limits: ThrottleLimits) -> None:
    """From this address a link was tried that there is not."""
    await QUERIES.forget.execute(connection, before=now - limits.window)
    await QUERIES.add.execute(connection, key=f"link:{place_of(peer)}", at=now)


async def succeeded(connection: Connection, attempt: Try) -> None:
    """The password was right: the login's failures from here are forgotten, and this try does not count against the peer.

    Strangers' failures elsewhere stay: they go on guessing.
    """
    for key in attempt.keys:
        if " " in key:
            await QUERIES.clear_login.execute(connection, key=key)
        else:
            await QUERIES.clear_try.execute(connection, key=key, at=attempt.at)
    await QUERIES.clear_try.execute(connection, key=attempt.peer_key, at=attempt.at)


async def forget(connection: Connection, login: str) -> None:
    """An administrator has put a random password in place of the one at which somebody guessed: its owner may try at once.

    What one address has tried on all accounts together still counts.
    """
    keys = {"all": f"login:{login}", "addresses": f"login:{login} ", "browsers": f"known:{login} "}
    await QUERIES.clear_person.execute(connection, **keys)
