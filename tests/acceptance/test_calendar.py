"""The page "Calendar" in a real browser: a year as a picture, a day changed by keyboard, what it moves, and the way back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Locator, expect

from tests.acceptance.test_orders import case, network
from tests.harness.centre import Centre
from tests.harness.desk_driver import Agent, Browser
from tests.harness.patience import until

SHANGHAI = ZoneInfo("Asia/Shanghai")
SIZES = ((1280, 800), (1920, 1080))


@pytest.fixture(scope="module")
async def planned(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Centre]:
    """A centre whose departments' orders count in a calendar of its own."""
    calendars = {"calendars.office": {"saturday": ["09:00-12:00"], "sunday": [], "clocks": ["V3"]}}
    async with Centre(tmp_path_factory.mktemp("planned"), settings=calendars) as centre:
        yield centre


def day(desk: Agent, which: str) -> Locator:
    return desk.page.locator(f"[data-testid=calendar-day][data-day='{which}']")


async def dispatched(centre: Centre) -> dict[str, Any]:
    """An order that has left, with its deadline."""
    department = await network(centre.admin)
    await centre.hire("zhu", role="senior_agent")
    ticket = await case(centre, "zhu")
    async with await centre.desk("zhu") as desk:
        wanted = {"version": ticket["version"], "department": department, "task": "查清并答复", "hours": 48}
        return dict(await desk.post(f"/api/tickets/{ticket['id']}/orders", key="calendar-0001", **wanted))


async def shows(desk: Agent, which: str) -> None:
    """The year of this day."""
    if not await day(desk, which).count():
        await desk.choose(desk.page.get_by_label("年份"), which[:4])


async def test_o7_a_day_off_is_set_by_keyboard_moves_deadlines_says_so_and_is_taken_back(planned: Centre, tmp_path: Path) -> None:
    """SPEC O7: the deadline of an order moves with the calendar, its page says by whom, and going back moves it back."""
    order = await dispatched(planned)
    due = datetime.fromisoformat(order["due_at"]).astimezone(SHANGHAI) - timedelta.resolution
    which = due.date().isoformat()
    async with Browser(tmp_path / "browser", pictures=tmp_path) as browser:
        desk = await browser.log_in(planned.url, "admin", planned.people["admin"].password)
        await desk.room("calendar")
        year = datetime.now(SHANGHAI).year
        await expect(day(desk, f"{year}-10-01")).to_have_attribute("data-source", "law")
        await expect(day(desk, f"{year}-10-01")).to_have_attribute("data-working", "false")
        await shows(desk, which)
        before = (due.date() - timedelta(days=1)).isoformat()
        if before[:4] == which[:4]:
            await day(desk, before).focus()
            await desk.page.keyboard.press("ArrowRight")
        await expect(day(desk, which)).to_be_visible()
        await day(desk, which).press("Enter")
        await expect(desk.at("calendar-form")).to_be_visible()
        await desk.page.get_by_label("原因").fill("台风停工")
        await desk.at("calendar-take").click()
        await expect(day(desk, which)).to_have_attribute("data-source", "own")
        await desk.at("calendar-save").click()
        await expect(desk.at("calendar-moved")).to_contain_text("1")
        await desk.assert_accessible()

        async def due_at() -> str:
            async with await planned.desk("zhu") as asked:
                return str((await asked.get(f"/api/orders/{order['id']}"))["due_at"])

        assert await due_at() > order["due_at"]
        back = desk.page.locator("[data-testid=calendar-back]").first
        await back.click()
        await desk.at("question-yes").click()
        await expect(day(desk, which)).to_have_attribute("data-working", "true")

        async def is_back() -> bool:
            return await due_at() == order["due_at"]

        await until(is_back, "the deadline is where it was")
        browser.assert_clean()


async def test_hours_that_are_none_are_named_where_they_stand(planned: Centre, tmp_path: Path) -> None:
    async with Browser(tmp_path / "browser", pictures=tmp_path) as browser:
        desk = await browser.log_in(planned.url, "admin", planned.people["admin"].password)
        await desk.room("calendar")
        await desk.at("calendar-hours-0").fill("12:00-09:00")
        await desk.at("calendar-save").click()
        await expect(desk.at("calendar-hours-0")).to_have_attribute("aria-invalid", "true")


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_the_page_fits_and_is_accessible(planned: Centre, tmp_path: Path, language: str) -> None:
    async with await planned.desk("admin") as admin:
        await admin.patch("/api/me", language=language)
    try:
        async with Browser(tmp_path / "browser", pictures=tmp_path) as browser:
            desk = await browser.log_in(planned.url, "admin", planned.people["admin"].password)
            await desk.room("calendar")
            for width, height in SIZES:
                await desk.page.set_viewport_size({"width": width, "height": height})
                await expect(day(desk, f"{datetime.now(SHANGHAI).year}-01-01")).to_be_visible()
                await desk.assert_accessible()
                assert await desk.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
                await desk.page.screenshot(path=tmp_path / f"calendar-{language}-{width}.png", full_page=True)
            browser.assert_clean()
    finally:
        async with await planned.desk("admin") as admin:
            await admin.patch("/api/me", language="zh-CN")
