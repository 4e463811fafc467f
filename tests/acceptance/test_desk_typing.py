"""What is typed into a dialog and not sent is there again in a real browser: after Esc, a reload and a log-out, for whoever typed
it and for the same thing alone, until it is sent or thrown away.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from tests.acceptance.test_desk_dialogs import CASE
from tests.harness.centre import Centre
from tests.harness.desk_driver import Agent, Browser

TYPED = "已与客户说明，退 30 元"
THEIRS = "已由同事答复"


@pytest.fixture
async def chromium(tmp_path: Path) -> AsyncIterator[Browser]:
    async with Browser(tmp_path / "browser", pictures=tmp_path) as browser:
        yield browser
        browser.assert_clean()


async def case(centre: Centre, key: str) -> dict[str, Any]:
    async with await centre.desk("typing-yan") as desk:
        made = await desk.post("/api/tickets", key=f"typing-{key}", fields=CASE)
        return dict(await desk.post(f"/api/tickets/{made['id']}/confirm", version=made["version"]))


async def log_in(centre: Centre, desk: Agent, login: str) -> None:
    """In the same tab, where somebody else may have been before."""
    await desk.at("login-name").fill(login)
    await desk.at("login-password").fill(centre.people[login].password)
    await desk.at("login-submit").click()
    await expect(desk.page.get_by_role("navigation").first).to_be_visible()


async def log_out(desk: Agent) -> None:
    await desk.at("account").click()
    await desk.at("logout").click()
    await expect(desk.at("login-name")).to_be_visible()


async def close_dialog(desk: Agent, at: str) -> None:
    await desk.page.keyboard.press("Escape")
    await expect(desk.at(at)).to_have_count(0)


async def test_what_was_typed_into_a_dialog_is_there_again(centre: Centre, chromium: Browser) -> None:
    for login in ("typing-yan", "typing-luo"):
        await centre.hire(login, role="senior_agent")
    first, second = await case(centre, "one-0001"), await case(centre, "two-0001")
    desk = await chromium.log_in(centre.url, "typing-yan", centre.people["typing-yan"].password)
    page = f"{centre.url}/tickets/{first['id']}"
    await desk.page.goto(page)
    await desk.at("close-ticket").click()
    await expect(desk.at("close-answer")).to_have_value("")
    await desk.at("close-answer").fill(TYPED)
    await close_dialog(desk, "close-answer")

    await desk.at("close-ticket").click()
    await expect(desk.at("close-answer")).to_have_value(TYPED)
    await expect(desk.at("typing-taken")).to_be_visible()
    await desk.assert_accessible()
    await desk.page.reload()
    await desk.at("close-ticket").click()
    await expect(desk.at("close-answer")).to_have_value(TYPED)

    await desk.page.goto(f"{centre.url}/tickets/{second['id']}")  # another thing
    await desk.at("close-ticket").click()
    await expect(desk.at("close-answer")).to_have_value("")
    await expect(desk.at("typing-taken")).to_have_count(0)
    await close_dialog(desk, "close-answer")

    await log_out(desk)  # another person at the same machine
    await log_in(centre, desk, "typing-luo")
    await desk.page.goto(page)
    await desk.at("close-ticket").click()
    await expect(desk.at("close-answer")).to_have_value("")
    await expect(desk.at("typing-taken")).to_have_count(0)
    await close_dialog(desk, "close-answer")
    await log_out(desk)
    await log_in(centre, desk, "typing-yan")
    await desk.page.goto(page)
    await _stands_beside_what_somebody_else_wrote(centre, desk, first["id"])
    await _is_gone_once_it_is_thrown_away(desk)
    await _is_gone_once_it_is_sent(desk)


async def _stands_beside_what_somebody_else_wrote(centre: Centre, desk: Agent, ticket: int) -> None:
    async with await centre.desk("typing-luo") as other:
        now = await other.get(f"/api/tickets/{ticket}")
        await other.patch(f"/api/tickets/{ticket}", version=now["version"], fields={"answer": THEIRS})
    await expect(desk.field("answer")).to_have_value(THEIRS)
    await desk.at("close-ticket").click()
    await expect(desk.at("close-answer")).to_have_value(TYPED)
    await expect(desk.at("typing-taken")).to_contain_text(THEIRS)


async def _is_gone_once_it_is_thrown_away(desk: Agent) -> None:
    await desk.at("typing-drop").click()
    await expect(desk.at("close-answer")).to_have_value(THEIRS)
    await expect(desk.at("close-answer")).to_be_focused()
    await close_dialog(desk, "close-answer")
    await desk.at("close-ticket").click()
    await expect(desk.at("close-answer")).to_have_value(THEIRS)
    await expect(desk.at("typing-taken")).to_have_count(0)
    await close_dialog(desk, "close-answer")


async def _is_gone_once_it_is_sent(desk: Agent) -> None:
    await desk.at("appeal-add").click()
    await desk.at("appeal-entry").fill("还要退费")
    await close_dialog(desk, "appeal-entry")
    await desk.at("appeal-add").click()
    await expect(desk.at("appeal-entry")).to_have_value("还要退费")
    await desk.at("appeal-send").click()
    await expect(desk.at("appeal-row")).to_contain_text("还要退费")
    await expect(desk.at("appeal-entry")).to_have_count(0)
    await desk.at("appeal-add").click()
    await expect(desk.at("appeal-entry")).to_have_value("")
    await expect(desk.at("typing-taken")).to_have_count(0)
    await close_dialog(desk, "appeal-entry")
