"""Reads and writes the person table."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import asyncpg

from services.access.actor import Person
from services.access.sessions import person_of
from services.errors import Conflict, NotFound
from services.people.model import NewPerson
from services.store.db import Connection
from services.store.queries import load_queries
from services.words import Language

QUERIES = load_queries(Path(__file__).parent / "people.sql")


class Taken(Conflict):
    """The login or the extension belongs to somebody else."""

    code = "taken"


async def by_login(connection: Connection, login: str) -> tuple[Person, str] | None:
    """The person and the password hash."""
    row = await QUERIES.by_login.fetchrow(connection, login=login)
    person = person_of(row) if row else None
    return (person, row["password_hash"]) if row and person else None


async def load(connection: Connection, person_id: int) -> Person:
    return _found(await QUERIES.by_id.fetchrow(connection, person=person_id))


async def lock(connection: Connection, person_id: int) -> Person:
    """Loads the account for a change, and keeps it from everybody else until the transaction ends."""
    return _found(await QUERIES.lock_by_id.fetchrow(connection, person=person_id))


async def everybody(connection: Connection) -> list[Person]:
    """All accounts but those that cannot be read (`unreadable`): one bad row keeps nobody else out."""
    return [person for row in await QUERIES.everybody.fetch(connection) if (person := person_of(row))]


async def unreadable(connection: Connection) -> list[str]:
    """The logins of accounts with a role that this program does not know."""
    return [row["login"] for row in await QUERIES.everybody.fetch(connection) if person_of(row) is None]


async def insert(connection: Connection, new: NewPerson, password_hash: str, *, must_change: bool, at: datetime) -> Person:
    secret = await next_secret(connection, new.extension) if new.extension else 1
    try:
        created: int = await QUERIES.insert.fetchval(
            connection,
            login=new.login,
            name=new.name,
            roles=list(new.roles),
            extension=new.extension,
            phone_kind=new.phone_kind,
            language=new.language,
            password_hash=password_hash,
            must_change=must_change,
            at=at,
            phone_secret_n=secret,
            queues=new.queues and list(new.queues),
            department=new.department,
        )
        return await load(connection, created)
    except asyncpg.UniqueViolationError as error:
        raise Taken(_whose(error)) from None


async def next_secret(connection: Connection, extension: str) -> int:
    """A number for the extension's SIP secret that nobody has had."""
    number: int = await QUERIES.next_secret.fetchval(connection, extension=extension)
    return number


async def save(connection: Connection, person: Person) -> None:
    p = person
    try:
        await QUERIES.update.execute(
            connection,
            person=p.id,
            name=p.name,
            roles=list(p.roles),
            extension=p.extension,
            phone_kind=p.phone_kind,
            language=p.language,
            active=p.active,
            phone_secret_n=p.phone_secret_n,
            queues=p.queues and list(p.queues),
            department=p.department,
        )
    except asyncpg.UniqueViolationError as error:
        raise Taken(_whose(error)) from None


async def set_password(connection: Connection, person_id: int, password_hash: str, *, must_change: bool) -> None:
    await QUERIES.set_password.execute(connection, person=person_id, password_hash=password_hash, must_change=must_change)


async def password_of(connection: Connection, person_id: int) -> str:
    found: str = await QUERIES.password_of.fetchval(connection, person=person_id)
    return found


async def set_language(connection: Connection, person_id: int, language: Language) -> None:
    await QUERIES.set_language.execute(connection, person=person_id, language=language)


async def is_department(connection: Connection, department: int) -> bool:
    return bool(await QUERIES.department.fetchval(connection, department=department))


async def lock_administrators(connection: Connection) -> frozenset[int]:
    """The ids of all active administrators, who stay so until the transaction ends."""
    return frozenset(row["id"] for row in await QUERIES.lock_administrators.fetch(connection))


async def any_administrator(connection: Connection) -> bool:
    return bool(await QUERIES.any_administrator.fetchval(connection))


def _found(row: asyncpg.Record | None) -> Person:
    person = person_of(row) if row else None
    if person is None:
        raise NotFound
    return person


def _whose(error: asyncpg.UniqueViolationError) -> str:
    return "the extension is taken" if "extension" in (error.constraint_name or "") else "the login is taken"
