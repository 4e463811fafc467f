"""What people ask for all day touches as much of the database however long the history is: counted in blocks, by the plans.

The statements are those that the door itself runs. Sizes at which no table is small enough to be read as a whole; the bench G16
has the same counts at millions.
"""

from __future__ import annotations

import json

import asyncpg

from tests.bench import g14_api, history, served

SIZES = (30_000, 120_000)
EXACT = ("one ticket", "a ticket's journal", "a ticket's orders")
"""A level of an index more is a block more for each look-up by it; anything else would be a list that is read to its end."""
LARGE = ("ticket", "ticket_journal", "customer")


async def test_no_request_touches_more_of_a_longer_history(database: str) -> None:
    await served.hire(database, g14_api.FIRST, 1, role="senior_agent")
    grown, known = [], 0
    for size in SIZES:
        await history.load(database, known, size, journals=True)
        known = size
        noted = await g14_api.note(database, g14_api.reads(size))
        grown.append(await g14_api.explained(database, noted))
        assert not await _read_whole(database, noted)
    few, many = grown
    assert set(few) == {asking.name for asking in g14_api.reads(SIZES[0])}
    for name, blocks in many.items():
        assert blocks <= (few[name] + 1 if name in EXACT else 1.1 * few[name] + 6), (name, few, many)


async def _read_whole(url: str, noted: g14_api.Noted) -> list[str]:
    """Statements that go through one of the large tables row by row."""
    connection = await asyncpg.connect(url)
    try:
        found = []
        for sql, values in {statement[0]: statement for each in noted.statements.values() for statement in each}.values():
            if sql.lstrip().lower().startswith(("select", "with")):
                plan = json.loads(await connection.fetchval(f"explain (format json) {sql}", *values))[0]["Plan"]
                found += [f"{table}: {sql[:200]}" for table in _scanned(plan) if table in LARGE]
        return found
    finally:
        await connection.close()


def _scanned(plan: dict[str, object]) -> list[str]:
    own = [str(plan["Relation Name"])] if plan["Node Type"] == "Seq Scan" else []
    inner = plan.get("Plans", [])
    assert isinstance(inner, list)
    return own + [table for each in inner for table in _scanned(each)]
