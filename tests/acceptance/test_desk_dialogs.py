"""Dialogs of a case in real browsers: nothing that is typed into one is lost, neither by a click beside it nor by what becomes
of the case meanwhile; and a step is taken with what its person was shown.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, expect

from tests.harness.centre import Centre
from tests.harness.desk_driver import Agent, Browser

CASE = {
    "kind": "complaint",
    "business": "information",
    "nature": "tariff",
    "description": "信息服务多收了钱",
    "customer_name": "孙玉兰",
    "customer_number": "13600136000",
}
BILLING, SHOPS = "dialogs_billing", "dialogs_shops"
DEPARTMENTS = [
    {"code": BILLING, "zh": "对话计费部", "en": "Dialogs billing", "hours": 24, "email": None},
    {"code": SHOPS, "zh": "对话营业部", "en": "Dialogs shops", "hours": 72, "email": None},
]
RULES = [
    {"department": BILLING, "kind": "complaint", "business": "information", "nature": "tariff", "hours": 4},
    {"department": SHOPS, "business": "information", "hours": 48},
]
Json = dict[str, Any]


async def departments(centre: Centre) -> dict[str, int]:
    """Both, and a catalogue that sends what information services cost to the first; their ids by code."""
    there = await centre.admin.get("/api/departments")
    if not any(one["code"] == BILLING for one in there["departments"]):
        kept = [{name: value for name, value in one.items() if name != "id"} for one in there["departments"]]
        rules = [{name: value for name, value in one.items() if name != "id"} for one in there["rules"]]
        there = await centre.admin.put(
            "/api/departments", number=there["number"], departments=[*kept, *DEPARTMENTS], rules=[*rules, *RULES]
        )
    return {one["code"]: one["id"] for one in there["departments"]}


async def case(centre: Centre, key: str) -> Json:
    async with await centre.desk("ping") as desk:
        made = await desk.post("/api/tickets", key=f"dialogs-{key}", fields=CASE)
        return dict(await desk.post(f"/api/tickets/{made['id']}/confirm", version=made["version"]))


@pytest.fixture
async def three(centre: Centre, tmp_path: Path) -> AsyncIterator[tuple[Agent, Agent, Agent]]:
    """A junior, a senior, and whoever works for the first department, each in a browser of their own."""
    ids = await departments(centre)
    people = {"ping": ("junior_agent", None), "zhu": ("senior_agent", None), "duan": ("department_officer", ids[BILLING])}
    for login, (role, department) in people.items():
        await centre.hire(login, role=role, department=department)
    async with AsyncExitStack() as stack:
        browsers = [await stack.enter_async_context(Browser(tmp_path / login, pictures=tmp_path)) for login in people]
        agents = [
            await browser.log_in(centre.url, login, centre.people[login].password)
            for browser, login in zip(browsers, people, strict=True)
        ]
        yield agents[0], agents[1], agents[2]
        for browser in browsers:
            browser.faults = [fault for fault in browser.faults if "409" not in fault]  # what has changed is refused once
            browser.assert_clean()


def card(desk: Agent, state: str) -> Locator:
    """The order, once it stands so."""
    return desk.page.locator(f"[data-testid=order-card][data-state={state}]")


async def click_beside(desk: Agent) -> None:
    """Where nothing is but the shade around the dialog, as one does it by mistake."""
    await desk.page.mouse.click(8, 450)


async def test_nothing_typed_into_a_dialog_is_lost(centre: Centre, three: tuple[Agent, Agent, Agent]) -> None:
    junior, senior, officer = three
    ticket = await case(centre, "one-0001")
    await junior.page.goto(f"{centre.url}/tickets/{ticket['id']}")
    await _keeps_words_apart(junior)
    await _is_not_overtaken_by_its_own_case(junior)
    await senior.room("reviews")
    await senior.at("review-row").filter(has_text=ticket["number"]).click()  # whatever else waits there
    await expect(senior.at("review-paper")).to_contain_text(ticket["number"])
    await senior.at("review-approve").click()
    await expect(card(junior, "issued")).to_be_visible()
    await _is_not_overtaken_by_somebody_else(centre, junior, officer)
    await _goes_to_no_department_that_refused(centre, senior, officer, ticket)


async def _keeps_words_apart(junior: Agent) -> None:
    """A click beside a dialog closes none, and words that were meant for one step are not sent with the next."""
    await junior.at("close-ticket").click()
    await junior.at("close-answer").fill("已退款")
    await click_beside(junior)
    await expect(junior.at("close-answer")).to_have_value("已退款")
    await junior.page.keyboard.press("Escape")
    await expect(junior.at("close-answer")).to_have_count(0)
    await junior.at("hand-on").click()
    await junior.at("hand-hand_over").click()
    await expect(junior.at("hand-reason")).to_have_value("")
    await junior.at("hand-reason").fill("太难")
    await click_beside(junior)
    await expect(junior.at("hand-reason")).to_have_value("太难")
    await junior.page.keyboard.press("Escape")
    await expect(junior.at("hand-reason")).to_have_count(0)
    await junior.at("acknowledge").click()
    await expect(junior.at("step-note")).to_have_value("")
    await junior.at("step-note").fill("打错了")
    await junior.page.keyboard.press("Escape")
    await expect(junior.at("step-note")).to_have_count(0)
    await junior.at("acknowledge").click()
    await expect(junior.at("step-note")).to_have_value("打错了")
    await junior.at("typing-drop").click()
    await expect(junior.at("step-note")).to_have_value("")
    await junior.at("ask-yes").click()
    await expect(junior.at("ask-yes")).to_have_count(0)


async def _is_not_overtaken_by_its_own_case(junior: Agent) -> None:
    """What is typed into the case is saved before it is dispatched; a department has the hours of its own rule."""
    await junior.field("address").fill("中山路 8 号")
    await junior.at("order-dispatch").click()
    hours = junior.at("order-entry-hours")
    await expect(hours).to_have_value("4")
    await expect(junior.page.get_by_text("按派单目录建议")).to_be_visible()
    department = junior.at("order-entry-department")
    listed = await junior.choices(department)
    shops = await listed.filter(has_text="对话营业部").get_attribute("data-value")
    billing = await department.get_attribute("data-value")
    assert shops
    assert billing
    await junior.choose(department, shops)
    await expect(hours).to_have_value("48")
    await expect(junior.page.get_by_text("按派单目录建议")).to_have_count(0)
    await junior.choose(department, billing)
    await expect(hours).to_have_value("4")
    await junior.at("order-send").click()
    await expect(card(junior, "proposed")).to_be_visible()
    await expect(junior.at("order-send")).to_have_count(0)


async def _is_not_overtaken_by_somebody_else(centre: Centre, junior: Agent, officer: Agent) -> None:
    """Meanwhile the centre chases: the department sees it, keeps what it typed, and sends it with its next press."""
    await card(officer, "issued").get_by_test_id("order-accept").click()
    await card(officer, "accepted").get_by_test_id("order-return").click()
    await officer.at("order-entry-answer").fill("已核实，多收 30 元，已退")
    number = await card(officer, "accepted").get_attribute("data-order-id")
    async with await centre.desk("zhu") as desk:
        order = await desk.get(f"/api/orders/{number}")
        wanted = {"version": order["version"], "task": "今天退款", "urgent": True, "until": None, "reason": "催"}
        await desk.post(f"/api/orders/{number}/chase", **wanted)
    await officer.at("order-send").click()
    await expect(officer.at("newer")).to_contain_text("今天退款")
    await expect(officer.at("order-entry-answer")).to_have_value("已核实，多收 30 元，已退")
    await officer.assert_accessible()
    await officer.at("order-send").click()
    await expect(officer.at("order-send")).to_have_count(0)
    await expect(card(junior, "returned")).to_contain_text("多收 30 元")
    await expect(junior.page.locator("[data-stage=respond][data-standing=done]")).to_be_visible()  # by itself


async def _goes_to_no_department_that_refused(centre: Centre, senior: Agent, officer: Agent, ticket: Json) -> None:
    """The catalogue names the very department that sends it back: neither proposed nor offered for it again."""
    async with await centre.desk("zhu") as desk:
        number = (await desk.get(f"/api/tickets/{ticket['id']}/orders"))[0]
        await desk.post(f"/api/orders/{number['id']}/redo", version=number["version"], hours=8, reason="没退到账")
    await card(officer, "issued").get_by_test_id("order-refuse").click()
    await officer.at("order-entry-reason").fill("归营业部")
    await officer.at("order-send").click()
    await senior.page.goto(f"{centre.url}/tickets/{ticket['id']}")
    await card(senior, "refused").get_by_test_id("order-redirect").click()
    department = senior.at("order-entry-department")
    await expect(senior.at("order-entry-hours")).to_have_value("48")
    offered = await (await senior.choices(department)).all_inner_texts()
    assert "对话营业部" in " ".join(offered)
    assert "对话计费部" not in " ".join(offered)
    await senior.page.keyboard.press("Escape")
