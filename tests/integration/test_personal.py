"""Personal data by role: whoever need not read it in clear is shown masks, whatever they ask for; on demand it is shown, one
thing at a time, and on record.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from services.access.actor import LoggedIn
from services.access.rights import RIGHTS, Right, Role
from services.hotline.views import Views as StoryViews
from services.orders.views import Views as OrderViews
from services.prints.actions import Prints
from services.prints.press import Press
from services.routes import CLASSES
from services.store import db
from services.tickets.actions import Tickets
from services.tickets.views import Views
from services.web.http import LINK_HEADER, Route, routes_of
from tests.harness.api import Api, serve
from tests.harness.clock import HandClock
from tests.harness.database import DatabaseServer
from tests.harness.lived import ADDRESS, LINE, NAME, NUMBER, SAID, SPOKEN, Lived, live
from tests.harness.office import ZONE

NUMBERS = (NUMBER, SAID, LINE, SPOKEN, "幺三九")
HIDDEN = (*NUMBERS, NAME, ADDRESS)
MASKED = [role for role in Role if Right.PERSONAL_READ not in RIGHTS[role]]
READING = [route for kind in CLASSES for route in routes_of(kind) if route.method == "GET" and not route.websocket]
QUERIES = ("", "?q=13800138000", "?over=yes", "?limit=40")
OFFICERS = (Role.department_officer,)


@dataclass(frozen=True)
class Centre:
    """A centre that has lived, with a customer's data in whatever takes a text."""

    api: Api
    lived: Lived
    clock: HandClock


@pytest_asyncio.fixture(scope="module")
async def centre(postgres: DatabaseServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Centre]:
    clock = HandClock()
    async with postgres.fresh() as url:
        pool = await db.open_pool(postgres.as_application(url), size=5)
        try:
            async with serve(pool, clock, tmp_path_factory.mktemp("personal")) as api:
                lived = await live(pool, clock, api.archive, api.accounts[Role.junior_agent])
                yield Centre(api, lived, clock)
        finally:
            await pool.close()


def paths(route: Route, lived: Lived) -> Iterator[str]:
    """The route for everything there is of each kind that its path names."""
    ids: dict[str, tuple[Any, ...]] = {
        "call_id": lived.calls,
        "ticket_id": lived.tickets,
        "customer_id": lived.customers,
        "order_id": lived.orders,
        "level": ("junior", "senior", "manager", "data"),
        "paper_id": lived.papers,
        "notice_id": lived.notices,
        "warning_id": lived.warnings,
        "author_id": lived.people,
        "department_id": lived.departments,
        "evidence_id": lived.evidence,
        "appeal_id": lived.appeals,
        "import_id": ("0" * 16,),
    }
    for chosen in itertools.product(*(ids[name] for name in route.path_kinds)):
        named = dict(zip(route.path_kinds, map(str, chosen), strict=True))
        yield re.sub(r"\{(\w+)\}", lambda found, named=named: named[found[1]], route.path)  # type: ignore[misc]  # bound at once


async def read(browser: aiohttp.ClientSession, lived: Lived) -> dict[str, str]:
    """Every answer that is a text, by its path."""
    told = {}
    for route in READING:
        for path in paths(route, lived):
            for query in QUERIES if route.query else QUERIES[:1]:
                async with browser.get(path + query) as answer:
                    if answer.content_type in {"application/json", "text/csv"}:
                        told[path + query] = await answer.text() if answer.status == 200 else ""
    return told


@pytest.mark.parametrize("role", MASKED)
async def test_no_answer_of_any_route_has_a_number_in_clear_for_who_is_shown_masks(centre: Centre, role: Role) -> None:
    async with centre.api.as_role(role) as browser:
        told = await read(browser, centre.lived)
    hidden = NUMBERS if role in OFFICERS else HIDDEN  # a department goes to the customer: it sees who and where that is
    assert [(path, one) for path, text in told.items() for one in hidden if one in text] == []
    assert sum(map(bool, told.values())) > (5 if role in OFFICERS else 40)
    assert any("139****2222" in text for text in told.values())


