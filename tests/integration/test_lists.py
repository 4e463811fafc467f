"""How each person has their lists: columns and saved views over HTTP, each person's own alone."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from services.access.rights import Role
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
