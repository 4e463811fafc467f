"""Lists of thousands of rows in a real browser: what is drawn, the keyboard, the place one comes back to, what others do."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Route, expect

from tests.harness.centre import Centre
from tests.harness.desk_driver import Agent, Browser
from tests.harness.patience import seconds, until

MANY = 3_000
ROW_PX = 40
COMPACT_PX = 32
DRAWN_AT_MOST = 120
LIMIT_MS = seconds(10) * 1000
FOCUSED = "document.activeElement.dataset.ticketId ?? document.activeElement.tagName"
HEIGHTS = "[...new Set([...document.querySelectorAll('tr[data-ticket-id]')].map((row) => row.offsetHeight))]"
PLACE = "document.querySelector('.frame-list').scrollTop"
TO_THE_END = "(it) => { it.scrollTop = it.scrollHeight }"
SEED = """
insert into ticket (state, number, owner_id, created_by, received_at, changed_at, confirmed_at,
                    kind, business, nature, description, customer_name)
select 'open', 'T2024-01-' || lpad(n::text, 6, '0'), $1, $1, '2024-01-01 00:00Z'::timestamptz + n * interval '1 minute',
       '2024-02-01 00:00Z', '2024-02-01 00:00Z', 'complaint', 'data', 'tariff', '第 ' || n || ' 张单', '客户' || n
from generate_series(1, $2) n
"""
JOURNAL = """
insert into ticket_journal (ticket_id, seq, at, person_id, action, changes)
select id, version, received_at, created_by, 'create', '{}' from ticket
"""


@pytest.fixture(scope="module")
async def crowded(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Centre]:
    """A centre with thousands of open tickets, all of them one agent's."""
    async with Centre(tmp_path_factory.mktemp("crowded")) as centre:
        dora = await centre.hire("dora", name="朵拉")
        await centre.query(SEED, dora.id, MANY)
        await centre.query(JOURNAL)  # what is done with one of them goes on behind it
        yield centre


@pytest.fixture
async def desk(crowded: Centre, tmp_path: Path) -> AsyncIterator[Agent]:
    async with Browser(tmp_path / "browser", pictures=tmp_path) as browser:
        agent = await log_in(crowded, browser)
        yield agent
        browser.assert_clean()


async def scroll_to(desk: Agent, number: int) -> Locator:
    """Down as people do, as far as there are rows just then, until that ticket is there: the newest has the highest number."""
    row = numbered(desk, number)

    async def look() -> bool:
        await desk.page.locator(".frame-list").evaluate("(it, top) => { it.scrollTop = top }", (MANY - number) * ROW_PX)
        return await row.count() == 1

    await until(look, f"the row of ticket {number}", 30)
    return row


async def log_in(centre: Centre, browser: Browser) -> Agent:
    """Dora's list of open tickets, at a window of 1280 by 720."""
    agent = await browser.log_in(centre.url, "dora", centre.people["dora"].password)
    await agent.page.set_viewport_size({"width": 1280, "height": 720})
    await agent.page.goto(f"{centre.url}/tickets?view=open")
    await expect(agent.at("ticket-row").first).to_be_visible()
    return agent


def numbered(desk: Agent, number: int) -> Locator:
    return desk.at("ticket-row").filter(has_text=f"T2024-01-{number:06d}")


async def test_the_whole_list_is_reached_by_scrolling_and_only_what_is_in_sight_is_drawn(desk: Agent) -> None:
    await expect(desk.page.get_by_text("已显示 50 条，共 1,000+ 条")).to_be_visible()
    await scroll_to(desk, 1)
    await expect(numbered(desk, 1)).to_be_in_viewport()
    await expect(desk.page.get_by_text(f"共 {MANY:,} 条")).to_be_visible()
    await expect(desk.at("more")).to_have_count(0)
    assert await desk.at("ticket-row").count() <= DRAWN_AT_MOST
    await desk.assert_accessible()


async def test_keys_go_through_all_rows_and_the_focus_is_never_lost(desk: Agent) -> None:
    await scroll_to(desk, 1)
    await desk.page.locator("tr[data-stop]").focus()
    first = await desk.page.evaluate(FOCUSED)
    await desk.page.keyboard.press("End")
    last = numbered(desk, 1)
    await expect(last).to_be_focused()
    await expect(last).to_be_in_viewport(ratio=1)
    await desk.page.keyboard.press("ArrowUp")
    await expect(numbered(desk, 2)).to_be_focused()
    await desk.page.keyboard.press("Home")
    await expect(desk.page.locator(f"[data-ticket-id='{first}']")).to_be_focused()
    await desk.page.keyboard.press("PageDown")
    assert await desk.page.evaluate(FOCUSED) not in {first, "BODY"}
    focused = await desk.page.evaluate(FOCUSED)
    await desk.page.locator(".frame-list").evaluate(TO_THE_END)
    await expect(last).to_be_in_viewport()
    assert await desk.page.evaluate(FOCUSED) == focused


