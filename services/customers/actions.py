"""What can be done with customers: find, create, change, import; each change is audited by id, without the data itself."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from services.clock import Clock
from services.customers import csv_file, store
from services.customers.csv_file import RowProblem
from services.customers.model import Customer, CustomerFields
from services.customers.numbers import ANYWHERE, Numbering
from services.errors import Invalid, WrongField
from services.people import audit
from services.store import db

IMPORT_STATEMENT = "60s"  # 200 000 rows take a few seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOutcome:
    """``problems`` empty: everything was written (or would be, in a dry run). Otherwise nothing was."""

    rows: int
    created: int
    changed: int
    unchanged: int
    problems: tuple[RowProblem, ...]


@dataclass(frozen=True, slots=True)
class Customers:
    pool: db.Pool
    clock: Clock
    numbering: Numbering = ANYWHERE

    async def page(self, *, after: int | None, search: str, limit: int) -> list[Customer]:
        """In order of id. A search that may begin a number, however written, finds those; any finds names that hold it."""
        beginnings = self.numbering.beginnings(search)
        async with db.connection(self.pool) as connection:
            return await store.page(connection, after=after, search=search.strip(), beginnings=beginnings, limit=limit)

    async def create(self, new: CustomerFields, *, by: int) -> Customer:
        async with db.transaction(self.pool) as connection:
            customer = await store.insert(connection, self._inside(new), self.clock.now())
            await audit.write(connection, self.clock.now(), by=by, action="customer.create", about=f"customer:{customer.id}")
        return customer

    async def change(self, customer_id: int, wanted: CustomerFields, *, by: int) -> Customer:
        async with db.transaction(self.pool) as connection:
            customer = await store.update(connection, customer_id, self._inside(wanted), self.clock.now())
            await audit.write(connection, self.clock.now(), by=by, action="customer.change", about=f"customer:{customer_id}")
        return customer

    def _inside(self, given: CustomerFields) -> CustomerFields:
        """With the number as it is kept. Raises Invalid."""
        number = self.numbering.read(given.number)
        if not number:
            raise Invalid((WrongField("number", "telephone", "a telephone number"),))
        return replace(given, number=number)

    async def import_csv(self, text: str, *, dry_run: bool, by: int | None) -> ImportOutcome:
        """All or nothing: one problem anywhere and no row is written."""
        read = await asyncio.to_thread(
            csv_file.read, text, self.numbering
        )  # 200 000 rows take seconds, and phones ring meanwhile
        async with db.transaction(self.pool) as connection:
            await connection.execute(f"set local statement_timeout = '{IMPORT_STATEMENT}'")
            created, changed = await store.compare_many(connection, read.good)
            if not read.problems and not dry_run:
                await store.upsert_many(connection, read.good, self.clock.now())
                detail = {"rows": str(read.rows), "created": str(created), "changed": str(changed)}
                await audit.write(connection, self.clock.now(), by=by, action="customer.import", about="customer", detail=detail)
        unchanged = len(read.good) - created - changed
        return ImportOutcome(rows=read.rows, created=created, changed=changed, unchanged=unchanged, problems=read.problems)
