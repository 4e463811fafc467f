"""Every page of the desk as each role sees it, in both languages: no serious finding of axe-core, nothing in the console."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness import desk_driver
from tests.harness.centre import Centre
from tests.harness.patience import until

PAGES = {
    "admin": ("tickets", "calls", "customers", "people", "lexicon", "audit", "system"),
    "anna": ("", "welcome", "tickets", "calls", "customers"),
    "qing": ("calls", "tickets"),
}


@pytest.mark.parametrize(
    ("login", "language"), [("admin", "zh-CN"), ("admin", "en"), ("anna", "zh-CN"), ("anna", "en"), ("qing", "zh-CN")]
)
async def test_pages_are_accessible_and_silent(centre: Centre, tmp_path: Path, login: str, language: str) -> None:
    async with await centre.desk(login) as desk:
        await desk.patch("/api/me", language=language)
    try:
        async with desk_driver.Browser(tmp_path / "browser") as browser:
            await _look_at_all(browser, centre, login, language)
            browser.assert_clean()
    finally:
        async with await centre.desk(login) as desk:
            await desk.patch("/api/me", language="zh-CN")


async def _look_at_all(browser: desk_driver.Browser, centre: Centre, login: str, language: str) -> None:
    agent = await browser.log_in(centre.url, login, centre.people[login].password)
    found = {}
    for page in PAGES[login]:
        await agent.page.goto(f"{centre.url}/{page}")
        await agent.page.wait_for_load_state("networkidle")
        await until(lambda: _settled(agent), f"the page /{page} to be drawn", 10)
        assert agent.page.url.rstrip("/") == f"{centre.url}/{page}".rstrip("/"), f"{login} was sent away from /{page}"
        assert await agent.page.get_attribute("html", "lang") == language
        found[page] = await agent.accessibility()
    assert not {page: findings for page, findings in found.items() if findings}


async def _settled(agent: desk_driver.Agent) -> bool:
    return await agent.page.locator("h1").count() > 0
