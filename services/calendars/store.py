"""Reads and writes the days of the law, and the editions of the centre's calendars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path

from services.calendars.model import Edition
from services.clocks.law import LawDay, Year
from services.errors import NotFound
from services.store.db import Connection
from services.store.queries import load_queries

QUERIES = load_queries(Path(__file__).parent / "calendars.sql")


@dataclass(frozen=True, slots=True)
class Kept:
    """An edition with its number, and the digest of what followed from it."""

    number: int = 0
    edition: Edition = field(default_factory=Edition)
    digest: str = ""


async def number(connection: Connection) -> int:
    """Of the edition in force; 0 before the first start."""
    newest: int = await QUERIES.number.fetchval(connection)
    return newest


async def present(connection: Connection) -> Kept:
    """The edition in force."""
    row = await QUERIES.newest.fetchrow(connection)
    return Kept() if row is None else Kept(row["number"], Edition.from_json(row["content"]), row["digest"])


async def keep(connection: Connection, kept: Kept, *, by: int | None, at: datetime) -> None:
    """A new edition. Inside a transaction that holds ``lock``."""
    await QUERIES.keep_edition.execute(
        connection, number=kept.number, at=at, person=by, content=kept.edition.as_json(), digest=kept.digest
    )


async def edition(connection: Connection, number: int) -> Edition:
    """The whole as it was. Raises NotFound."""
    content = await QUERIES.edition.fetchval(connection, number=number)
    if content is None:
        raise NotFound("there is no such edition")
    return Edition.from_json(content)


async def law(connection: Connection) -> list[LawDay]:
    """Every day that is off, or worked instead, in the years that are here."""
    return [LawDay(**row) for row in await QUERIES.law.fetch(connection)]


async def years(connection: Connection) -> list[Year]:
    """The years, without their days."""
    return [Year(row["year"], row["country"], row["known"]) for row in await QUERIES.years.fetch(connection)]


async def write_years(connection: Connection, found: Sequence[Year], at: datetime) -> None:
    """In place of what the table had of these years; other years stay."""
    for one in found:
        await QUERIES.forget_year.execute(connection, year=one.year)
        await QUERIES.write_year.execute(connection, year=one.year, country=one.country, known=one.known, at=at)
        await QUERIES.write_day.execute_each(connection, [asdict(day) for day in one.days])
