"""Gives a test a PostgreSQL as a user has it: reached over TCP, by an ordinary account with a password, which owns one empty
database.

The server is the one of the test session; a small door of ours stands in for its TCP port (it listens on a socket file only).
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import asyncpg

from services.hosted.leftovers import SOCKET_NAME
from tests.harness.database import DatabaseServer


@dataclass(frozen=True, slots=True)
class OwnDatabase:
    """``url`` as it is written into a configuration: without the password. ``application``: of an account that owns nothing."""

    url: str
    password: str = field(repr=False)
    application: str

    async def value(self, sql: str) -> object:
        """One value, asked as that account."""
        connection = await asyncpg.connect(self.url, password=self.password)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()


@contextlib.asynccontextmanager
async def own_database(postgres: DatabaseServer, name: str) -> AsyncIterator[OwnDatabase]:
    """A new, empty database of that name, an account of the same name that owns it, and ``<name>_desk``; all dropped at the end.

    Both accounts have the same password.
    """
    password = secrets.token_hex(12)
    await postgres.run(f"create role {name} login password '{password}'")
    await postgres.run(f"create role {name}_desk login password '{password}'")
    await postgres.run(f"create database {name} owner {name} template template0")
    try:
        async with _door(str(postgres.server.sockets / SOCKET_NAME)) as port:
            at = f"127.0.0.1:{port}/{name}"
            yield OwnDatabase(f"postgresql://{name}@{at}", password, f"postgresql://{name}_desk@{at}")
    finally:
        await postgres.run(f"drop database {name} with (force)")
        await postgres.run(f"drop role {name}, {name}_desk")


@contextlib.asynccontextmanager
async def _door(socket: str) -> AsyncIterator[int]:
    """A TCP port on loopback that leads to a socket file."""

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while chunk := await reader.read(65_536):
                writer.write(chunk)
                await writer.drain()
        writer.close()

    async def come(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner, outer = await asyncio.open_unix_connection(socket)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(carry(reader, outer), name="test: to the database")
            tasks.create_task(carry(inner, writer), name="test: from the database")

    server = await asyncio.start_server(come, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
