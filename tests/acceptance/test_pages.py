"""The rooms of the desk as each role sees them, and the ways in: no serious finding of axe-core, nothing in the console.

Agents and administrators in both languages. What only a call brings up (the card, the form beside the call, the dialogs of the
call bar, a ticket, a call with its player) is looked over in test_softphone.py, where there is one.
"""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest
from playwright.async_api import Locator, expect

from tests.demo.desk import Desk, Refusal
from tests.harness import desk_driver
from tests.harness.centre import Centre
from tests.harness.patience import until

PAGES = {
    "admin": ("home", "tickets", "calls", "customers", "people", "policy", "lexicon", "audit", "system", "password"),
    "anna": ("", "home", "welcome", "tickets", "calls", "customers", "password"),
    "qing": ("home", "calls", "tickets", "policy"),
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
    await agent.page.keyboard.press("Escape")
    await agent.page.locator("body").click(position={"x": 2, "y": 400})  # out of any field, where a question mark is text
    await agent.page.keyboard.press("?")
    await expect(agent.at("keys-dialog")).to_be_visible()
    found["keys"] = await agent.accessibility()
    assert not {page: findings for page, findings in found.items() if findings}


async def _settled(agent: desk_driver.Agent) -> bool:
    return await agent.page.locator("h1").count() > 0


async def test_the_first_log_in_leads_past_an_own_password_to_the_headset(centre: Centre, tmp_path: Path) -> None:
    own = secrets.token_urlsafe(12)
    emma = {"login": "emma", "name": "艾玛", "roles": ["junior_agent"], "extension": "1005", "phone_kind": "browser"}
    first = (await centre.admin.post("/api/people", **emma))["password"]
    async with desk_driver.Browser(tmp_path / "browser") as browser:
        agent = desk_driver.Agent(await browser.page(), centre.url)
        await agent.page.goto(f"{centre.url}/tickets")
        await agent.at("login-name").fill("emma")
        await agent.assert_accessible()
        await agent.page.get_by_role("button", name="English").click()
        await agent.assert_accessible()
        await agent.at("login-password").fill(first)
        await agent.at("login-submit").click()
        await agent.page.wait_for_url("**/password")
        await expect(agent.page.get_by_role("navigation")).to_have_count(0)
        await agent.assert_accessible()
        await agent.at("password-old").fill(first)
        await agent.at("password-new").fill(own)
        await agent.at("password-again").fill(own)
        await agent.at("password-submit").click()
        await agent.page.wait_for_url("**/welcome")
        await agent.registered()
        browser.assert_clean()


async def test_a_password_is_seen_once_by_the_administrator_who_has_it_made(centre: Centre, tmp_path: Path) -> None:
    async with desk_driver.Browser(tmp_path / "browser") as browser:
        office = await browser.log_in(centre.url, "admin", centre.people["admin"].password)
        await office.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        await office.page.goto(f"{centre.url}/people")
        await office.at("person-add").click()
        await office.page.locator("#person-login").fill("fang")
        await office.page.locator("#person-name").fill("方")
        await office.at("person-save").click()
        first = await _shown_once(office)
        await _row(office, "fang").click()
        await office.at("person-reset").click()
        await office.at("person-reset-now").click()
        second = await _shown_once(office)
        await office.page.keyboard.press("Escape")  # the account that was looked at
        await _row(office, "admin").click()
        await expect(office.page.locator("#person-name")).to_be_visible()
        await expect(office.at("person-reset")).to_have_count(0)
        browser.assert_clean()
    with pytest.raises(Refusal):
        await Desk.log_in(centre.url, "fang", first)
    async with await Desk.log_in(centre.url, "fang", second) as desk:
        assert desk.me["must_change"]


async def _shown_once(office: desk_driver.Agent) -> str:
    """The password, copied and closed; then it is nowhere on the page."""
    password = await office.at("password-once").input_value()
    await office.page.keyboard.press("Escape")  # a slip of the hand does not close it
    await office.assert_accessible()
    await office.at("password-copy").click()
    await expect(office.page.get_by_role("status").filter(has_text="已复制")).to_be_visible()
    assert await office.page.evaluate("navigator.clipboard.readText()") == password
    await office.at("password-done").click()
    await expect(office.at("password-once")).to_have_count(0)
    assert password not in await office.page.content()
    return password


def _row(office: desk_driver.Agent, login: str) -> Locator:
    return office.at("person-row").filter(has=office.page.get_by_role("cell", name=login, exact=True))
