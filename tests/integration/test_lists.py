"""How each person has their lists (columns and saved views, each person's own alone), and in which orders the server has them."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
import pytest

from services.access import audit
from services.access.rights import Role
from services.customers import store as customers
from services.store import db
from tests.harness.api import Api

LISTS = "/api/me/lists"
VIEWS = f"{LISTS}/tickets/views"
VIEW = {"name": "最久未结", "query": "view=open&sort=received"}
COLUMNS = [{"key": "summary", "shown": True}, {"key": "number", "shown": False}]


async def own(browser: aiohttp.ClientSession) -> dict[str, Any]:
    async with browser.get(LISTS) as answer:
        assert answer.status == 200
        return dict(await answer.json())


async def ask(browser: aiohttp.ClientSession, method: str, path: str, body: object = None) -> tuple[int, Any]:
    async with browser.request(method, path, json=body) as answer:
        return answer.status, None if answer.status == 204 else await answer.json()


async def test_columns_and_views_are_there_again_wherever_one_logs_in(api: Api) -> None:
    async with api.as_role(Role.junior_agent) as here:
        assert await own(here) == {"columns": [], "views": []}
        assert (await ask(here, "PUT", f"{LISTS}/calls/columns", {"columns": COLUMNS[::-1]}))[0] == 204
        assert (await ask(here, "PUT", f"{LISTS}/calls/columns", {"columns": COLUMNS}))[0] == 204
        status, saved = await ask(here, "POST", VIEWS, VIEW)
    assert (status, saved) == (201, {"id": saved["id"], "list": "tickets", **VIEW})
    async with api.as_role(Role.junior_agent) as elsewhere:
        assert await own(elsewhere) == {"columns": [{"list": "calls", "columns": COLUMNS}], "views": [saved]}


async def test_a_removed_view_can_be_had_back_until_its_name_is_another_ones(api: Api) -> None:
    async with api.as_role(Role.junior_agent) as browser:
        _, saved = await ask(browser, "POST", VIEWS, VIEW)
        path = f"/api/me/views/{saved['id']}"
        assert (await ask(browser, "POST", VIEWS, {**VIEW, "query": ""}))[1]["code"] == "view_taken"
        assert (await ask(browser, "POST", f"{LISTS}/calls/views", VIEW))[0] == 201
        assert (await ask(browser, "DELETE", path))[0] == 204
        assert (await ask(browser, "DELETE", path))[0] == 404
        assert [view["list"] for view in (await own(browser))["views"]] == ["calls"]
        assert await ask(browser, "POST", f"{path}/restore") == (200, saved)
        assert (await ask(browser, "POST", f"{path}/restore"))[0] == 404
        assert (await ask(browser, "DELETE", path))[0] == 204
        assert (await ask(browser, "POST", VIEWS, {**VIEW, "name": VIEW["name"]}))[0] == 201
        assert (await ask(browser, "POST", f"{path}/restore"))[1]["code"] == "view_taken"


async def test_nobody_finds_another_persons_views(api: Api) -> None:
    async with api.as_role(Role.junior_agent) as agent, api.as_role(Role.qa_inspector) as inspector:
        _, saved = await ask(agent, "POST", VIEWS, VIEW)
        path = f"/api/me/views/{saved['id']}"
        assert await own(inspector) == {"columns": [], "views": []}
        assert (await ask(inspector, "DELETE", path))[0] == 404
        assert (await ask(agent, "DELETE", path))[0] == 204
        assert (await ask(inspector, "POST", f"{path}/restore"))[0] == 404


async def test_of_one_list_there_are_forty_views_however_many_are_saved_at_once(api: Api) -> None:
    async with api.as_role(Role.junior_agent) as browser:
        saving = [ask(browser, "POST", VIEWS, {"name": f"视图 {number}", "query": ""}) for number in range(44)]
        told = await asyncio.gather(*saving)
        assert [status for status, _ in told].count(201) == 40
        assert [problem["code"] for status, problem in told if status == 409] == ["too_many_views"] * 4
        assert (await ask(browser, "POST", f"{LISTS}/calls/views", VIEW))[0] == 201


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        (VIEWS, {"name": " ", "query": ""}, "name"),
        (VIEWS, {"name": "x", "query": "q" * 801}, "query"),
        (VIEWS, {"name": "x", "query": "a\nb"}, "query"),
    ],
)
async def test_what_no_view_can_be_called_is_refused_by_its_field(api: Api, path: str, body: object, field: str) -> None:
    async with api.as_role(Role.junior_agent) as browser:
        status, problem = await ask(browser, "POST", path, body)
        assert (status, problem["fields"][0]["field"]) == (422, field)
        assert (await ask(browser, "PUT", f"{LISTS}/nothing/columns", {"columns": []}))[0] == 404
        assert (await ask(browser, "PUT", f"{LISTS}/calls/columns", {"columns": COLUMNS * 21}))[0] == 422


CUSTOMERS_SQL = """
insert into customer (number, name, tier, changed_at)
select (13800000000 + n * 7919 % 60000)::text, '客户' || n,
       (array['normal', 'normal', 'big', 'important', 'dedicated_line'])[n % 5 + 1], now()