async def test_who_comes_back_from_far_down_stands_where_they_stood(desk: Agent) -> None:
    row = await scroll_to(desk, 1500)
    ticket = await row.get_attribute("data-ticket-id")
    await row.scroll_into_view_if_needed()
    await row.click()
    await expect(desk.at("ticket-form")).to_be_visible()
    await desk.page.go_back()
    back = desk.page.locator(f"[data-ticket-id='{ticket}']")
    await expect(back).to_be_focused()
    await expect(back).to_be_in_viewport()
    await desk.page.keyboard.press("ArrowDown")
    await expect(numbered(desk, 1499)).to_be_focused()


async def test_a_compact_list_has_lower_rows_and_keeps_the_place(desk: Agent) -> None:
    row = await scroll_to(desk, 1500)
    await row.scroll_into_view_if_needed()
    assert await desk.page.evaluate(HEIGHTS) == [ROW_PX]
    await desk.at("compact").click()
    await expect(desk.at("compact")).to_have_attribute("aria-pressed", "true")
    await expect(row).to_be_in_viewport()
    assert await desk.page.evaluate(HEIGHTS) == [COMPACT_PX]
    await desk.reload()
    await expect(desk.at("ticket-row").first).to_be_visible()
    assert await desk.page.evaluate(HEIGHTS) == [COMPACT_PX]
    await desk.assert_accessible()


async def test_what_is_in_sight_far_down_follows_others_and_nothing_jumps(crowded: Centre, desk: Agent) -> None:
    row = await scroll_to(desk, 700)
    ticket = int(await row.get_attribute("data-ticket-id") or 0)
    await row.scroll_into_view_if_needed()
    place, stands = await desk.page.evaluate(PLACE), await row.bounding_box()
    async with await crowded.desk("dora") as dora:
        version = (await dora.get(f"/api/tickets/{ticket}"))["version"]
        await dora.patch(f"/api/tickets/{ticket}", version=version, fields={"description": "说法变了"})
        await expect(row).to_contain_text("说法变了", timeout=LIMIT_MS)
        fields = {"kind": "complaint", "business": "data", "nature": "tariff", "description": "新来的", "answer": "已答复"}
        made = await dora.post("/api/tickets", key=secrets.token_hex(16), fields=fields)
        made = await dora.post(f"/api/tickets/{made['id']}/confirm", version=made["version"])
    await expect(desk.at("fresh")).to_be_visible(timeout=LIMIT_MS)
    assert (await desk.page.evaluate(PLACE), await row.bounding_box()) == (place, stands)
    await desk.at("fresh").click()
    await expect(desk.at("ticket-row").filter(has_text="新来的")).to_be_in_viewport()
    async with await crowded.desk("dora") as dora:
        await dora.post(f"/api/tickets/{made['id']}/close", version=made["version"], closing="confirmed")


async def test_the_server_sorts_by_mouse_and_by_keys_and_the_order_is_kept_on_the_way_back(desk: Agent) -> None:
    first = desk.at("ticket-row").first
    head = desk.page.get_by_role("columnheader", name="编号")
    await desk.at("sort-received").click()
    await expect(first).to_contain_text("客户1", timeout=LIMIT_MS)
    await expect(desk.page.get_by_role("columnheader", name="受理")).to_have_attribute("aria-sort", "ascending")
    await desk.at("sort-number").focus()
    await desk.page.keyboard.press("Enter")
    await expect(head).to_have_attribute("aria-sort", "descending")
    await desk.page.keyboard.press("Enter")
    await expect(head).to_have_attribute("aria-sort", "ascending")
    await expect(first).to_contain_text("T2024-01-000001", timeout=LIMIT_MS)
    await expect(desk.at("sort-number")).to_be_focused()
    await desk.assert_accessible()
    await first.click()
    await expect(desk.at("ticket-form")).to_be_visible()
    await desk.page.go_back()
    await expect(numbered(desk, 1)).to_be_focused()
    await expect(head).to_have_attribute("aria-sort", "ascending")


