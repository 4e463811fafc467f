"""Serves departments and the dispatch catalogue over HTTP."""

from __future__ import annotations

import asyncio

from services.access.rights import Right
from services.departments import wire
from services.departments.actions import Departments, Standing
from services.departments.model import Department, Edition, Rule
from services.errors import NotFound, Stale
from services.web.http import Asked, route

BYTES = 2_400_000  # as many departments and rules as the description allows, each of the longest, all of it escaped


class DepartmentRoutes:
    def __init__(self, departments: Departments) -> None:
        self._departments = departments

    @route("GET", "/api/departments", right=Right.DEPARTMENTS_READ, long_answer=True)
    async def show(self, asked: Asked) -> wire.Departments:
        """All departments and the catalogue in force."""
        return await asyncio.to_thread(_wire, await self._departments.all())

    @route("PUT", "/api/departments", right=Right.DEPARTMENTS_WRITE, body_limit=BYTES, long_answer=True, raises=(Stale,))
    async def replace(self, asked: Asked, body: wire.DepartmentsBody) -> wire.Departments:
        """The whole in place of the old, if ``number`` is still in force. A department can become inactive, never go."""
        new = await asyncio.to_thread(_edition, body)
        return await asyncio.to_thread(_wire, await self._departments.replace(body.number, new, by=asked.by))

    @route("GET", "/api/departments/editions", right=Right.DEPARTMENTS_READ)
    async def editions(self, asked: Asked) -> list[wire.DepartmentEdition]:
        """Who changed them when, the newest first."""
        shown = await self._departments.editions()
        return [wire.DepartmentEdition(number=one.number, at=one.at, by=one.by) for one in shown]

    @route("POST", "/api/departments/back", right=Right.DEPARTMENTS_WRITE, long_answer=True, raises=(Stale, NotFound))
    async def go_back(self, asked: Asked, body: wire.DepartmentsBack) -> wire.Departments:
        """As they were in an older edition: the undo. What came later stays, inactive; addresses stay as they are."""
        return await asyncio.to_thread(_wire, await self._departments.go_back(body.number, body.to, by=asked.by))


def _edition(body: wire.DepartmentsBody) -> Edition:
    departments = [Department(**one.model_dump() | {"email": one.email or ""}) for one in body.departments]
    return Edition(departments, [Rule(**one.model_dump()) for one in body.rules])


def _wire(standing: Standing) -> wire.Departments:
    ids = standing.ids
    departments = [
        wire.DepartmentRow.model_validate({name: getattr(one, name) for name in Department.__slots__} | {"id": ids[one.code]})
        for one in standing.edition.departments
    ]
    rules = [
        wire.DispatchRule.model_validate({name: getattr(one, name) for name in Rule.__slots__}) for one in standing.edition.rules
    ]
    return wire.Departments(number=standing.number, departments=departments, rules=rules)
