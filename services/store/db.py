"""Connects to PostgreSQL: a pool that waits for a database that is away, and transactions that say so when it goes.

Inside a transaction the connection is passed on, never the pool.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any

import asyncpg

from services.errors import DatabaseAway, DatabaseBusy, WorldFailed

ACQUIRE_S = 5.0  # waiting longer for a connection helps nobody: the caller says 503
STATEMENT_MS = 5_000
NAME = "tingsu"
IDLE_IN_TRANSACTION_MS = 30_000
FIRST_WAIT_S = 0.1
LONGEST_WAIT_S = 5.0

if TYPE_CHECKING:  # asyncpg's classes take their record type only in its stubs
    Connection = asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
    OwnConnection = asyncpg.Connection[asyncpg.Record]
    Pool = asyncpg.Pool[asyncpg.Record]
    Row = asyncpg.Record
else:
    Connection = OwnConnection = asyncpg.Connection
    Pool = asyncpg.Pool
    Row = asyncpg.Record

Admit = Callable[[Connection], Awaitable[None]]

AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InterfaceError,  # "connection was closed in the middle of operation"
)
"""What asyncpg raises when the other side is not there. A statement that ran too long is not among them."""

BUSY = (
    asyncpg.QueryCanceledError,
    asyncpg.InsufficientResourcesError,  # its disk is full
    asyncpg.PostgresSystemError,  # its disk is broken
    asyncpg.TransactionRollbackError,  # a deadlock, of which we were chosen to give way
    asyncpg.ReadOnlySQLTransactionError,  # its operator, or a server that has become a standby
)
"""What it says when it cannot do now what is right in itself."""

REFUSED = (
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InsufficientPrivilegeError,
)
"""What it says at the door to whom it does not let in."""

SHUT = (*AWAY, *BUSY, *REFUSED)
"""At the door all three come to the same: there is no connection to be had now. It had let us in before."""


class DatabaseRefused(WorldFailed):
    """The database does not let us in: its name, the account or the password is wrong (tingsu check-config tells which)."""

    code = "database_refused"


async def open_pool(
    url: str,
    *,
    password: str | None = None,
    size: int = 10,
    statement_ms: int = STATEMENT_MS,
    waiting: Callable[[str], None] | None = None,
    patience_s: float | None = None,
    name: str = NAME,
    admit: Admit | None = None,
) -> Pool:
    """A pool in UTC with jsonb as Python values. Waits with back-off while the database is away, at most ``patience_s``.

    A wrong password or an unknown database is not waited for: it raises at once. ``waiting`` is told each failed try. ``name`` is
    what the server calls our connections; ``admit`` looks at each new one, and raises what every borrower gets instead of it.
    """

    async def begin(connection: Connection) -> None:
        await prepare(connection)
        if admit:
            await admit(connection)

    wait = FIRST_WAIT_S
    async with asyncio.timeout(patience_s):
        while True:
            try:
                return await asyncpg.create_pool(
                    url,
                    password=password,
                    min_size=1,
                    max_size=size,
                    init=begin,
                    reset=_as_it_was,
                    server_settings=_settings(statement_ms, name),
                    timeout=10,
                )
            except (*AWAY, *BUSY) as error:
                if waiting:
                    waiting(type(error).__name__)
            await asyncio.sleep(wait * random.uniform(0.8, 1.2))
            wait = min(LONGEST_WAIT_S, wait * 2)


async def _as_it_was(_: Connection) -> None:
    """Asked of a connection that goes back to the pool, once its transaction is over: nothing, as none of our statements leaves
    anything behind it (a test reads them). The driver's own reset is one more way to the database and back for each borrower.
    """


async def connect(url: str, *, password: str | None = None, statement_ms: int = 0, name: str = NAME) -> OwnConnection:
    """One connection of its own (migrations, LISTEN), without a time limit unless given. Raises DatabaseAway, DatabaseRefused."""
    try:
        connection = await asyncpg.connect(url, password=password, server_settings=_settings(statement_ms, name), timeout=10)
    except (*AWAY, *BUSY) as error:
        raise DatabaseAway from error
    except REFUSED as error:
        raise DatabaseRefused from error
    await prepare(connection)
    return connection


def _settings(statement_ms: int, name: str = NAME) -> dict[str, str]:
    return {
        "application_name": name,
        "timezone": "UTC",
        "bytea_output": "hex",  # what is sealed and verified is a row in text
        "statement_timeout": str(statement_ms),
        "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_MS if statement_ms else 0),
    }


async def prepare(connection: Connection) -> None:
    """jsonb columns read and write Python values."""
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=_encode, decoder=json.loads)


def _encode(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


@contextlib.asynccontextmanager
async def transaction(pool: Pool) -> AsyncIterator[Connection]:
    """One transaction on one connection. Raises DatabaseAway if there is no connection to be had, or it is lost on the way;
    DatabaseBusy.

    When cancelled, it ends by closing its connection: a rollback would wait for a database that may not answer.
    """
    async with connection(pool) as taken, _lost_is_away(taken):
        try:
            around = taken.transaction()
            await around.start()
            try:
                yield taken
            except Exception:
                await around.rollback()
                raise
            await around.commit()
        except asyncio.CancelledError:
            if not is_gone(taken):
                taken.terminate()
            raise


@contextlib.asynccontextmanager
async def connection(pool: Pool) -> AsyncIterator[Connection]:
    """A connection for reading, without a transaction around it. When cancelled, it gives the connection back in the
    background.
    """
    try:
        async with asyncio.timeout(ACQUIRE_S):  # the driver's own limit is a task for each borrower
            taken = await pool.acquire()
    except SHUT as error:
        raise DatabaseAway from error
    patience = ACQUIRE_S
    try:
        async with _lost_is_away(taken):
            yield taken
    except asyncio.CancelledError:
        patience = 0  # who has no time left does not wait until a frozen database has heard of it; the release goes on without
        raise
    finally:
        with contextlib.suppress(*AWAY):
            async with asyncio.timeout(patience):
                await pool.release(taken, timeout=ACQUIRE_S)  # shielded: asyncpg ends it in any case


@contextlib.asynccontextmanager
async def _lost_is_away(taken: Connection) -> AsyncIterator[None]:
    """Turns the loss of this connection into DatabaseAway. Only a connection that is really closed counts: another OSError
    inside the block stays what it is.
    """
    try:
        yield
    except BUSY as error:
        raise DatabaseBusy from error
    except asyncpg.InternalClientError as error:  # "another operation is in progress": the loss is half noticed
        raise DatabaseAway from error
    except AWAY as error:
        if is_gone(taken):
            raise DatabaseAway from error
        raise


def is_gone(taken: Connection) -> bool:
    """Whether the connection is lost: then what failed on it says nothing about the statement."""
    try:
        return taken.is_closed()
    except asyncpg.InterfaceError:
        return True  # the pool has noticed the loss first and taken its connection back from under us
