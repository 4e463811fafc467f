"""Forms in a real browser: what is wrong is said at its field in the desk's words, nothing jumps, the keyboard is somewhere."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import CDPSession, Locator, expect

from tests.harness.centre import Centre
from tests.harness.desk_driver import Agent, Browser
from tests.harness.patience import until

REFUSED = re.compile(r"status of (401|409|422)")
"""What Chromium itself notes of an answer that these tests are about."""
FOCUSED = "document.activeElement === document.body ? '' : document.activeElement.id || document.activeElement.tagName"


@pytest.fixture
async def chromium(tmp_path: Path) -> AsyncIterator[Browser]:
    async with Browser(tmp_path / "browser") as browser:
        yield browser
        assert not [fault for fault in browser.faults if not REFUSED.search(fault)]


async def _top(thing: Locator) -> float:
    box = await thing.bounding_box()
    assert box is not None
    return box["y"]


async def _is_wrong(agent: Agent, entry: Locator, why: str) -> None:
    await expect(entry).to_be_focused()
    await expect(entry).to_have_attribute("aria-invalid", "true")
    said = await entry.get_attribute("aria-describedby")
    await expect(agent.page.locator(f"[id='{said}']")).to_contain_text(why)


async def test_the_log_in_says_what_is_missing_at_the_field_and_nothing_jumps(centre: Centre, chromium: Browser) -> None:
    agent = Agent(await chromium.page(), centre.url)
    await agent.page.goto(centre.url)
    await expect(agent.at("login-name")).to_be_focused()
    before = await _top(agent.at("login-submit"))
    await agent.at("login-submit").click()
    await _is_wrong(agent, agent.at("login-name"), "请填写")
    assert await _top(agent.at("login-submit")) == before
    await agent.at("login-name").fill("anna")
    await agent.at("login-password").fill("wrong")
    await agent.page.keyboard.press("Enter")
    await expect(agent.at("login-error")).to_be_visible()
    await expect(agent.at("login-password")).to_be_focused()
    assert await _top(agent.at("login-password")) < await _top(agent.at("login-error"))


async def test_an_account_that_cannot_be_is_refused_at_its_field(centre: Centre, chromium: Browser) -> None:
    office = await chromium.log_in(centre.url, "admin", centre.people["admin"].password)
    await office.page.goto(f"{centre.url}/people")
    await office.at("person-add").click()
    login, extension = office.page.locator("#person-login"), office.page.locator("#person-extension")
    await office.at("person-save").click()
    await _is_wrong(office, login, "请填写")
    await login.fill("GREAT")
    await extension.fill("12")
    await office.at("person-save").click()
    await _is_wrong(office, login, "小写字母")
    await login.fill("great")
    await office.page.locator("#person-name").fill("大")
    before = await _top(office.at("person-save"))
    await office.at("person-save").click()
    await _is_wrong(office, extension, "3 到 6 位数字")
    assert await _top(office.at("person-save")) == before
    await extension.fill("1001")  # anna's: only the server knows
    await office.at("person-save").click()
    await expect(office.page.get_by_role("dialog").get_by_role("alert")).to_contain_text("已被别人使用")
    await office.assert_accessible()


async def test_a_lexicon_names_what_is_wrong_in_words_and_is_not_left_unsaved_without_a_question(
    centre: Centre, chromium: Browser
) -> None:
    office = await chromium.log_in(centre.url, "admin", centre.people["admin"].password)
    await office.page.goto(f"{centre.url}/lexicon")
    name = office.page.get_by_label("英文名").first
    was = await name.input_value()
    await name.fill("")
    await office.page.get_by_role("button", name="保存").click()
    await expect(name).to_be_focused()
    await expect(office.page.get_by_role("row").filter(has=office.page.get_by_text("请填写"))).to_have_count(1)
    await expect(office.page.get_by_role("alert").first).not_to_contain_text("categories")
    await office.assert_accessible()
    await office.room("system")
    await expect(office.at("question-yes")).to_be_focused()
    await office.assert_accessible()
    await office.at("question-no").click()
    await expect(name).to_be_visible()
    await office.room("system")
    await office.at("question-yes").click()
    await office.page.wait_for_url("**/system")
    await office.room("lexicon")
    await expect(name).to_have_value(was)


async def _drafts(centre: Centre) -> int:
    return int((await centre.query("select count(*) from ticket where state = 'draft'"))[0][0])


async def test_a_new_ticket_is_stored_with_its_first_word_and_closed_with_its_answer(centre: Centre, chromium: Browser) -> None:
    before = await _drafts(centre)
    anna = await chromium.log_in(centre.url, "anna", centre.people["anna"].password)
    await anna.page.goto(f"{centre.url}/tickets")
    await anna.at("ticket-new").click()
    await expect(anna.field("description")).to_be_editable()
    await anna.room("tickets")
    await anna.at("ticket-new").click()
    assert await _drafts(centre) == before
    await anna.field("description").click()
    await anna.page.keyboard.type("电话", delay=50)
    await anna.page.wait_for_url("**/tickets/*?key=*", wait_until="commit")
    await until(lambda: _is_stored(centre, before), "the ticket to be made", 10)
    await expect(anna.page).not_to_have_url("**/tickets/new**")
    await anna.page.keyboard.type("坏了")
    await expect(anna.field("description")).to_be_focused()
    await expect(anna.field("description")).to_have_value("电话坏了")
    await anna.at("confirm").click()
    await _is_wrong(anna, anna.field("kind"), "请填写")
    await anna.choose(anna.field("kind"), "enquiry")
    await anna.confirm()
    await expect(anna.at("detail-actions").get_by_test_id("close-ticket")).to_be_visible()
    await anna.page.keyboard.press("Alt+c")
    await expect(anna.at("close-answer")).to_be_focused()
    await anna.page.keyboard.press("Escape")
    await expect(anna.at("close-answer")).to_have_count(0)
    await anna.at("close-ticket").click()
    await expect(anna.at("close-answer")).to_be_focused()
    await anna.assert_accessible()
    await anna.at("ask-yes").click()
    await _is_wrong(anna, anna.at("close-answer"), "请填写")
    await anna.at("close-answer").fill("已修好")
    await anna.at("ask-yes").click()
    await _is_wrong(anna, anna.at("closing"), "请填写")  # what the customer says (SPEC N9)
    await anna.choose(anna.at("closing"), "confirmed")
    await anna.at("ask-yes").click()
    await expect(anna.at("close-answer")).to_have_count(0)
    await expect(anna.field("answer")).to_have_value("已修好")
    await expect(anna.page.locator("[data-ticket-state=closed]")).to_have_count(1)
    assert await anna.page.evaluate(FOCUSED)
    assert await _drafts(centre) == before


async def _is_stored(centre: Centre, before: int) -> bool:
    return await _drafts(centre) == before + 1


@pytest.mark.parametrize(("language", "monday", "day"), [("zh-CN", "一", "2026-11-23"), ("en", "Mon", "23 Nov 2026")])
async def test_choices_and_days_go_by_keys_and_are_in_the_desks_language(
    centre: Centre, chromium: Browser, language: str, monday: str, day: str
) -> None:
    async with await centre.desk("admin") as desk:
        await desk.patch("/api/me", language=language)
    try:
        office = await chromium.log_in(centre.url, "admin", centre.people["admin"].password)
        await office.page.goto(f"{centre.url}/calls")
        await _chooses_by_keys(office)
        await _takes_a_day(office, monday, day)
        await _leaves_a_list_and_then_its_dialog(office)
    finally:
        async with await centre.desk("admin") as desk:
            await desk.patch("/api/me", language="zh-CN")


async def _chooses_by_keys(office: Agent) -> None:
    outcome = office.at("filter-outcome")
    await outcome.focus()
    offered = await office.choices(outcome)
    await office.assert_accessible()
    await office.page.keyboard.press("ArrowDown")
    second = offered.nth(1)
    await expect(outcome).to_have_attribute("aria-activedescendant", await second.get_attribute("id") or "-")
    wanted, text = await second.get_attribute("data-value"), await second.inner_text()
    await office.page.keyboard.press("Space")
    await expect(outcome).to_have_attribute("data-value", wanted or "-")
    await expect(outcome).to_have_attribute("aria-label", re.compile(re.escape(text)))
    await expect(outcome).to_be_focused()
    await office.page.wait_for_url(f"**/calls?*outcome={wanted}*", wait_until="commit")


async def _takes_a_day(office: Agent, monday: str, day: str) -> None:
    since = office.at("filter-from")
    await since.click()
    calendar = office.page.get_by_role("dialog")
    await expect(calendar.get_by_role("columnheader").first).to_have_text(monday)
    await office.assert_accessible()
    await since.fill(day)
    await office.page.keyboard.press("Enter")
    await expect(since).to_have_attribute("data-value", "2026-11-23")
    await expect(since).to_have_value(day)
    await office.page.wait_for_url("**/calls?*from=2026-11-23*", wait_until="commit")
    await expect(office.page.get_by_role("button").filter(has_text=day)).to_be_visible()


async def _leaves_a_list_and_then_its_dialog(office: Agent) -> None:
    await office.page.goto(f"{office.url}/people")
    await office.at("person-add").click()
    phone = office.page.locator("#person-phone")
    await phone.focus()
    await office.choices(phone)
    await office.assert_accessible()
    await office.page.keyboard.press("Escape")
    await expect(phone).to_have_attribute("aria-expanded", "false")
    await expect(phone).to_be_focused()
    await office.page.keyboard.press("Escape")
    await expect(phone).not_to_be_visible()


class InputMethod:
    """What a Chinese input method does to the entry with the focus: it composes, and keys are its own meanwhile."""

    def __init__(self, browser: CDPSession) -> None:
        self._browser = browser

    async def compose(self, text: str) -> None:
        await self._browser.send(
            "Input.imeSetComposition", {"text": text, "selectionStart": len(text), "selectionEnd": len(text)}
        )

    async def press(self, key: str) -> None:
        """As a browser tells it while the method has the key (229), with the letter that Enter would be."""
        told = {"key": key, "code": key, "windowsVirtualKeyCode": 229}
        await self._browser.send("Input.dispatchKeyEvent", {"type": "keyDown", "text": "\r" if key == "Enter" else "", **told})
        await self._browser.send("Input.dispatchKeyEvent", {"type": "keyUp", **told})

    async def commit(self, text: str) -> None:
        await self._browser.send("Input.insertText", {"text": text})


async def test_keys_of_an_input_method_send_no_form_choose_nothing_and_close_nothing(centre: Centre, chromium: Browser) -> None:
    office = await chromium.log_in(centre.url, "admin", centre.people["admin"].password)
    method = InputMethod(await office.page.context.new_cdp_session(office.page))
    await office.page.goto(f"{centre.url}/customers")
    await expect(office.at("customer-add")).to_be_visible()
    await office.page.keyboard.press("Control+k")
    palette = office.at("palette-entry")
    await expect(palette).to_be_focused()
    await method.compose("xi'tong")
    for key in ("ArrowDown", "Enter", "Escape"):
        await method.press(key)
    await expect(palette).to_be_focused()
    await method.commit("系统")
    await expect(palette).to_have_value("系统")
    await expect(office.at("palette-item").first).to_contain_text("系统")
    await office.page.keyboard.press("Enter")
    await office.page.wait_for_url("**/system")

    await office.page.goto(f"{centre.url}/customers")
    await office.at("customer-add").click()
    name = office.page.locator("#customer-name")
    await name.focus()
    await method.compose("zhang")
    for key in ("Enter", "Escape"):
        await method.press(key)
    await expect(name).to_be_focused()
    await expect(office.page.locator("[aria-invalid=true]")).to_have_count(0)  # it was not sent
    await method.commit("张")
    await expect(name).to_have_value("张")
    await office.page.keyboard.press("Enter")
    await _is_wrong(office, office.page.locator("#customer-number"), "请填写")


async def test_who_comes_near_what_an_entry_can_hold_sees_how_much_is_left(centre: Centre, chromium: Browser) -> None:
    office = await chromium.log_in(centre.url, "admin", centre.people["admin"].password)
    await office.page.goto(f"{centre.url}/customers")
    await office.at("customer-add").click()
    note = office.page.locator("#customer-note")
    counter = office.page.get_by_role("dialog").get_by_text("330 / 400")
    await note.fill("话" * 100)
    await expect(counter).to_have_count(0)
    await note.fill("话" * 330)
    await expect(counter).to_be_visible()
    await office.assert_accessible()
    await note.press("End")
    await office.page.keyboard.insert_text("多" * 100)
    await expect(note).to_have_value("话" * 330 + "多" * 70)
