"""A work order through all hands in real browsers (SPEC A6, N4, O8): dispatched, sent back, written anew, approved, refused by
the department, upheld, accepted, returned, settled.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from tests.demo.desk import Desk
from tests.harness.centre import Centre
from tests.harness.desk_driver import Agent, Browser
from tests.harness.hall import card, step

CASE = {
    "kind": "complaint",
    "business": "data",
    "nature": "fault_repair",
    "description": "宽带三天不通",
    "customer_name": "张桂芳",
}
NETWORK = {"code": "network_repair", "zh": "网络维护部", "en": "Network repair", "hours": 24, "email": None}


@dataclass(frozen=True)
class Hands:
    """Who works on it, each in a browser of their own, and the case."""

    junior: Agent
    senior: Agent
    officer: Agent
    ticket: dict[str, Any]


async def network(admin: Desk) -> int:
    """The department, with a catalogue that sends it every complaint about data."""
    there = await admin.get("/api/departments")
    known = [one for one in there["departments"] if one["code"] == NETWORK["code"]]
    if not known:
        rules = [{"department": NETWORK["code"], "kind": "complaint", "business": "data"}]
        kept = [{name: value for name, value in one.items() if name != "id"} for one in there["departments"]]
        there = await admin.put("/api/departments", number=there["number"], departments=[*kept, NETWORK], rules=rules)
        known = [one for one in there["departments"] if one["code"] == NETWORK["code"]]
    return int(known[0]["id"])


async def case(centre: Centre, login: str) -> dict[str, Any]:
    async with await centre.desk(login) as desk:
        made = await desk.post("/api/tickets", key=f"orders-{login}-0001", fields=CASE)
        if made["state"] != "draft":
            return dict(made)
        return dict(await desk.post(f"/api/tickets/{made['id']}/confirm", version=made["version"]))


@pytest.fixture
async def hands(centre: Centre, tmp_path: Path) -> AsyncIterator[Hands]:
    people = {
        "lan": ("junior_agent", None),
        "zhao": ("senior_agent", None),
        "nie": ("department_officer", await network(centre.admin)),
    }
    for login, (role, department) in people.items():
        await centre.hire(login, role=role, department=department)
    ticket = await case(centre, "lan")
    async with AsyncExitStack() as stack:
        browsers = [await stack.enter_async_context(Browser(tmp_path / login, pictures=tmp_path)) for login in people]
        agents = [
            await browser.log_in(centre.url, login, centre.people[login].password)
            for browser, login in zip(browsers, people, strict=True)
        ]
        yield Hands(*agents, ticket)
        for browser in browsers:
            browser.assert_clean()


async def test_an_order_goes_through_all_hands(centre: Centre, hands: Hands) -> None:
    junior, senior, officer = hands.junior, hands.senior, hands.officer
    await junior.page.goto(f"{centre.url}/tickets/{hands.ticket['id']}")
    await junior.at("order-dispatch").click()
    await expect(junior.page.get_by_text("按派单目录建议")).to_be_visible()
    await expect(junior.at("order-entry-task")).to_have_value(CASE["description"])
    await junior.assert_accessible()
    await junior.at("order-send").click()
    await expect(card(junior, "proposed")).to_be_visible()

    await expect(senior.at("review-count")).to_have_text("1")  # by itself, wherever the senior is
    await senior.room("reviews")
    await expect(senior.at("review-paper")).to_contain_text(CASE["description"])
    await senior.assert_accessible()
    await senior.at("review-send-back").click()
    await expect(senior.at("review-reason")).to_have_attribute("aria-invalid", "true")  # why it goes back is for its author
    await senior.at("review-reason").fill("写明客户要求")
    await senior.at("review-send-back").click()
    await expect(senior.page.get_by_text("没有待审核的文书。")).to_be_visible()
    await expect(senior.at("review-count")).to_have_count(0)

    await expect(junior.page.locator("[data-testid=order-paper][data-state=sent_back]")).to_contain_text(
        "写明客户要求"
    )  # by itself
    await step(junior, "proposed", "rewrite", task="今天修通宽带并回电")
    await senior.at("review-approve").click()
    await expect(card(junior, "issued")).to_contain_text("今天修通宽带并回电")

    await expect(officer.page).to_have_url(f"{centre.url}/orders")
    await expect(card(officer, "issued")).to_contain_text("张桂芳")
    await officer.assert_accessible()
    await step(officer, "issued", "refuse", reason="是用户设备的问题")
    await senior.page.goto(f"{centre.url}/tickets/{hands.ticket['id']}")
    await step(senior, "refused", "uphold", reason="线路测试不通，归网络维护部")
    await step(officer, "issued", "accept")
    await step(officer, "accepted", "return", answer="已更换光猫，客户确认恢复")
    await step(junior, "returned", "settle", reason="回访满意")
    await expect(card(junior, "done")).to_contain_text("已更换光猫")
    await officer.at("orders-over").click()
    await expect(card(officer, "done")).to_be_visible()


async def test_departments_are_added_saved_and_had_back(centre: Centre, tmp_path: Path) -> None:
    await network(centre.admin)
    async with Browser(tmp_path / "admin", pictures=tmp_path) as browser:
        admin = await browser.log_in(centre.url, "admin", centre.people["admin"].password)
        await admin.room("departments")
        await expect(admin.at("department-row").first).to_be_visible()
        rows = await admin.at("department-row").count()
        await admin.at("department-add").click()
        await admin.at("departments-save").click()
        await expect(admin.page.locator("[aria-invalid=true]").first).to_be_visible()  # no code, no name
        fresh = admin.at("department-row").last
        for place, text in enumerate(("billing_x", "计费中心", "Billing")):
            await fresh.locator("input").nth(place).fill(text)
        await admin.at("departments-save").click()
        await expect(admin.page.get_by_text("已保存").first).to_be_visible()
        await expect(admin.at("department-row")).to_have_count(rows + 1)
        await admin.assert_accessible()
        await admin.page.get_by_role("button", name="恢复到这一版").first.click()
        await admin.at("question-yes").click()
        await expect(admin.at("department-row").last.locator("input[type=checkbox]")).not_to_be_checked()
        browser.faults = [fault for fault in browser.faults if "422" not in fault]  # the refusal that was asked for
        browser.assert_clean()