async def test_what_is_looked_for_there_is_there_for_who_sees_it_in_clear(centre: Centre) -> None:
    """The test above would find it: each number and name, by many ways."""
    async with centre.api.as_role(Role.senior_agent) as browser:
        told = await read(browser, centre.lived)
    ways = {one: sum(one in text for text in told.values()) for one in HIDDEN}
    assert min(ways.values()) >= 1
    assert ways[SAID] > 20
    assert not any("****" in text for text in told.values())


async def test_a_file_of_a_list_has_masks_in_it_for_who_is_shown_masks(centre: Centre) -> None:
    chosen = {"ticket": centre.lived.tickets, "call": centre.lived.calls, "customer": centre.lived.customers}
    for role, clear in ((Role.statistician, False), (Role.manager, True)):
        async with centre.api.as_role(role) as browser:
            for thing, ids in chosen.items():
                async with browser.post(f"/api/{thing}-exports", json={"ids": list(ids)}) as answer:
                    text = (await answer.read()).decode()
                assert answer.status == 200
                assert (NUMBER in text, NAME in text) == (clear, clear), (role, thing)
                assert ("138****8000" in text, "张**" in text) == (not clear, not clear), (role, thing)


@dataclass
class Written(Press):
    """Keeps what is to be set, as text."""

    texts: list[str] = field(default_factory=list)

    async def set(self, document: Any) -> bytes:
        self.texts.append(json.dumps(document, ensure_ascii=False).replace("\u200b", ""))
        return b""


async def test_no_answer_has_a_number_in_clear_for_who_came_by_a_link(centre: Centre) -> None:
    async with centre.api.client() as linked:
        linked.headers[LINK_HEADER] = centre.lived.link
        told = await read(linked, centre.lived)
    assert [(path, one) for path, text in told.items() for one in NUMBERS if one in text] == []
    order = f"/api/orders/{centre.lived.orders[0]}"
    assert {path for path, text in told.items() if text and "/orders/" in path} == {order, f"{order}/clocks", f"{order}/evidence"}
    assert "139****2222" in told[order]


async def test_no_document_has_a_number_in_clear_for_who_is_shown_masks(centre: Centre) -> None:
    pool, clock = centre.api.pool, centre.clock
    press = Written.__new__(Written)
    press.texts = []
    prints = Prints(
        pool=pool, clock=clock, zone=ZONE, centre="", press=press, tickets=Tickets(pool, clock, ZONE),
        ticket_views=Views.of(pool, clock, ZONE), order_views=OrderViews.of(pool, clock, 2), stories=StoryViews(pool, clock),
    )  # fmt: skip
    for role, clear in ((Role.qa_inspector, False), (Role.department_officer, False), (Role.senior_agent, True)):
        press.texts.clear()
        who = LoggedIn(person=replace(centre.api.accounts[role], department=None), session=b"")
        if role in OFFICERS:
            who = LoggedIn(person=replace(who.person, department=centre.lived.departments[0]), session=b"")
            left = await pool.fetch(
                "select id from work_order where issued_at is not null and department_id = $1", who.person.department
            )
            for row in left:
                await prints.order(who, row["id"], "zh-CN")
        else:
            for ticket in centre.lived.tickets:
                await prints.ticket(who, ticket, "en")
                await prints.story(who, ticket, "zh-CN")
            for order in centre.lived.orders:
                await prints.order(who, order, "zh-CN")
        for warning in centre.lived.warnings:
            await prints.warning(who, warning, "en")
        assert len(press.texts) > 2
        found = {one for one in (NUMBERS if role in OFFICERS else HIDDEN) if any(one in text for text in press.texts)}
        assert (NUMBER in found and SAID in found) if clear else not found, role