from generate_series(1, $1::int) n"""
AUDIT_SQL = """
insert into audit (at, person_id, action, object)
select now(), null, (array['login', 'call.listen', 'ticket.refused'])[n % 3 + 1], 'ticket:' || n % 997
from generate_series(1, $1::int) n"""
TIERS = ("normal", "big", "important", "dedicated_line")
A_PAGE = 200  # blocks of the database that reading a page of 50 rows may touch, wherever it begins
MANY = 60_000


async def pages(browser: aiohttp.ClientSession, path: str, rows: str, **query: str | int) -> list[dict[str, Any]]:
    """The whole list, page by page; of two orders the cursor's counts, so that ``sort`` is said for the first page alone."""
    found: list[dict[str, Any]] = []
    while True:
        async with browser.get(path, params=query) as answer:
            assert answer.status == 200, await answer.text()
            page = await answer.json()
        found += page[rows]
        if page["next"] is None:
            return found
        query = {**{name: value for name, value in query.items() if name != "sort"}, "after": page["next"]}


async def test_customers_are_sorted_by_the_server_and_pages_follow_each_other(api: Api) -> None:
    await api.pool.execute(CUSTOMERS_SQL, 23)
    async with api.as_role(Role.administrator) as browser:
        added, back, number, tier = [
            await pages(browser, "/api/customers", "customers", sort=sort, limit=4)
            for sort in ("added", "-added", "number", "-tier")
        ]
    assert [row["id"] for row in added] == sorted(row["id"] for row in added)
    assert len(added) == 23
    assert back == added[::-1]
    assert number == sorted(added, key=lambda row: str(row["number"]))
    assert tier == sorted(added, key=lambda row: (TIERS.index(row["tier"]), row["id"]), reverse=True)


async def test_a_search_of_customers_keeps_the_order_that_is_asked_for(api: Api) -> None:
    await api.pool.execute(CUSTOMERS_SQL, 23)
    async with api.as_role(Role.administrator) as browser:
        found = await pages(browser, "/api/customers", "customers", sort="-number", q="户1", limit=3)
    assert [row["number"] for row in found] == sorted((row["number"] for row in found), reverse=True)
    assert {row["name"] for row in found} == {"客户1", *(f"客户{n}" for n in range(10, 20))}


async def test_the_audit_is_sorted_by_the_server_and_pages_follow_each_other(api: Api) -> None:
    await api.pool.execute(AUDIT_SQL, 20)
    async with api.as_role(Role.administrator) as browser:
        newest, oldest, by_action, by_object = [
            await pages(browser, "/api/audit", "rows", sort=sort, limit=3) for sort in ("-at", "at", "action", "-object")
        ]
    assert [row["id"] for row in newest] == sorted((row["id"] for row in newest), reverse=True)
    assert oldest == newest[::-1]
    assert [row["action"] for row in by_action] == sorted(row["action"] for row in newest)
    assert len({row["id"] for row in by_object}) == len(newest)
    assert [row["id"] for row in by_object if row["object"] == "ticket:1"] == [
        row["id"] for row in newest if row["object"] == "ticket:1"
    ]


@pytest.mark.parametrize("query", ["sort=name", "after=1", "after=tier~4~1", "after=added~x~1"])
@pytest.mark.parametrize("path", ["customers", "audit"])
async def test_an_order_that_there_is_not_is_refused_by_its_name(shared_api: Api, path: str, query: str) -> None:
    async with shared_api.as_role(Role.administrator) as browser, browser.get(f"/api/{path}?{query}") as answer:
        field = "after" if "after" in query else "sort"
        assert (answer.status, [one["field"] for one in (await answer.json())["fields"]]) == (422, [field])


async def blocks(pool: db.Pool, query: str, *values: object) -> int:
    """How many blocks of the database were looked at, wherever they lay."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("set local plan_cache_mode = force_custom_plan")
        told = await connection.fetchval(f"explain (analyze, buffers, format json) {query}", *values)
    plan = (json.loads(told) if isinstance(told, str) else told)[0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


async def test_a_page_far_down_costs_what_the_first_one_does_in_every_order(pool: db.Pool, owner: db.OwnConnection) -> None:
    for sql in (CUSTOMERS_SQL, AUDIT_SQL):
        await pool.execute(sql, MANY)
    await owner.execute("analyze customer, audit")
    cost: dict[str, int] = {}
    for table, sorts, more in (
        ("customer", customers.SORTS, {"search": "", "number": "", "beginnings": [], "in_names": True}),
        ("audit", audit.SORTS, {}),
    ):
        for sort, queries in sorts.all.items():
            key = sorts.key(sort).sql.replace("c.", "")
            row = await pool.fetchrow(f"select {key} as at, id from {table} order by {key}, id offset {MANY // 2} limit 1")
            assert row is not None
            for place, (at, behind) in {"top": (None, None), "middle": (row["at"], row["id"])}.items():
                given = {**more, "at": at, "behind": behind, "limit": 51}
                query = queries.page
                cost[f"{table} {sort} {place}"] = await blocks(pool, str(query), *(given[name] for name in query.names))
    assert {name: read for name, read in cost.items() if read > A_PAGE} == {}
