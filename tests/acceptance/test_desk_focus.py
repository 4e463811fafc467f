"""The keyboard through every step of a case: a dialog begins at its form, what is wrong has it, and then it is somewhere."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, expect

from tests.acceptance.test_orders import CASE
from tests.harness.centre import Centre
from tests.harness.desk_driver import Agent, Browser
from tests.harness.hall import departments

SOMEWHERE = """() => !document.querySelector('.el-overlay:not([style*="display: none"])')
    && document.activeElement !== null && document.activeElement !== document.body"""
FRAMES = "async () => { for (let n = 0; n < 5; n++) await new Promise(requestAnimationFrame) }"
LINES = {"code": "focus_lines", "zh": "键盘线路部", "en": "Keyboard lines", "hours": 24}
ANSWER = "已告知，明日上门"


@pytest.fixture
async def chromium(tmp_path: Path) -> AsyncIterator[Browser]:
    async with Browser(tmp_path / "browser", pictures=tmp_path) as browser:
        yield browser
        browser.assert_clean()


async def log_in(centre: Centre, browser: Browser, login: str, path: str) -> Agent:
    await browser.forget()
    desk = await browser.log_in(centre.url, login, centre.people[login].password)
    await desk.page.goto(f"{centre.url}{path}")
    await expect(desk.page.locator("#main h1").first).to_be_focused()
    return desk


async def somewhere(desk: Agent) -> None:
    """The dialog is gone, and the keyboard is at something of the page; also once what followed from the step is drawn."""
    await desk.page.wait_for_function(SOMEWHERE)
    await desk.page.evaluate(FRAMES)
    await desk.page.wait_for_function(SOMEWHERE)


async def refused(entry: Locator) -> None:
    await expect(entry).to_be_focused()
    await expect(entry).to_have_attribute("aria-invalid", "true")


async def complaint(centre: Centre, login: str) -> dict[str, Any]:
    async with await centre.desk(login) as desk:
        fields = {**CASE, "answer": ANSWER}
        made = await desk.post("/api/tickets", key="focus-case-0001", fields=fields)
        return dict(await desk.post(f"/api/tickets/{made['id']}/confirm", version=made["version"]))


async def test_the_keyboard_is_somewhere_after_each_step_of_a_case(centre: Centre, chromium: Browser) -> None:
    await centre.hire("keys-fang", role="manager", name="方")
    lines = (await departments(centre.admin, [LINES]))["focus_lines"]
    await centre.hire("keys-wei", role="department_officer", name="魏", department=lines)
    case = await complaint(centre, "keys-fang")
    fang = await log_in(centre, chromium, "keys-fang", f"/tickets/{case['id']}")

    await fang.at("acknowledge").click()
    await expect(fang.at("step-note")).to_be_focused()
    await fang.at("ask-yes").locator("visible=true").click()
    await expect(fang.at("acknowledge")).to_have_count(0)  # the very button that was pressed
    await somewhere(fang)

    await fang.at("not-accept").click()
    await expect(fang.at("step-note")).to_be_focused()
    await fang.at("ask-yes").locator("visible=true").click()
    await expect(fang.at("not-accept")).to_have_count(0)
    await somewhere(fang)

    await fang.at("hotline-proposal-take").click()  # SPEC A4: as it is proposed, and a person sends it
    await expect(fang.at("hand-reason")).to_be_focused()
    await expect(fang.at("hand-reason")).to_have_value("客户不接受正确的答复")
    await expect(fang.at("trigger-not_accepted")).to_be_checked()
    await expect(fang.at("trigger-overdue")).not_to_be_checked()
    await fang.at("hand-reason").fill("")
    await fang.at("hand-send").click()
    await refused(fang.at("hand-reason"))
    await fang.at("hand-reason").fill("客户不接受")
    await fang.at("hand-send").click()
    await expect(fang.at("ticket-holder").first).to_have_attribute("data-level", "manager")
    await somewhere(fang)

    await fang.at("hand-take").click()
    await expect(fang.at("ticket-holder").first).to_have_attribute("data-owner", "方")
    await somewhere(fang)

    await fang.at("appeal-add").click()
    await expect(fang.at("appeal-entry")).to_be_focused()
    await fang.at("appeal-send").click()
    await refused(fang.at("appeal-entry"))
    await fang.at("appeal-entry").fill("还要退费")
    await fang.at("appeal-send").click()
    await expect(fang.at("appeal-row")).to_have_attribute("data-state", "open")
    await somewhere(fang)
    await fang.at("appeal-answer").click()
    await expect(fang.at("appeal-entry")).to_be_focused()
    await fang.at("appeal-entry").fill("退")
    await fang.at("appeal-send").click()
    await expect(fang.at("appeal-row")).to_have_attribute("data-state", "answered")
    await somewhere(fang)

    await fang.at("order-dispatch").click()
    await expect(fang.page.get_by_role("dialog").locator(":focus")).to_have_count(1)
    await fang.choose(fang.at("order-entry-department"), str(lines))
    await fang.at("order-entry-task").fill("")
    await fang.at("order-send").click()
    await refused(fang.at("order-entry-task"))
    await fang.at("order-entry-task").fill("查清线路")
    await fang.at("order-send").click()
    await expect(fang.at("order-card")).to_have_attribute("data-state", "issued")
    await somewhere(fang)

    wei = await log_in(centre, chromium, "keys-wei", "/orders")
    await wei.at("order-accept").click()
    await expect(wei.at("order-card")).to_have_attribute("data-state", "accepted")
    await somewhere(wei)
    await wei.at("order-return").click()
    await expect(wei.at("order-entry-answer")).to_be_focused()
    await wei.at("order-send").click()
    await refused(wei.at("order-entry-answer"))
    await wei.at("order-entry-answer").fill("已修好")
    await wei.at("order-send").click()
    await expect(wei.at("order-card").and_(wei.page.locator("[data-state=accepted]"))).to_have_count(0)
    await somewhere(wei)

    fang = await log_in(centre, chromium, "keys-fang", f"/tickets/{case['id']}")
    await fang.at("order-settle").click()
    await expect(fang.at("order-entry-reason")).to_be_focused()
    await fang.at("order-send").click()
    await expect(fang.at("order-card")).to_have_attribute("data-state", "done")
    await somewhere(fang)

    await fang.at("decide-conclude").click()
    await expect(fang.at("decision-answer")).to_be_focused()
    await fang.at("decision-send").click()
    await refused(fang.at("closing"))
    await fang.choose(fang.at("closing"), "confirmed")
    await fang.at("decision-send").click()
    await refused(fang.at("decision-reason"))
    await fang.at("decision-reason").fill("已了结")
    await fang.at("decision-send").click()
    await expect(fang.at("ticket-form")).to_have_attribute("data-ticket-state", "closed")
    await somewhere(fang)