async def test_what_is_masked_is_found_whole_and_not_by_pieces(centre: Centre) -> None:
    sql = "insert into customer (number, name, changed_at) values ('+8613700137000', '王小明', now()) on conflict do nothing"
    await centre.api.pool.execute(sql)
    sql = "update ticket set description = description || $1 where id = $2"
    await centre.api.pool.execute(sql, f"，说 {SPOKEN}", centre.lived.tickets[0])
    async with centre.api.as_role(Role.qa_inspector) as browser:

        async def found(path: str, query: str) -> int:
            async with browser.get(path, params={"q": query}) as answer:
                body = await answer.json()
                return len(body.get("tickets", body.get("customers")))

        assert await found("/api/tickets", NUMBER) > 0
        assert await found("/api/customers", "137 0013 7000") == 1
        for part in (
            "1380013800",
            "1370013700",
            "+861370013700",
            "138",
            "8000",
            "13911112222",
            "请拨 139",
            "0755-8888690",
            LINE,
            SPOKEN,
            "幺三九",
            "一三九",
            "科技路",
            ADDRESS,
            "小明",
            "桂芳",
            "张",
        ):
            assert await found("/api/tickets", part) == 0, part
            assert await found("/api/customers", part) == 0, part
        assert await found("/api/tickets", "电话坏了") > 0
        assert await found("/api/tickets", NAME) > 0
        assert await found("/api/customers", "王小明") == 1
    async with centre.api.as_role(Role.senior_agent) as browser:
        assert await found("/api/tickets", "1380013800") > 0
        assert await found("/api/customers", "1370013") == 1
        assert await found("/api/customers", "小明") == 1
        for part in ("科技路", "桂芳", "幺三九"):
            assert await found("/api/tickets", part) > 0, part


async def test_nobody_from_whom_numbers_are_hidden_puts_a_list_in_their_order(centre: Centre) -> None:
    for role, status in ((Role.qa_inspector, 403), (Role.senior_agent, 200)):
        async with centre.api.as_role(role) as browser:
            for query in ("sort=number", "sort=-number", "after=number~13~1"):
                async with browser.get(f"/api/customers?{query}") as answer:
                    assert answer.status == status, (role, query)


async def test_on_demand_one_thing_is_shown_in_clear_and_each_time_is_on_record(centre: Centre) -> None:
    things = {
        "ticket": centre.lived.tickets[1], "call": centre.lived.calls[0], "customer": centre.lived.customers[0],
        "order": centre.lived.orders[0],
    }  # fmt: skip
    pool = centre.api.pool
    before = await pool.fetchval("select count(*) from audit where action = 'personal.reveal'")
    async with centre.api.as_role(Role.qa_inspector) as browser:
        for thing, at in things.items():
            async with browser.post("/api/reveals", json={"thing": thing, "id": str(at)}) as answer:
                assert answer.status == 200
                shown = await answer.json()
            assert (shown["customer_number"], shown["customer_name"]) == (NUMBER, NAME)
            if thing == "ticket":
                assert shown["written"] == [LINE, SAID]
                assert (shown["contact_number"], shown["address"]) == (SAID, ADDRESS)
        for wrong in (
            {"thing": "ticket", "id": "999999"},
            {"thing": "customer", "id": str(things["call"])},
            {"thing": "call", "id": "1"},
        ):
            async with browser.post("/api/reveals", json=wrong) as answer:
                assert answer.status == 404
    rows = await pool.fetch("select object from audit where action = 'personal.reveal' order by id offset $1", before)
    assert [row["object"] for row in rows] == [f"{thing}:{at}" for thing, at in things.items()]


@pytest.mark.parametrize("role", [Role.statistician, Role.junior_agent, Role.administrator])
async def test_who_may_not_ask_or_need_not_is_shown_nothing_on_demand(centre: Centre, role: Role) -> None:
    asked = {"thing": "ticket", "id": str(centre.lived.tickets[1])}
    async with centre.api.as_role(role) as browser, browser.post("/api/reveals", json=asked) as answer:
        assert answer.status == 403


def test_only_what_decides_itself_or_has_no_personal_data_answers_in_clear() -> None:
    clear = {f"{route.method} {route.path}" for kind in CLASSES for route in routes_of(kind) if route.in_clear}
    own = {  # nothing but what the person typed: a number that is masked would find nothing when the view is opened
        "GET /api/me/lists",
        "PUT /api/me/lists/{list_name}/columns",
        "POST /api/me/lists/{list_name}/views",
        "POST /api/me/views/{view_id}/restore",
    }
    assert clear == {"POST /api/reveals", "GET /api/system", *own}
