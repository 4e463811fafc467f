"""The list of calls: whose, in which order, and by what filter."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from services.calls.store import SORTS
from services.store import db
from tests.harness.clock import HandClock
from tests.harness.office import Office, office


@pytest_asyncio.fixture
async def desk(pool: db.Pool, clock: HandClock, tmp_path: Path) -> AsyncIterator[Office]:
    async with office(pool, clock, tmp_path, drained=False) as running:
        li = await running.hire("li", extension="1001")
        await running.hire("qa", role="qa_inspector")
        sql = """insert into call (id, number, number_sent, name_sent, dialled, started_at, ended_at, outcome)
                 values ($1, $2, $2, '', '', $3, $3, $4)"""
        for n in range(12):
            outcome = "abandoned" if n % 3 == 0 else "answered"
            at = clock.now() + timedelta(minutes=n // 2)  # two begin in the same instant
            await pool.execute(sql, f"tingsu-1.{n}", f"+861380013800{n % 2}", at, outcome)
            if n < 4:
                leg = "insert into call_leg (call_id, channel, person_id, answered_at) values ($1, 'x', $2, $3)"
                await pool.execute(leg, f"tingsu-1.{n}", li, at)
            elif n == 4:
                await pool.execute("insert into call_leg (call_id, channel, person_id) values ('tingsu-1.4', 'x', $1)", li)
        yield running


async def pages(desk: Office, login: str, query: str = "", limit: int = 5) -> list[str]:
    seen: list[str] = []
    after = ""
    while True:
        status, page = await desk.ask(login, "GET", f"/api/calls?limit={limit}{query}{after}")
        assert status == 200, page
        seen += [row["id"] for row in page["calls"]]
        if page["next"] is None:
            return seen
        after = f"&after={page['next']}"


async def test_pages_follow_each_other_newest_first_without_gap_or_repeat(desk: Office) -> None:
    seen = await pages(desk, "qa")
    assert len(seen) == len(set(seen)) == 12
    assert seen[0] in {"tingsu-1.10", "tingsu-1.11"}
    assert seen == await pages(desk, "qa", limit=200)


async def test_an_agent_sees_the_calls_they_took_part_in(desk: Office) -> None:
    assert set(await pages(desk, "li")) == {f"tingsu-1.{n}" for n in range(4)}
    assert (await desk.ask("li", "GET", "/api/calls/tingsu-1.0"))[0] == 200
    assert (await desk.ask("li", "GET", "/api/calls/tingsu-1.11"))[0] == 404


async def test_a_phone_that_only_rang_has_no_part_in_the_call(desk: Office) -> None:
    assert "tingsu-1.4" not in await pages(desk, "li")
    assert (await desk.ask("li", "GET", "/api/calls/tingsu-1.4"))[0] == 404
    assert (await desk.ask("li", "GET", "/api/calls/tingsu-1.4/audio"))[0] == 403


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("&outcome=abandoned", 4),
        ("&number=13800138000", 6),
        ("&number=%2B86%20138-0013-8000", 6),
        ("&number=%EF%BC%91%EF%BC%93%EF%BC%98%EF%BC%90%EF%BC%90%EF%BC%91%EF%BC%93%EF%BC%98%EF%BC%90%EF%BC%90%EF%BC%90", 6),
        ("&number=-", 0),
        ("&number=nobody", 0),
        ("&from=2026-11-23T09:05:00Z", 2),
        ("&to=2026-11-23T09:05:00Z", 10),
        ("&from=2026-11-23T17:01:00%2B08:00&to=2026-11-23T17:02:00%2B08:00", 2),
    ],
)
async def test_filters(desk: Office, query: str, count: int) -> None:
    assert len(await pages(desk, "qa", query)) == count


@pytest.mark.parametrize(
    "query", ["from=yesterday", "from=2026-02-30T00:00:00Z", "from=2026-11-23T09:00:00", "outcome=x", "after=1~'", "x=1"]
)
async def test_what_is_no_filter_is_named(desk: Office, query: str) -> None:
    assert (await desk.ask("qa", "GET", f"/api/calls?{query}"))[0] == 422


@pytest.mark.parametrize("call", ["tingsu-1.99", "..", "%2e%2e%2f", "x", "tingsu-1.1%00"])
async def test_a_call_that_is_not_there_is_not_found(desk: Office, call: str) -> None:
    assert (await desk.ask("qa", "GET", f"/api/calls/{call}"))[0] == 404
    assert (await desk.ask("qa", "GET", f"/api/calls/{call}/audio"))[0] == 404


@pytest.mark.parametrize(("model", "demonstration"), [("demo_model", True), ("vosk-model-cn-0.22", False), (None, False)])
async def test_words_tell_whether_the_demonstration_model_wrote_them(
    desk: Office, clock: HandClock, model: str | None, demonstration: bool
) -> None:
    recording = "insert into recording (call_id, state, due_at) values ('tingsu-1.1', 'archived', $1) returning id"
    words = "insert into transcript (recording_id, state, due_at, model) values ($1, 'done', $2, $3)"
    await desk.pool.execute(words, await desk.pool.fetchval(recording, clock.now()), clock.now(), model)
    _, detail = await desk.ask("qa", "GET", "/api/calls/tingsu-1.1")
    assert (detail["transcript"]["model"], detail["transcript"]["demonstration"]) == (model, demonstration)


async def test_calls_are_sorted_by_how_long_one_waited_or_talked(desk: Office) -> None:
    await desk.pool.execute("update call set waited_ms = 1000 * split_part(id, '.', 2)::int where id <> 'tingsu-1.7'")
    await desk.pool.execute("update call set talked_ms = 500 where id = 'tingsu-1.5'")
    by_wait = [f"tingsu-1.{n}" for n in (7, 0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11)]
    assert await pages(desk, "qa", "&sort=waited") == by_wait
    assert await pages(desk, "qa", "&sort=-waited", limit=1) == by_wait[::-1]
    assert await pages(desk, "li", "&sort=-waited", limit=3) == [f"tingsu-1.{n}" for n in (3, 2, 1, 0)]
    assert (await pages(desk, "qa", "&sort=-talked"))[0] == "tingsu-1.5"
    assert await pages(desk, "qa", "&sort=started") == (await pages(desk, "qa"))[::-1]


async def test_an_order_of_calls_that_there_is_not_is_refused_by_its_name(desk: Office) -> None:
    status, problem = await desk.ask("qa", "GET", "/api/calls?sort=number")
    assert (status, problem["fields"][0]["field"]) == (422, "sort")
    assert (await desk.ask("qa", "GET", "/api/calls?sort=waited&after=waited~x~tingsu-1.1"))[0] == 422


MANY, EACH = 20_000, 4
LITTLE = 350
"""Pages of the database that one page of the list may read: its 51 rows and the way to them. All calls together take more."""
AT_THE_END = """
insert into call (id, number, number_sent, name_sent, dialled, direction, started_at, ended_at, outcome, waited_ms, talked_ms)
select 'tingsu-1.' || n, '', '', '', '', case when apart then 'outbound' else 'inbound' end, at, at,
       case when apart then 'refused' else 'answered' end, far, far
