"""Brings a database to this version: numbered plain SQL, each file once, each in one transaction.

What was applied is remembered with the file's SHA-256: an altered file, a gap or a database newer than this program is
refused. Several processes may start at once; they wait by *trying* the advisory lock, because a waiter blocked inside
``pg_advisory_lock`` holds a snapshot that ``create index concurrently`` waits for: a deadlock.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from services.errors import WorldFailed
from services.store.db import OwnConnection
from services.words import said

FOLDER = Path(__file__).parent / "migrations"
LOCK = 0x7469_6E67_7375  # "tingsu"
POLL_S = 0.2
NO_TRANSACTION = "-- migrate: no-transaction"

_FILE = re.compile(r"([0-9]{4})_[a-z0-9_]+\.sql")
_TABLE = """
create table if not exists schema_migration (
  version    integer primary key,
  name       text not null,
  sha256     text not null,
  applied_at timestamptz not null default now()
)"""


class MigrationRefused(WorldFailed):
    """This program must not touch this database."""

    code = "migration_refused"


_UNSEALED = """
select c.relname as table, a.attname as key
from pg_trigger t join pg_proc p on p.oid = t.tgfoid and p.proname = 'audit_is_append_only' join pg_class c on c.oid = t.tgrelid
join pg_index i on i.indrelid = c.oid and i.indisprimary join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
where c.relname <> 'seal_anchor' and not exists (
  select from pg_trigger s join pg_proc q on q.oid = s.tgfoid and q.proname = 'row_is_sealed' where s.tgrelid = c.oid)
order by c.relname
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file."""

    version: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()

    @property
    def in_transaction(self) -> bool:
        return not self.sql.startswith(NO_TRANSACTION)


def read_migrations(folder: Path = FOLDER) -> list[Migration]:
    """All files in order; numbers count up from 1 without gaps."""
    found: list[Migration] = []
    for path in sorted(folder.glob("*.sql")):
        named = _FILE.fullmatch(path.name)
        if named is None or int(named[1]) != len(found) + 1:
            raise MigrationRefused(f"{path.name} is not the file number {len(found) + 1:04d}")
        found.append(Migration(int(named[1]), path.name, path.read_text(encoding="utf-8")))
    return found


async def migrate(
    connection: OwnConnection,
    *,
    migrations: Sequence[Migration] | None = None,
    progress: Callable[[str], None] | None = None,
) -> list[str]:
    """Apply what is missing; returns the names applied now. ``connection`` must be one of its own (no pgbouncer pool)."""
    wanted = read_migrations() if migrations is None else migrations
    async with _alone(connection):
        await _note_book(connection)
        applied = await connection.fetch("select version, name, sha256 from schema_migration order by version")
        missing = _missing(wanted, {row["version"]: row["sha256"] for row in applied})
        for migration in missing:
            if progress:
                progress(said("migrating: {name}", name=migration.name))
            try:
                await _apply(connection, migration)
            except asyncpg.InsufficientPrivilegeError as error:
                raise MigrationRefused(said("the account may not migrate: let the owner run `tingsu migrate` first")) from error
        await _seal(connection)
    return [migration.name for migration in missing]


async def _seal(connection: OwnConnection) -> None:
    """Seals every table that is append-only by its trigger (``0032_seals.sql``), so that no migration need think of it."""
    if not await connection.fetchval("select to_regproc('seal_table')"):
        return
    for row in await connection.fetch(_UNSEALED):
        await connection.execute("select seal_table($1, $2)", row["table"], row["key"])


async def _note_book(connection: OwnConnection) -> None:
    """The table of what was applied. From PostgreSQL 15 on only the owner of a database may make tables in it by default.

    Where it is there it is let be: an account that may make none can still see that nothing is missing.
    """
    if await connection.fetchval("select to_regclass('public.schema_migration')"):
        return
    try:
        await connection.execute(_TABLE)
    except asyncpg.InsufficientPrivilegeError as error:
        raise MigrationRefused(said("the account may not make tables in this database: let it own the database")) from error


@contextlib.asynccontextmanager
async def _alone(connection: OwnConnection) -> AsyncIterator[None]:
    while not await connection.fetchval("select pg_try_advisory_lock($1)", LOCK):  # noqa: ASYNC110  # the other is another process
        await asyncio.sleep(POLL_S)
    try:
        yield
    finally:
        if not connection.is_closed():
            await connection.execute("select pg_advisory_unlock($1)", LOCK)


def _missing(wanted: Sequence[Migration], applied: dict[int, str]) -> list[Migration]:
    newest = max(applied, default=0)
    if newest > len(wanted):
        pattern = "the database is at version {newest}, this program knows {known}: use the newer program"
        raise MigrationRefused(said(pattern, newest=newest, known=len(wanted)))
    for migration in wanted[:newest]:
        if applied.get(migration.version) != migration.sha256:
            raise MigrationRefused(said("{name} is not the file that was applied to this database", name=migration.name))
    return list(wanted[newest:])


async def _apply(connection: OwnConnection, migration: Migration) -> None:
    note = "insert into schema_migration (version, name, sha256) values ($1, $2, $3)"
    values = (migration.version, migration.name, migration.sha256)
    if migration.in_transaction:
        async with connection.transaction():
            await connection.execute(migration.sql)
            await connection.execute(note, *values)
    else:
        await connection.execute(migration.sql)  # one statement; a failed concurrent index is the operator's to drop
        await connection.execute(note, *values)
