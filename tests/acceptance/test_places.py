"""One person, several places and sessions: where the telephone is, and what an earlier session leaves behind (nothing)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.acceptance.conftest import Begin, choose, on_the_board
from tests.harness.centre import Centre
from tests.harness.desk_driver import Agent, Browser
from tests.harness.patience import until


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Browser]:
    async with Browser(tmp_path / "home") as browser:
        yield browser
        browser.assert_clean()


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Browser]:
    async with Browser(tmp_path / "office") as browser:
        yield browser
        browser.assert_clean()


@asynccontextmanager
async def _at(centre: Centre, browser: Browser, login: str) -> AsyncIterator[Agent]:
    """Logged in there, past the welcome; logged out at the end."""
    async with AsyncExitStack() as stack:
        agent = await browser.log_in(centre.url, login, centre.people[login].password)
        stack.push_async_callback(_log_out, agent)
        await agent.page.goto(centre.url)
        yield agent


async def _log_out(agent: Agent) -> None:
    await agent.at("account").click()
    await agent.at("logout").click()
    await expect(agent.at("login-submit")).to_be_visible()


async def test_of_two_machines_one_has_the_phone_and_the_other_says_so_and_can_take_it(
    centre: Centre, home: Browser, office: Browser, rings: Begin
) -> None:
    await centre.hire("ella", extension="1021", name="艾拉")
    async with _at(centre, home, "ella") as first, _at(centre, office, "ella") as second:
        await first.registered()
        banner = second.page.locator("[data-banner=phone]")
        await expect(banner).to_contain_text("另一台电脑")
        await first.ready()

        await banner.get_by_test_id("banner-act").click()
        await second.registered()
        await expect(first.page.locator("[data-banner=phone]")).to_contain_text("另一台电脑")
        await second.state("ready")

        caller = await rings(number="13900007777")
        await choose(centre, caller, "1")
        await second.wait_pop()
        await expect(first.at("answer")).to_be_disabled()
        await second.answer()
        await first.page.locator("[data-banner=phone]").get_by_test_id("banner-act").click()
        await expect(first.page.locator("[data-banner=phone]")).to_contain_text("结束后再移")
        await second.hang_up()
        await caller.ended()

        await first.page.locator("[data-banner=phone]").get_by_test_id("banner-act").click()
        await first.registered()
        await expect(second.at("phone-line")).to_have_attribute("data-registration", "elsewhere")


async def test_answer_pressed_in_a_second_tab_is_done_by_the_tab_with_the_phone(
    centre: Centre, home: Browser, rings: Begin
) -> None:
    await centre.hire("ella", extension="1021", name="艾拉")
    async with _at(centre, home, "ella") as first:
        await first.ready()
        second = Agent(await home.page(), centre.url)
        await second.page.goto(centre.url)
        await expect(second.at("phone-line")).to_have_attribute("data-registration", "elsewhere")
        caller = await rings(number="13900008888")
        await choose(centre, caller, "1")
        await second.wait_pop()
        await expect(second.at("answer")).to_contain_text("另一个标签页")
        await second.at("answer").click()
        await expect(first.page.locator("[data-testid=call-bar][data-phase=talking]")).to_be_attached()
        await expect(second.at("call-bar")).to_contain_text("另一个标签页")
        caller.hang_up()
        await first.idle()
        await second.page.close()


async def test_the_phone_goes_to_the_machine_that_is_left(centre: Centre, home: Browser, office: Browser) -> None:
    await centre.hire("ella", extension="1021", name="艾拉")
    async with _at(centre, home, "ella") as stays:
        async with _at(centre, office, "ella") as goes:
            await expect(goes.at("phone-line")).to_have_attribute("data-registration", "elsewhere")
            await goes.page.locator("[data-banner=phone]").get_by_test_id("banner-act").click()
            await goes.registered()
        await stays.registered()


async def test_who_logs_out_ready_is_not_ready_after_the_next_log_in(centre: Centre, home: Browser) -> None:
    await centre.hire("ella", extension="1021", name="艾拉")
    async with _at(centre, home, "ella") as agent:
        await agent.ready()
    await until(
        lambda: _is_away(centre, "ella"), "the agent to be away after the log-out", 5, seen=lambda: on_the_board(centre, "ella")
    )
    async with _at(centre, home, "ella") as agent:
        await agent.registered()
        await agent.state("away")
        async with await centre.desk("ella") as desk:
            assert (await desk.get("/api/board"))["wanted"] == "away"
        await agent.ready()


async def test_a_page_follows_when_its_persons_extension_is_given_changed_and_taken(centre: Centre, home: Browser) -> None:
    await centre.hire("fred", name="福瑞")
    person = centre.people["fred"].id
    async with _at(centre, home, "fred") as agent:
        await expect(agent.at("phone-line")).to_have_count(0)
        for extension in ("1022", "1023"):
            await centre.admin.patch(f"/api/people/{person}", extension=extension)
            await expect(agent.at("state-switch")).to_contain_text(extension)
            await agent.ready()
            # the page may still show what it was at the former extension
            await until(
                lambda number=extension: _works_at(centre, "fred", number),  # type: ignore[misc]  # bound now
                f"the agent to be ready at {extension}",
                15,
                seen=lambda: on_the_board(centre, "fred"),
            )
        await centre.admin.patch(f"/api/people/{person}", extension=None)
        await expect(agent.at("phone-line")).to_have_count(0)


async def _is_away(centre: Centre, login: str) -> bool:
    return [agent["state"] for agent in await on_the_board(centre, login)] == ["away"]


async def _works_at(centre: Centre, login: str, extension: str) -> bool:
    return [(agent["extension"], agent["state"]) for agent in await on_the_board(centre, login)] == [(extension, "ready")]
