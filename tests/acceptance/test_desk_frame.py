"""The desk's frame and its lists in a real browser: the place one comes back to, what Ctrl+K finds, the navigation that folds."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.harness.centre import Centre
from tests.harness.desk_driver import Agent, Browser

FAR_DOWN = 900
FOCUSED = "document.activeElement.dataset.ticketId"


@pytest.fixture
async def desk(centre: Centre, tmp_path: Path) -> AsyncIterator[Agent]:
    """An agent with more tickets than a page of the list holds, at a window of 1280 by 720."""
    async with await centre.desk("anna") as office:
        for _ in range(60):
            fields = {"kind": "complaint", "description": "宽带三天不通", "customer_name": "张桂芳"}
            await office.post("/api/tickets", key=secrets.token_hex(16), fields=fields)
    async with Browser(tmp_path / "browser") as browser:
        agent = await browser.log_in(centre.url, "anna", centre.people["anna"].password)
        await agent.page.set_viewport_size({"width": 1280, "height": 720})
        yield agent
        browser.assert_clean()


async def test_who_comes_back_from_a_row_finds_as_much_as_far_down_with_the_row(desk: Agent) -> None:
    await desk.room("tickets")
    await desk.at("view-draft").click()
    await desk.at("more").click()
    row = desk.at("ticket-row").nth(54)
    await expect(row).to_be_attached()
    await desk.page.evaluate(f"document.querySelector('.frame-list').scrollTop = {FAR_DOWN}")
    ticket = await row.get_attribute("data-ticket-id")
    await row.click()
    await expect(desk.at("ticket-form")).to_be_visible()
    assert "张桂芳" in await desk.page.title()
    await desk.page.go_back()
    back = desk.page.locator(f"[data-ticket-id='{ticket}']")
    await expect(back).to_be_focused()
    await expect(back).to_be_in_viewport()
    await desk.page.keyboard.press("ArrowUp")
    assert await desk.page.evaluate(FOCUSED) not in {None, ticket}
    await desk.page.keyboard.press("Home")
    await expect(desk.at("ticket-row").first).to_be_focused()
    heights = await desk.page.evaluate(
        "[...new Set([...document.querySelectorAll('tr[data-ticket-id]')].map((row) => row.offsetHeight))]"
    )
    assert heights == [40]


async def test_a_filter_stands_in_the_address_and_can_be_taken_off(desk: Agent) -> None:
    await desk.room("tickets")
    await desk.at("view-draft").click()
    await desk.at("search").fill("没有这样的内容")
    await desk.page.wait_for_url("**q=**")
    await expect(desk.at("ticket-row")).to_have_count(0)
    await desk.reload()
    await expect(desk.at("search")).to_have_value("没有这样的内容")
    await desk.page.get_by_role("group", name="筛选条件").get_by_role("button").click()
    await expect(desk.at("ticket-row").first).to_be_visible()


async def test_ctrl_k_goes_finds_by_initials_and_does(desk: Agent) -> None:
    await desk.at("state-switch").wait_for()
    await desk.page.keyboard.press("Control+k")
    await desk.at("palette-entry").fill("zgf")
    await expect(desk.at("palette-item").first).to_contain_text("张桂芳")  # it is what Enter takes
    await desk.assert_accessible()
    await desk.page.keyboard.press("Enter")
    await expect(desk.at("ticket-form")).to_be_visible()
    await desk.page.keyboard.press("Control+k")
    await desk.at("palette-entry").fill("kh")
    await expect(desk.at("palette-item").first).to_contain_text("客户")
    await desk.page.keyboard.press("Enter")
    await desk.page.wait_for_url("**/customers")
    await desk.page.keyboard.press("Control+k")
    await desk.at("palette-entry").fill("会议")
    await desk.at("palette-item").filter(has_text="会议").first.click()  # not what was found before
    await desk.state("paused", "meeting")
    await desk.away()


async def test_the_navigation_folds_remembers_it_and_has_only_rooms_one_may_enter(desk: Agent) -> None:
    navigation = desk.page.get_by_role("navigation")
    await expect(navigation).to_have_css("width", "200px")
    await expect(desk.at("nav-people")).to_have_count(0)
    assert await navigation.evaluate("(it) => it.scrollHeight <= it.clientHeight")
    await desk.at("nav-fold").click()
    await expect(navigation).to_have_css("width", "56px")
    await desk.assert_accessible()
    await desk.reload()
    await expect(navigation).to_have_css("width", "56px")
    await desk.at("nav-fold").click()
    await expect(navigation).to_have_css("width", "200px")


async def test_a_dark_and_compact_desk_can_be_read_and_stays_so(desk: Agent) -> None:
    await desk.at("account").click()
    await desk.at("theme").locator("[data-choice=dark]").click()
    await desk.at("density").locator("[data-choice=compact]").click()
    await desk.assert_accessible()
    await desk.reload()
    assert await desk.page.evaluate("({...document.documentElement.dataset})") == {"theme": "dark", "density": "compact"}
    for room in ("desk", "calls", "customers", "tickets"):
        await desk.room(room)
        await desk.page.wait_for_load_state("networkidle")
        await desk.assert_accessible()
    await desk.at("view-draft").click()
    await desk.at("ticket-row").first.click()
    await expect(desk.at("ticket-form")).to_be_visible()
    await desk.assert_accessible()
    await desk.at("discard").click()
    await expect(desk.page.get_by_role("dialog")).to_be_visible()
    await desk.assert_accessible()


async def test_the_way_back_on_a_ticket_leads_to_its_row_in_the_list_as_it_was_left(desk: Agent) -> None:
    await desk.room("tickets")
    await desk.at("view-draft").click()
    row = desk.at("ticket-row").nth(3)
    ticket = await row.get_attribute("data-ticket-id")
    await row.click()
    await expect(desk.at("ticket-form")).to_be_visible()
    await desk.at("detail-back").click()
    await expect(desk.at("view-draft")).to_have_attribute("aria-pressed", "true")
    await expect(desk.page.locator(f"[data-ticket-id='{ticket}']")).to_be_focused()


async def test_a_draft_on_the_desk_says_whose_it_is_after_a_reload_too(desk: Agent) -> None:
    await desk.at("draft-row").first.click()
    await expect(desk.at("pop-caller")).to_contain_text("张桂芳")
    await desk.reload()
    await expect(desk.at("pop-caller")).to_contain_text("张桂芳")
    await desk.assert_accessible()


async def test_what_is_due_stands_on_the_desk_and_on_its_ticket(centre: Centre, desk: Agent) -> None:
    fields = {
        "kind": "complaint",
        "business": "data",
        "nature": "tariff",
        "description": "多收了钱",
        "customer_number": "13800138000",
    }
    async with await centre.desk("anna") as office:
        draft = await office.post("/api/tickets", key=secrets.token_hex(16), fields=fields)
        case = await office.post(f"/api/tickets/{draft['id']}/confirm", version=draft["version"])
    await desk.page.goto(centre.url)
    due = desk.page.locator(f"[data-testid=due-row][data-ticket-id='{case['id']}']")
    await expect(due).to_contain_text(case["number"])
    await due.get_by_role("link").click()
    await expect(desk.at("ticket-number")).to_have_text(case["number"])
    await expect(desk.page.locator("[data-testid=ticket-deadline][data-rule=N2]")).to_be_visible()
    await desk.page.set_viewport_size({"width": 1920, "height": 1400})
    head, sheet = [await desk.at(thing).bounding_box() for thing in ("detail-back", "ticket-form")]
    assert head
    assert sheet
    assert sheet["y"] - head["y"] < 80, "the head of a tall page takes more than its own height"
    async with await centre.desk("anna") as office:
        await office.patch(f"/api/tickets/{case['id']}", version=case["version"], fields={"answer": "已退费"})
        await office.post(f"/api/tickets/{case['id']}/close", version=case["version"] + 1, closing="confirmed")
    await expect(desk.page.locator("[data-testid=ticket-deadline][data-standing=stopped]")).to_be_visible()
    await desk.page.go_back()
    await expect(desk.at("the-day")).to_be_visible()
    await expect(due).to_have_count(0)