async def test_columns_and_views_are_the_persons_at_whichever_desk(crowded: Centre, desk: Agent, tmp_path: Path) -> None:
    heads = desk.page.get_by_role("columnheader")
    await desk.at("columns").click()
    await expect(desk.at("column-number")).to_be_focused()
    await desk.at("column-customer").uncheck()
    await expect(heads.filter(has_text="客户")).to_have_count(0)
    await desk.page.get_by_role("button", name="“内容”往前").click()
    await desk.assert_accessible()
    await desk.page.keyboard.press("Escape")
    await expect(desk.at("columns")).to_be_focused()
    await desk.at("sort-received").click()
    await expect(desk.at("ticket-row").first).to_contain_text("第 1 张单", timeout=LIMIT_MS)
    await desk.at("saved-views").click()
    await desk.at("view-name").fill("最久未结")
    await desk.at("view-save").click()
    await expect(desk.at("saved-view")).to_have_text("最久未结")
    await desk.page.get_by_role("button", name="删除视图").click()
    await expect(desk.at("saved-view")).to_have_count(0)
    await expect(desk.at("view-restore")).to_be_focused()
    await desk.at("view-restore").click()
    await expect(desk.at("saved-view")).to_have_text("最久未结")
    await desk.assert_accessible()
    async with await crowded.desk("dora") as dora:

        async def are_kept() -> bool:
            kept = (await dora.get("/api/me/lists"))["columns"]
            columns = {column["key"]: (place, column["shown"]) for one in kept for place, column in enumerate(one["columns"])}
            return columns.get("customer", (0, True))[1] is False and columns["summary"] < columns["class"]

        await until(are_kept, "the columns as they were chosen", 30)
    async with Browser(tmp_path / "another", pictures=tmp_path) as browser:
        another = await log_in(crowded, browser)
        await expect(another.page.get_by_role("columnheader", name="客户")).to_have_count(0)
        titles = [title.strip() for title in await another.page.get_by_role("columnheader").all_inner_texts()]
        assert titles[:4] == ["编号", "状态", "内容", "业务 · 性质"]
        await another.at("saved-views").click()
        await another.at("saved-view").click()
        await expect(another.at("ticket-row").first).to_contain_text("第 1 张单", timeout=LIMIT_MS)
        await expect(another.at("saved-views")).to_have_text("最久未结")
        browser.assert_clean()
    await desk.page.get_by_role("button", name="删除视图").click()
    await expect(desk.at("saved-view")).to_have_count(0)
    await expect(desk.at("view-restore")).to_be_focused()
    async with await crowded.desk("dora") as dora:
        await dora.put("/api/me/lists/tickets/columns", columns=[])


async def wide(desk: Agent) -> Locator:
    """The window as wide as a pane beside the list needs; the pane."""
    await desk.page.set_viewport_size({"width": 1920, "height": 1080})
    pane = desk.at("preview")
    await expect(pane).to_be_visible()
    return pane


def field(fields: Locator, name: str) -> Locator:
    return fields.locator(f"dt:text-is('{name}') + dd")


async def test_below_1600_px_there_is_no_pane_beside_the_list(desk: Agent) -> None:
    await desk.page.set_viewport_size({"width": 1599, "height": 900})
    await expect(desk.at("preview-switch")).to_have_count(0)
    await expect(desk.at("preview")).to_have_count(0)
    await desk.page.set_viewport_size({"width": 1600, "height": 900})
    await expect(desk.at("preview")).to_be_visible()


async def test_the_pane_follows_the_keys_and_enter_opens(desk: Agent) -> None:
    pane = await wide(desk)
    await expect(pane).to_contain_text("选中一行")
    await desk.assert_accessible()
    row = desk.at("ticket-row").first
    number = await row.get_by_role("link").inner_text()
    await row.locator("td").last.click()
    await expect(pane.get_by_role("heading")).to_have_text(number)
    await expect(row).to_have_attribute("aria-current", "true")
    await desk.page.keyboard.press("ArrowDown")
    await desk.page.keyboard.press("ArrowDown")
    third = desk.at("ticket-row").nth(2)
    number = await third.get_by_role("link").inner_text()
    await expect(pane.get_by_role("heading")).to_have_text(number)
    await expect(field(pane, "客户姓名")).to_have_text(f"客户{int(number[-6:])}")
    await expect(pane.locator("input, textarea, select")).to_have_count(0)
    await desk.assert_accessible()
    await desk.page.keyboard.press("Enter")
    await expect(desk.at("ticket-number")).to_have_text(number)
    await desk.page.go_back()
    await expect(third).to_be_focused()
    await expect(pane.get_by_role("heading")).to_have_text(number)


async def test_what_another_changes_is_changed_in_the_pane(crowded: Centre, desk: Agent) -> None:
    pane = await wide(desk)
    row = desk.at("ticket-row").nth(5)
    ticket = await row.get_attribute("data-ticket-id")
    await row.locator("td").last.click()
    await expect(field(pane, "客户所述")).to_contain_text("张单")
    async with await crowded.desk("dora") as dora:
        version = (await dora.get(f"/api/tickets/{ticket}"))["version"]
        await dora.patch(f"/api/tickets/{ticket}", version=version, fields={"answer": "已答复客户"})
    await expect(field(pane, "当场答复")).to_have_text("已答复客户", timeout=LIMIT_MS)
    assert await pane.get_attribute("data-row") == ticket