from (select n, n % $2 = 0 as apart, case when n % $2 <> 0 then n when $3::boolean then 10000000 + n else 0 end as far
      from generate_series(1, $1) n) made
cross join lateral (select timestamptz '2026-11-01' + far * interval '1 second' as at) moment
"""


@pytest.mark.parametrize("sort", ["waited", "-waited", "talked", "-talked"])
@pytest.mark.parametrize("some", [{"outcome": "refused"}, {"outcome": "busy"}, {"direction": "outbound"}])
async def test_a_page_of_some_calls_among_many_others_reads_little(pool: db.Pool, some: dict[str, str], sort: str) -> None:
    """They lie at the end of the order, behind all others, and busy is none of them. What is read is counted, not timed."""
    await pool.execute(AT_THE_END, MANY, EACH, not sort.startswith("-"))
    await pool.execute("vacuum analyze call")
    page = SORTS[sort].page
    values = dict.fromkeys(page.names, "null") | {"limit": "51"} | {name: f"'{value}'" for name, value in some.items()}
    async with db.connection(pool) as connection:
        await connection.execute("set plan_cache_mode = force_custom_plan")
        await connection.execute(f"prepare asked as {page}")
        given = ", ".join(values[name] for name in page.names)
        told = await connection.fetchval(f"explain (analyze, buffers, format json) execute asked({given})")
    plan = json.loads(told)[0]["Plan"]
    assert plan["Actual Rows"] == (0 if some == {"outcome": "busy"} else 51)
    read = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    assert read < LITTLE
