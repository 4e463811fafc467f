"""A database whose statements fail in ways nobody foresaw, under calls: nothing ends, nothing is lost, a person has it redone."""

from __future__ import annotations

import asyncio

from tests.faults.conftest import AGENTS, Tried
from tests.faults.crowd import Crowd, calling
from tests.faults.invariants import hold, quiet
from tests.harness.centre import Centre
from tests.harness.patience import until

TABLES = ("call", "call_leg", "call_span", "recording", "transcript", "person", "customer", "journal_cursor")
BROKEN_S = 2.0


async def test_tables_that_are_gone_for_a_while_end_nothing_and_cost_no_call(centre: Centre, tried: Tried) -> None:
    tried("a table gone for a while", len(TABLES))
    base = await quiet(centre)
    async with calling(centre, AGENTS) as crowd:
        await _somebody_talks(crowd)
        for table in TABLES:
            await centre.query(f"alter table {table} rename to elsewhere")
            await asyncio.sleep(BROKEN_S)
            assert not centre.dead, f"without {table}:\n{centre.tail()}"
            await centre.query(f"alter table elsewhere rename to {table}")
            await asyncio.sleep(0.5)
        await _somebody_talks(crowd)

    async def nothing_aside() -> bool:
        """As a person does it: what is set aside only now, by work that was slow, is not in what was asked for before."""
        items = (await centre.admin.get("/api/system/aside"))["items"]
        for kind in sorted({item["kind"] for item in items}):
            await centre.admin.post("/api/system/aside/retry", kind=kind, id=None)
        return not items

    await until(nothing_aside, "everything that was set aside is done", 30)
    await hold(centre, crowd, base)


async def _somebody_talks(crowd: Crowd) -> None:
    seen = len(crowd.visits)
    await until(lambda: any(visit.talked for visit in crowd.visits[seen:]), "a caller who is served", 60)