async def test_who_closed_the_pane_finds_it_closed_until_they_open_it_again(desk: Agent) -> None:
    pane = await wide(desk)
    row = desk.at("ticket-row").nth(1)
    await row.locator("td").last.click()
    await expect(pane.get_by_role("heading")).to_be_visible()
    await desk.page.keyboard.press("Escape")
    await expect(pane).to_have_count(0)
    await expect(row).to_be_focused()
    await desk.page.reload()
    await expect(desk.at("preview-switch")).to_have_attribute("aria-pressed", "false")
    await expect(pane).to_have_count(0)
    await desk.at("preview-switch").click()
    await expect(pane).to_be_visible()


async def drafts(centre: Centre, count: int) -> list[int]:
    """So many new drafts of Dora's."""
    async with await centre.desk("dora") as dora:
        fields = {"kind": "complaint", "description": "成批"}
        return [(await dora.post("/api/tickets", key=secrets.token_hex(16), fields=fields))["id"] for _ in range(count)]


def seen_late(route: Route, ticket: int) -> dict[str, Any]:
    """The question as if somebody else had been first with this ticket: it was seen in another version."""
    asked: dict[str, Any] = route.request.post_data_json
    tickets = [{**one, "version": one["version"] + (one["id"] == ticket)} for one in asked["tickets"]]
    return {**asked, "tickets": tickets}


def box(desk: Agent, ticket: int | str | None) -> Locator:
    return desk.page.locator(f"[data-ticket-id='{ticket}']").get_by_test_id("choose")


async def chosen(desk: Agent, count: int) -> None:
    await expect(desk.at("chosen")).to_have_attribute("data-count", str(count))


async def test_rows_are_chosen_by_mouse_and_keys_and_stay_chosen_wherever_one_scrolls(desk: Agent) -> None:
    rows = desk.at("ticket-row")
    ids = [await rows.nth(n).get_attribute("data-ticket-id") for n in range(6)]
    place = await rows.nth(4).bounding_box()
    await box(desk, ids[1]).click()
    await box(desk, ids[3]).click(modifiers=["Shift"])
    await chosen(desk, 3)
    assert await rows.nth(4).bounding_box() == place
    await desk.page.keyboard.press("ArrowDown")
    await desk.page.keyboard.press("x")
    await desk.page.keyboard.press("Shift+ArrowDown")
    await chosen(desk, 5)
    await box(desk, ids[4]).click(modifiers=["Shift"])
    await expect(box(desk, ids[4])).to_be_checked()
    await chosen(desk, 5)
    await desk.assert_accessible()
    await scroll_to(desk, 700)
    await chosen(desk, 5)
    await desk.page.locator("tr[data-stop]").focus()
    await desk.page.keyboard.press("Home")
    await expect(box(desk, ids[2])).to_be_checked()
    await expect(box(desk, ids[0])).not_to_be_checked()
    await desk.page.keyboard.press("Control+a")
    await expect(desk.at("chosen")).to_contain_text("已载入的全部，后面还有")
    assert int(await desk.at("chosen").get_attribute("data-count") or 0) >= 2_300
    await expect(desk.at("bulk-discard")).to_have_count(0)  # a case is not discarded, so neither are many
    await desk.page.keyboard.press("Escape")
    await expect(desk.at("chosen")).to_have_count(0)


async def test_chosen_drafts_are_discarded_together_each_with_its_answer_and_undone(crowded: Centre, desk: Agent) -> None:
    ids = await drafts(crowded, 3)
    await desk.page.goto(f"{crowded.url}/tickets?view=draft")
    for ticket in ids:
        await box(desk, ticket).click()
    await chosen(desk, 3)
    await desk.page.route("**/api/ticket-steps", lambda route: route.continue_(post_data=seen_late(route, ids[0])), times=1)
    await desk.at("bulk-discard").click()
    outcome = desk.at("bulk-outcome")
    await expect(outcome).to_contain_text("已作废 2 张")
    await expect(outcome).to_contain_text("1 张未处理：别人刚改过这张单")
    await expect(desk.at("chosen")).to_have_count(0)
    await desk.assert_accessible()
    states = "select state from ticket where id = any($1) order by id"
    assert [row["state"] for row in await crowded.query(states, ids)] == ["draft", "discarded", "discarded"]
    await desk.at("bulk-undo").click()
    await expect(outcome).to_contain_text("已恢复 2 张")
    assert [row["state"] for row in await crowded.query(states, ids)] == ["draft", "draft", "draft"]
