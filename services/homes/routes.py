"""Serves each person's home, and the open cases by their stages, over HTTP."""

from __future__ import annotations

from services.access.rights import Right
from services.clocks.wire import Deadline
from services.customers.numbers import written
from services.homes import wire
from services.homes.model import Filled, Shown, StageFigure
from services.homes.views import Homes
from services.orders.wire import OrderDepartment
from services.store.db import Row
from services.web.http import Asked, Door, route


class HomeRoutes:
    """What must I do next, by when (SPEC N9 for those who oversee)."""

    def __init__(self, homes: Homes) -> None:
        self._homes = homes

    @route("GET", "/api/me/home", right=Door.LOGGED_IN)
    async def home(self, asked: Asked) -> wire.Home:
        """What waits for the reader, the most urgent clock of each tray first."""
        home = await self._homes.of(asked.by)
        stages = None if home.stages is None else [_stage(one) for one in home.stages]
        return wire.Home(at=home.at, trays=[_tray(one) for one in home.trays], stages=stages)

    @route("GET", "/api/open-case-figures", right=Right.OVERSEE)
    async def stages(self, asked: Asked, query: wire.StagesQuery) -> list[wire.StageFigures]:
        """How many open cases stand in each stage, and how many of them are late, stuck, bouncing."""
        return [_stage(one) for one in await self._homes.stages(query.hours)]

    @route("GET", "/api/open-cases", right=Right.OVERSEE)
    async def cases(self, asked: Asked, query: wire.OpenCasesQuery) -> list[wire.OpenCase]:
        """The very cases behind these figures, the one whose clock ends first before the others."""
        rows = await self._homes.open_cases(
            stage=query.stage, mark=query.mark, department=query.department, hours=query.hours, limit=query.limit
        )
        return [_case(row) for row in rows]


def _tray(filled: Filled) -> wire.HomeTray:
    return wire.HomeTray(tray=filled.tray, count=filled.count, rows=[_row(one) for one in filled.rows])


def _row(shown: Shown) -> wire.HomeRow:
    plain = ("id", "ticket_id", "number", "said", "customer_name", "author", "since", "urgent")
    return wire.HomeRow(
        **{name: shown.row[name] for name in plain},
        customer_number=written(shown.row["customer_number"]),
        department=_department(shown.row),
        deadline=_deadline(shown),
    )


def _deadline(shown: Shown) -> Deadline | None:
    if shown.deadline is None or shown.standing is None:
        return None
    names = ("rule", "because", "starts_at", "ends_at", "warned_at", "settled_at")
    return Deadline(**{name: getattr(shown.deadline, name) for name in names}, standing=shown.standing)


def _department(row: Row) -> OrderDepartment | None:
    return None if row["code"] is None else OrderDepartment(code=row["code"], zh=row["zh"], en=row["en"])


def _stage(figure: StageFigure) -> wire.StageFigures:
    return wire.StageFigures(**{name: getattr(figure, name) for name in StageFigure.__slots__})


def _case(row: Row) -> wire.OpenCase:
    plain = wire.OpenCase.model_fields.keys() - {"department", "customer_number"}
    number = written(row["customer_number"])
    return wire.OpenCase(**{name: row[name] for name in plain}, customer_number=number, department=_department(row))
