"""Chosen rows of a list as a file: who may take it, what stands in it, that nothing in it is computed, that it is on record."""

from __future__ import annotations

import csv
import io
from typing import Any

import aiohttp
import pytest

from services.access.rights import Role
from services.cells import MARK
from services.store import db
from services.web.sheets import MOST_ROWS
from tests.harness.api import Api

HOSTILE = '=HYPERLINK("http://x","点")'


async def take(browser: aiohttp.ClientSession, path: str, ids: list[Any]) -> tuple[int, str]:
    async with browser.post(path, json={"ids": ids}) as answer:
        if answer.status == 200:
            assert answer.content_type == "text/csv"
            assert answer.headers["Content-Disposition"].startswith("attachment")
            assert answer.headers["Cache-Control"] == "no-store"
        return answer.status, (await answer.read()).decode()


def rows_of(text: str) -> list[list[str]]:
    assert text.startswith(MARK)
    return list(csv.reader(io.StringIO(text.removeprefix(MARK), newline=""), strict=True))


async def audited(pool: db.Pool, action: str) -> list[tuple[str | None, str, dict[str, str]]]:
    sql = """select p.login, audit.object, audit.detail from audit left join person p on p.id = audit.person_id
             where action = $1 order by audit.id"""
    return [(row["login"], row["object"], row["detail"]) for row in await pool.fetch(sql, action)]


async def customers(api: Api) -> list[int]:
    sql = "insert into customer (number, name, tier, note, changed_at) values ($1, $2, $3, $4, now()) returning id"
    rows = [
        ("+8613800138000", HOSTILE, "big", '他说"投诉",\r\n第二行'),
        ("+442079460000", "＝1+1", "normal", "\t=1"),
        ("01066668888", "张桂芳", "dedicated_line", "@SUM(A1)"),
    ]
    return [await api.pool.fetchval(sql, *row) for row in rows]


async def test_customers_stand_in_the_order_chosen_with_nothing_to_compute(api: Api) -> None:
    first, second, third = await customers(api)
    async with api.as_role(Role.manager) as browser:
        await browser.patch("/api/me", json={"language": "zh-CN"})
        status, text = await take(browser, "/api/customer-exports", [third, first, second, first, 999_999])
        assert status == 200
        assert rows_of(text) == [
            ["号码", "姓名", "级别", "备注"],
            ["01066668888", "张桂芳", "专线客户", "'@SUM(A1)"],
            ["13800138000", f"'{HOSTILE}", "大客户", '他说"投诉",\r\n第二行'],
            ["'+442079460000", "'＝1+1", "普通客户", "'\t=1"],
        ]
        await browser.patch("/api/me", json={"language": "en"})
        assert rows_of((await take(browser, "/api/customer-exports", [first]))[1])[0] == ["Number", "Name", "Tier", "Note"]
    assert await audited(api.pool, "customer.export") == [
        ("manager", "customer", {"rows": "3"}),
        ("manager", "customer", {"rows": "1"}),
    ]


async def test_tickets_are_told_in_words_and_by_the_centres_clock(api: Api) -> None:
    sql = """insert into ticket (number, state, kind, business, received_at, changed_at, customer_number, customer_name,
                                 description, owner_id, confirmed_at, confirmed_by)
             values ('T2026-11-000001', 'open', 'complaint', 'gone', '2026-11-23T18:30:15Z', now(), '+8613800138000', $1,
                     $2, $3, now(), $3) returning id"""
    agent = api.accounts[Role.junior_agent]
    ticket = await api.pool.fetchval(sql, "-张三", "=1+1，" + "长" * 200, agent.id)
    async with api.as_role(Role.manager) as browser:
        await browser.patch("/api/me", json={"language": "en"})
        status, text = await take(browser, "/api/ticket-exports", [ticket])
    assert status == 200
    head, row = rows_of(text)
    told = dict(zip(head, row, strict=True))
    kind = await api.pool.fetchval("select en from category where list = 'kind' and code = 'complaint'")
    assert (told["State"], told["Kind"], told["Business"], told["Customer"]) == ("Open", kind, "gone", "'-张三")
    assert told["What it is about"].startswith("'=1+1")
    assert len(told["What it is about"]) == 121  # as the list shows it
    assert (told["Received"], told["In hand of"], told["Telephone"]) == ("2026-11-24 02:30:15", agent.name, "13800138000")
    assert await audited(api.pool, "ticket.export") == [("manager", "ticket", {"rows": "1"})]


