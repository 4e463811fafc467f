"""A department answers in a browser by the link from a mail, without an account (SPEC O7, O8), on a telephone's screen too."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Page, async_playwright, expect

from services.access.rights import Role
from services.store import db
from tests.harness.api import serve
from tests.harness.clock import HandClock
from tests.harness.desk_driver import FLAGS, PAGE_MS, WITHOUT, Agent, chromium
from tests.harness.hall import card, step
from tests.harness.post import post_office
from tests.integration.test_links import ADDRESS, Centre, postman

PHOTO = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
"""A picture of one point."""

PHONE = {"width": 360, "height": 740}


@pytest_asyncio.fixture
async def centre(pool: db.Pool, clock: HandClock, tmp_path: Path) -> AsyncIterator[Centre]:
    """A centre with the desk's pages, whose department has an address."""
    async with serve(pool, clock, tmp_path, mails=True, desk=True) as api, post_office() as post:
        await pool.execute("update department set email = $1 where code = 'network'", ADDRESS)
        yield Centre(api, clock, post, postman(pool, clock, post.port, address=api.url))


@pytest_asyncio.fixture
async def page() -> AsyncIterator[Page]:
    """A telephone's browser in which nobody ever logged in; it has nothing to complain of in the end."""
    faults: list[str] = []
    async with async_playwright() as player:
        program = await player.chromium.launch(
            executable_path=chromium(), headless=False, args=FLAGS, ignore_default_args=WITHOUT
        )
        expect.set_options(timeout=PAGE_MS)
        context = await program.new_context(locale="zh-CN", viewport=PHONE)  # type: ignore[arg-type]
        context.set_default_timeout(PAGE_MS)
        opened = await context.new_page()
        opened.on("pageerror", lambda error: faults.append(f"uncaught: {error}"))
        opened.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        yield opened
        await program.close()
    # an answer of 410 is one that the page asked for; a browser notes it all the same
    assert not [fault for fault in faults if "410" not in fault and "401" not in fault], faults


async def test_a_department_answers_by_its_link_on_a_telephone(centre: Centre, page: Page) -> None:
    """SPEC O7, O8: seen, accepted, more time asked for, a photo handed in, returned; then the link is spent."""
    order, token = await centre.link()
    officer = Agent(page, centre.api.url)
    await page.goto(f"{centre.api.url}/answer#{token}")
    await expect(card(officer, "issued")).to_contain_text("张小满")
    await expect(card(officer, "issued")).not_to_contain_text("13800138000")
    await _fits(page)
    await officer.assert_accessible()
    await officer.at("language").get_by_text("English").click()
    await expect(page.get_by_role("heading", name="Work order")).to_be_visible()
    await _fits(page)
    await step(officer, "issued", "accept")
    await card(officer, "accepted").get_by_test_id("order-extension").click()
    await expect(officer.at("order-send")).to_be_visible()
    await _fits(page)
    await page.keyboard.press("Escape")
    await expect(officer.at("order-send")).to_have_count(0)
    await step(officer, "accepted", "extension", more="24", reason="要等零件")
    await expect(card(officer, "accepted")).to_contain_text("要等零件")
    photo = {"name": "done.png", "mimeType": "image/png", "buffer": PHOTO}
    await officer.at("evidence-file").set_input_files(photo)  # type: ignore[arg-type]
    drawn = "img => img.decode().then(() => img.naturalWidth)"
    await expect(officer.at("order-evidence").locator("img")).to_have_attribute("src", re.compile("^data:image/png"))
    assert await officer.at("order-evidence").locator("img").evaluate(drawn) == 1
    await step(officer, "accepted", "return", answer="已更换光猫，客户确认恢复")
    await expect(officer.at("order-linked")).to_have_attribute("data-state", "over")
    await expect(card(officer, "returned")).to_contain_text("已更换光猫")
    await expect(page.get_by_role("alert")).to_have_count(0)
    seen = await centre.ask(Role.senior_agent, "GET", f"/api/orders/{order['id']}")
    assert (seen["state"], seen["evidence"]) == ("returned", 1)
    await page.reload()
    await expect(officer.at("order-linked")).to_have_attribute("data-state", "failed")
    await expect(page.get_by_role("alert")).to_contain_text("opens nothing any more")


async def test_a_link_that_was_never_given_says_so(centre: Centre, page: Page) -> None:
    officer = Agent(page, centre.api.url)
    for wrong in ("#" + "A" * 43, ""):
        await page.goto(f"{centre.api.url}/answer{wrong}")
        await page.reload()
        await expect(officer.at("order-linked")).to_have_attribute("data-state", "failed")
        await expect(page.get_by_role("alert")).to_contain_text("没有这个链接")


async def test_two_links_in_one_browser_are_two_and_who_is_logged_in_stays_that(centre: Centre, page: Page) -> None:
    (_, first), (_, second) = await centre.link(), await centre.link()
    one = Agent(page, centre.api.url)
    await page.goto(centre.api.url)
    await one.at("login-name").fill(centre.api.accounts[Role.department_officer].login)
    await one.at("login-password").fill("correct horse battery")
    await one.at("login-submit").click()
    await expect(page).to_have_url(f"{centre.api.url}/orders")
    numbers = []
    for token in (first, second):
        tab = Agent(await page.context.new_page(), centre.api.url)
        await tab.page.goto(f"{centre.api.url}/answer#{token}")
        numbers.append(await card(tab, "issued").get_attribute("data-order-id"))
        await step(tab, "issued", "accept")
    assert len(set(numbers)) == 2
    await page.reload()
    await expect(card(one, "accepted")).to_have_count(2)


async def _fits(page: Page) -> None:
    """Nothing of it is beside a narrow screen."""
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
