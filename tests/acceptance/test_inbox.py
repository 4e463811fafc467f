"""The bell above every page in a real browser: it rings by itself, the keyboard goes through it, what is read can be unread."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, expect

from tests.acceptance.test_orders import CASE, network
from tests.harness.centre import Centre
from tests.harness.desk_driver import Agent, Browser

REASONS = ("写明客户要求", "写明地址")


@pytest.fixture
async def junior(centre: Centre, tmp_path: Path) -> AsyncIterator[Agent]:
    """An agent in a browser, for whom nothing has rung."""
    await network(centre.admin)
    for login, role in [("ling", "junior_agent"), ("shen", "senior_agent")]:
        await centre.hire(login, role=role)
    async with Browser(tmp_path / "ling", pictures=tmp_path) as browser:
        yield await browser.log_in(centre.url, "ling", centre.people["ling"].password)
        browser.assert_clean()


async def sent_back(centre: Centre, number: int) -> dict[str, Any]:
    """The case of a dispatch of the agent's that a senior has sent back."""
    department = await network(centre.admin)
    async with await centre.desk("ling") as desk:
        made = await desk.post("/api/tickets", key=f"inbox-ling-{number:04d}", fields=CASE)
        case = await desk.post(f"/api/tickets/{made['id']}/confirm", version=made["version"])
        order = await desk.post(
            f"/api/tickets/{case['id']}/orders",
            key=f"inbox-order-{number:04d}", version=case["version"], department=department, task="查清",
        )  # fmt: skip
    async with await centre.desk("shen") as desk:
        paper = order["papers"][0]
        await desk.post(f"/api/papers/{paper['id']}/review", version=1, verdict="send_back", reason=REASONS[number - 1])
    return dict(case)


def notices(desk: Agent) -> Locator:
    """Those under the bell."""
    return desk.page.locator(".el-popover:visible").get_by_test_id("inbox-notice")


async def test_what_is_sent_back_rings_and_is_opened_read_and_unread_by_the_keyboard(centre: Centre, junior: Agent) -> None:
    bell = junior.at("inbox-bell")
    await expect(bell).to_have_attribute("data-unread", "0")
    cases = [await sent_back(centre, number) for number in (1, 2)]
    await expect(bell).to_have_attribute("data-unread", "2")  # by itself

    await junior.page.keyboard.press("Alt+n")
    await expect(notices(junior)).to_have_count(2)
    await expect(notices(junior).first).to_be_focused()
    await expect(notices(junior).first).to_contain_text(REASONS[1])
    await junior.assert_accessible()
    await junior.page.keyboard.press("ArrowDown")
    await expect(notices(junior).nth(1)).to_be_focused()
    await junior.page.keyboard.press("Enter")
    await expect(junior.page).to_have_url(f"{centre.url}/tickets/{cases[0]['id']}")
    await expect(bell).to_have_attribute("data-unread", "1")

    await junior.page.keyboard.press("Alt+n")
    await expect(notices(junior).nth(1)).to_have_attribute("data-unread", "false")
    await junior.at("inbox-read-all").click()
    await expect(bell).to_have_attribute("data-unread", "0")
    await junior.at("inbox-undo").click()
    await expect(bell).to_have_attribute("data-unread", "1")  # not the one that was opened
    await junior.at("inbox-all").click()
    await expect(junior.page).to_have_url(re.compile("/inbox$"))
    page = junior.page.locator("main").get_by_test_id("inbox-notice")
    await expect(page).to_have_count(2)
    await expect(notices(junior)).to_have_count(0)
    await junior.assert_accessible()
    await junior.page.locator("main").get_by_test_id("inbox-mark").first.click()
    await expect(bell).to_have_attribute("data-unread", "0")  # the bell and the page show the same inbox


async def test_a_clock_says_why_it_ends_when_it_does(centre: Centre, junior: Agent) -> None:
    async with await centre.desk("ling") as desk:
        made = await desk.post("/api/tickets", key="inbox-why-0001", fields=CASE)
        case = await desk.post(f"/api/tickets/{made['id']}/confirm", version=made["version"])
    await junior.page.goto(f"{centre.url}/tickets/{case['id']}")
    await junior.at("why-open").click()
    clock = junior.page.locator("[data-testid=why-clock][data-rule=N2]")
    await expect(clock).to_contain_text("全天计时")
    await expect(clock).to_contain_text("从收到投诉起")
    await junior.assert_accessible()