async def test_calls_have_their_times_as_seconds(api: Api) -> None:
    sql = """insert into call (id, number, number_sent, name_sent, dialled, started_at, ended_at, outcome, waited_ms,
                               talked_ms)
             values ($1, '+8613800138000', '', $2, '', '2026-11-23T10:00:00Z', '2026-11-23T10:01:02Z', 'answered', 15000,
                     62345)"""
    await api.pool.execute(sql, "tingsu-1.1", "=cmd|' /C calc'!A0")
    async with api.as_role(Role.administrator) as browser:
        await browser.patch("/api/me", json={"language": "en"})
        status, text = await take(browser, "/api/call-exports", ["tingsu-1.1", "tingsu-1.2"])
    assert status == 200
    head, row = rows_of(text)
    told = dict(zip(head, row, strict=True))
    assert (told["Waited (s)"], told["Talked (s)"], told["Outcome"]) == ("15.000", "62.345", "Answered")
    assert (told["Began"], told["Customer"]) == ("2026-11-23 18:00:00", "'=cmd|' /C calc'!A0")
    assert await audited(api.pool, "call.export") == [("administrator", "call", {"rows": "1"})]


@pytest.mark.parametrize("path", ["/api/customer-exports", "/api/ticket-exports", "/api/call-exports"])
async def test_nobody_else_takes_a_list_away_and_a_refusal_is_no_export(api: Api, path: str) -> None:
    ids = ["tingsu-1.1"] if "call" in path else [1]
    for role in (Role.junior_agent, Role.senior_agent, Role.qa_inspector, Role.shift_leader, Role.department_officer):
        async with api.as_role(role) as browser:
            assert (await take(browser, path, ids))[0] == 403
    async with api.as_role(Role.administrator) as browser:
        for wrong in ([], ids * (MOST_ROWS + 1)):
            status, text = await take(browser, path, wrong)
            assert (status, '"ids"' in text) == (422, True)
    assert not await api.pool.fetchval("select count(*) from audit where action like '%.export'")


async def test_as_many_as_one_file_may_hold_are_in_it(api: Api) -> None:
    sql = """insert into customer (number, name, changed_at)
             select (13800000000 + n)::text, 'x' || n, now() from generate_series(1, $1::int) n returning id"""
    ids = [row["id"] for row in await api.pool.fetch(sql, MOST_ROWS)]
    async with api.as_role(Role.administrator) as browser:
        status, text = await take(browser, "/api/customer-exports", ids[::-1])
    assert status == 200
    assert [row[1] for row in rows_of(text)[1:]] == [f"x{n}" for n in range(MOST_ROWS, 0, -1)]


async def test_what_may_be_done_with_a_list_and_with_each_of_it_is_told(api: Api) -> None:
    await customers(api)

    async def told(role: Role, path: str) -> Any:
        async with api.as_role(role) as browser, browser.get(path) as answer:
            assert answer.status == 200
            return await answer.json()

    keeper, agent, statistician = Role.administrator, Role.junior_agent, Role.statistician
    assert (await told(keeper, "/api/customers"))["may"] == ["create", "import", "export"]
    assert (await told(statistician, "/api/customers"))["may"] == ["export"]
    page = await told(agent, "/api/customers")
    assert (page["may"], page["customers"][0]["may"]) == ([], ["calls"])
    assert (await told(keeper, "/api/customers"))["customers"][0]["may"] == ["change", "calls"]
    assert (await told(Role.data_administrator, "/api/customers"))["customers"][0]["may"] == []
    assert [(await told(role, "/api/tickets"))["may"] for role in (agent, statistician, keeper, Role.manager)] == [
        ["create"], ["export"], ["export"], ["create", "export"],
    ]  # fmt: skip
    assert [(await told(role, "/api/calls"))["may"] for role in (agent, statistician)] == [[], ["export"]]
    assert [(await told(role, "/api/system/aside"))["may"] for role in (agent, keeper)] == [[], ["retry"]]
    people = {one["login"]: one["may"] for one in await told(keeper, "/api/people")}
    assert people.pop("administrator") == ["change"]  # one's own password is changed with the present one
    assert set(map(tuple, people.values())) == {("change", "reset")}
