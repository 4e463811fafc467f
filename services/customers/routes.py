"""Serves customers over HTTP: agents look, the administrator keeps them, and imports files of them."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import StringConstraints

from services.access.rights import Right
from services.cells import Reader
from services.customers import policy, sheet, wire, words
from services.customers.actions import Customers
from services.customers.importing import BadColumns, Busy, ImportJob, Imports, Look, NoReport, Order, TooLong
from services.customers.model import Customer, CustomerFields, Sought
from services.customers.rows import AS_FOUND, Layout
from services.errors import Conflict
from services.web.cursor import from_cursor, to_cursor
from services.web.http import Asked, Streamed, route
from services.web.problems import TooSlow
from services.web.ranges import send_file
from services.web.shapes import Id
from services.web.sheets import ChosenRows, send_sheet
from services.words import Language

ImportId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
UPLOAD_S = 600.0  # 200 MB within this is 3 Mbit/s


class CustomerRoutes:
    """``zone`` is the centre's."""

    def __init__(self, customers: Customers, imports: Imports, zone: ZoneInfo) -> None:
        self._customers = customers
        self._imports = imports
        self._zone = zone

    @route("GET", "/api/customers", right=Right.CUSTOMERS_READ)
    async def show(self, asked: Asked, query: wire.CustomersQuery) -> wire.CustomerPage:
        """As they were added, unless ``sort`` says otherwise. ``q`` finds numbers by beginning, names by part."""
        cursor = from_cursor(query.after, query.sort, self._customers.sorted_by)
        after = None if cursor.at is None else (cursor.at, int(cursor.behind))
        sought = Sought(search=query.q, sort=cursor.sort, after=after, limit=query.limit)
        page = await self._customers.page(asked.by, sought)
        behind = to_cursor(cursor.sort, *page.next) if page.next else None
        return wire.CustomerPage(
            customers=[_shown(asked, customer) for customer in page.customers], next=behind, may=policy.of_list(asked.by)
        )

    @route("POST", "/api/customers", right=Right.CUSTOMERS_WRITE, status=201, raises=(Conflict,))
    async def create(self, asked: Asked, body: wire.CustomerBody) -> wire.Customer:
        """A new customer, by a number nobody else has."""
        return _shown(asked, await self._customers.create(CustomerFields(**body.model_dump()), by=asked.by))

    @route("POST", "/api/customer-exports", right=Right.LISTS_EXPORT, produces="text/csv")
    async def export(self, asked: Asked, body: ChosenRows) -> Streamed:
        """These customers as a file for a spreadsheet. Audited, with how many."""
        rows = await self._customers.take_away(asked.by, body.ids)
        return await send_sheet(asked, "customers", sheet.COLUMNS, rows, Reader(asked.by.person.language, self._zone))

    @route("PUT", "/api/customers/{customer_id}", right=Right.CUSTOMERS_WRITE, raises=(Conflict,))
    async def change(self, asked: Asked, customer_id: Id, body: wire.CustomerBody) -> wire.Customer:
        """Everything of a customer."""
        return _shown(asked, await self._customers.change(customer_id, CustomerFields(**body.model_dump()), by=asked.by))

    @route("GET", "/api/customer-imports", right=Right.CUSTOMERS_WRITE)
    async def own(self, asked: Asked) -> list[wire.Import]:
        """One's own imports that are still known, the newest first."""
        return [_wire_import(job, asked.by.person.language) for job in self._imports.all_of(asked.by.id)]

    @route("POST", "/api/customer-imports", right=Right.CUSTOMERS_WRITE, status=201, raises=(Busy, TooLong, TooSlow))
    async def upload(self, asked: Asked, query: wire.ImportQuery) -> wire.Import:
        """A file of customers, as the request's bare body (CSV of any kind, xlsx, xls, ods): what it looks like."""
        try:
            async with asyncio.timeout(UPLOAD_S):
                job = await self._imports.keep(query.name, asked.parts(), by=asked.by.id)
        except TimeoutError:
            raise TooSlow from None
        await self._imports.look(job, AS_FOUND)
        return _wire_import(job, asked.by.person.language)

    @route("GET", "/api/customer-imports/{import_id}", right=Right.CUSTOMERS_WRITE)
    async def follow(self, asked: Asked, import_id: ImportId) -> wire.Import:
        """How far it is."""
        return _wire_import(self._own(asked, import_id), asked.by.person.language)

    @route("POST", "/api/customer-imports/{import_id}/look", right=Right.CUSTOMERS_WRITE, raises=(Busy,))
    async def look(self, asked: Asked, import_id: ImportId, body: wire.ImportLayout) -> wire.Import:
        """What it looks like, read another way."""
        job = self._own(asked, import_id)
        await self._imports.look(job, Layout(body.encoding, body.delimiter, body.sheet))
        return _wire_import(job, asked.by.person.language)

    @route("POST", "/api/customer-imports/{import_id}/start", right=Right.CUSTOMERS_WRITE, status=202, raises=(BadColumns, Busy))
    async def start(self, asked: Asked, import_id: ImportId, body: wire.ImportStart) -> wire.Import:
        """Read every row, and write the good ones in one transaction: by default only if all are good."""
        job, language = self._own(asked, import_id), asked.by.person.language
        columns = body.columns.model_dump(exclude_none=True)
        await self._imports.start(job, Order(columns=columns, write=body.write, partly=body.partly, language=language))
        return _wire_import(job, language)

    @route("DELETE", "/api/customer-imports/{import_id}", right=Right.CUSTOMERS_WRITE, status=204, raises=(Busy,))
    async def call_off(self, asked: Asked, import_id: ImportId) -> None:
        """The file goes, and nothing of it is written that is not written yet. Busy once it is too late."""
        await self._imports.call_off(self._own(asked, import_id))

    @route(
        "GET", "/api/customer-imports/{import_id}/report", right=Right.CUSTOMERS_WRITE, raises=(NoReport,), produces="text/csv"
    )
    async def report(self, asked: Asked, import_id: ImportId) -> Streamed:
        """Every row that is not imported, with its line, column and reason, as a file."""
        path = await self._imports.report(self._own(asked, import_id))
        return send_file(path, content_type="text/csv; charset=utf-8", filename="import-report.csv")

    def _own(self, asked: Asked, import_id: str) -> ImportJob:
        return self._imports.of(import_id, asked.by.id)


def _shown(asked: Asked, customer: Customer) -> wire.Customer:
    same = {name: getattr(customer, name) for name in wire.KnownCustomer.model_fields}
    return wire.Customer(**same, may=policy.possible(asked.by))


def _wire_import(job: ImportJob, language: Language) -> wire.Import:
    found = job.outcome
    return wire.Import.model_validate(
        {
            "id": job.id,
            "name": job.name,
            "state": job.state.value,
            "refusal": words.of_file(job.seen, language) if job.seen else "",
            "layout": asdict(job.layout),
            "look": _wire_look(job.look) if job.look else None,
            "rows": job.rows,
            "share": job.share,
            **{name: getattr(found, name) for name in ("good", "bad", "created", "changed")},
            "written": job.written,
            "failure": job.failure,
            "problems": [
                {"line": one.line, "column": one.column, "why": words.of_row(one, language), "came": one.came}
                for one in found.problems
            ],
        }
    )


def _wire_look(look: Look) -> dict[str, object]:
    rows = [{"line": line, "cells": list(cells)} for line, cells in look.rows]
    return {**asdict(look), "rows": rows}
