"""The telephone in the page: nothing but the hang-up ends a call, and what the buttons say happens is what the caller hears.

A browser and an agent of its own, whose microphone hears an agent who never stops talking, and callers at SIP phones, so that
what reaches the caller can be measured. Each call costs seconds, so one call shows several things, and pages are looked over by
axe-core where a call has brought them up.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.acceptance.test_walk import likeness
from tests.harness import speech, tones
from tests.harness.centre import Centre
from tests.harness.desk_driver import Agent, Browser, without_end
from tests.harness.patience import seconds, until
from tests.harness.sip_phone import Answer, Call, Phone, Voice
from tests.harness.tones import Law

LOUD, QUIET = 300, 30
"""Root mean square of speech that arrives, and of a line on which nobody speaks."""
LISTEN = 1.5
"""Seconds of listening: longer than any pause of the talker."""
LONG_NUMBER = "12345678901234567890"
LONG_NAME = "乌鲁木齐市米东区古牧地镇长途电信有限责任公司"


class Ear(Voice):
    """A voice that also notes the keys it is sent (RFC 4733), which are told several times each."""

    def __init__(self, law: Law) -> None:
        super().__init__(law)
        self.keys: list[int] = []

    def _listen(self) -> None:
        with suppress(BlockingIOError, ConnectionRefusedError):
            packet = self._socket.recv(2048, socket.MSG_PEEK)
            if len(packet) > 12 and packet[1] & 0x7F == 101:
                self.keys.append(packet[12])
        super()._listen()


@pytest.fixture(scope="module")
async def doras_browser(centre: Centre, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    await centre.hire("dora", extension="1004", name="多拉")
    await centre.admin.post("/api/customers", number=LONG_NUMBER, name=LONG_NAME, tier="dedicated_line", note="")
    says = await asyncio.to_thread(speech.speak, speech.GREETING)
    async with Browser(tmp_path_factory.mktemp("dora"), says=without_end(says)) as browser:
        yield browser


@pytest.fixture
async def dora(centre: Centre, doras_browser: Browser) -> AsyncIterator[Agent]:
    """Logged in and ready, in a tab of her own. What her pages complained of fails the test."""
    doras_browser.faults.clear()
    agent = await doras_browser.log_in(centre.url, "dora", centre.people["dora"].password)
    await agent.ready()
    yield agent
    try:
        await agent.idle()
        await agent.away()
        await _log_out(agent)
    finally:  # a failed test leaves the next one a browser that nobody is logged in to
        await agent.page.context.clear_cookies()
        await agent.page.close()
    doras_browser.assert_clean()


async def _log_out(agent: Agent) -> None:
    await agent.at("account").click()
    await agent.at("logout").click()
    await expect(agent.at("login-submit")).to_be_visible()


@asynccontextmanager
async def _a_call(centre: Centre, agent: Agent, number: str) -> AsyncIterator[Call]:
    """A caller who has come through the menu to that agent's pop and is answered."""
    async with AsyncExitStack() as stack:
        phone = await Phone.open(centre.sip, user=number)
        stack.callback(phone.close)
        talk = phone.dial("10000")
        talk.voice.close()
        talk.voice = Ear(talk.voice.law)
        await talk.invite()
        stack.push_async_callback(talk.hang_up)
        await _choose(centre, talk, number)
        await agent.wait_pop()
        await agent.answer()
        talk.voice.loop(tones.tone(440, 1))
        yield talk


async def _choose(centre: Centre, talk: Call, number: str) -> None:
    async def look() -> bool:
        await talk.dtmf("1")
        return (await centre.call_of(number))["queued_at"] is not None

    await until(look, f"{number} to reach the queue", 30)


async def _hears(talk: Call) -> float:
    """How loud the line is for the caller, from now on."""
    since = time.time()
    await asyncio.sleep(LISTEN)  # the listening itself
    return tones.level(talk.voice.heard(since=since))


async def _is_heard(talk: Call) -> None:
    def level() -> float:
        return tones.level(talk.voice.heard(since=time.time() - LISTEN))

    await until(lambda: level() > LOUD, "the agent's voice at the caller's", 10, seen=level)


async def test_a_call_goes_on_through_every_room_and_past_the_end_of_the_session(
    centre: Centre, dora: Agent, doras_browser: Browser
) -> None:
    async with _a_call(centre, dora, "13800005001") as talk:
        await _is_heard(talk)
        await dora.at("ticket-form").wait_for()
        await dora.assert_accessible()
        for room in ("tickets", "calls", "customers"):
            await dora.room(room)
            await dora.page.wait_for_url(f"**/{room}")
        await dora.at("account").click()
        await expect(dora.at("logout")).to_be_disabled()
        await expect(dora.page.get_by_text("通话结束后才能退出")).to_be_visible()
        await dora.page.get_by_role("link", name="更改密码").click()
        await expect(dora.at("password-old")).to_be_visible()
        await dora.assert_accessible()
        assert await _hears(talk) > LOUD

        await dora.page.evaluate("fetch('/api/logout', {method: 'POST'})")
        await expect(dora.page.locator("[data-banner=session]")).to_be_visible()
        assert await _hears(talk) > LOUD
        assert not talk.ended_already
        await dora.at("call-hangup").click()
        await talk.ended()
    await expect(dora.at("login-submit")).to_be_visible()
    await expect(dora.page.get_by_text("登录已结束，请重新登录")).to_be_visible()
    await dora.assert_accessible()
    doras_browser.faults.clear()  # refused requests of the ended session
    await dora.at("login-name").fill("dora")
    await dora.at("login-password").fill(centre.people["dora"].password)
    await dora.at("login-submit").click()
    await dora.registered()
    await dora.room("desk")

    row = await centre.call_of("13800005001", "the recording", 30, recording_state="archived")
    for page, shows in ((f"tickets/{row['ticket_id']}", "journal-row"), (f"calls/one?id={row['id']}", "player")):
        await dora.page.goto(f"{centre.url}/{page}")
        await expect(dora.at(shows).first).to_be_visible()
        await dora.assert_accessible()
        await _skipping_to_the_content_stays_on_the_page(dora.page)
    await dora.page.goto(centre.url)
    await dora.registered()


async def _skipping_to_the_content_stays_on_the_page(page: Page) -> None:
    await page.evaluate("document.querySelector('#main > *').known = true")
    await page.get_by_role("link", name="跳到主要内容").press("Enter")
    await expect(page.get_by_role("main")).to_be_focused()
    assert await page.evaluate("document.querySelector('#main > *').known === true && location.hash === ''")


async def test_mute_hold_keys_and_handing_on_are_what_the_caller_hears(
    centre: Centre, dora: Agent, phones: dict[str, Phone]
) -> None:
    bert = phones["bert"]
    bert.on_ring = Answer(after=1.0)
    async with _a_call(centre, dora, LONG_NUMBER) as talk:
        await _is_heard(talk)
        await dora.at("call-mute").click()
        await expect(dora.at("call-mute")).to_have_attribute("aria-pressed", "true")
        await _is_silent(talk, "the microphone to be muted")
        await _choose_another_microphone(dora.page, dora)
        await _is_silent(talk, "another microphone, which was chosen, to be muted")
        await dora.at("call-mute").click()
        await _is_heard(talk)

        talk.voice.silence()  # or the echo canceller meets the caller's sound anew after the hold: no voice gets through at first
        await dora.at("call-hold").click()
        await dora.page.locator("[data-testid=call-bar][data-phase=held]").wait_for()
        since = time.time() + 0.5
        await _bar_is_whole(dora)
        assert await _likeness(talk, since) < 0.5, "the agent is heard on hold"
        await dora.at("call-hold").click()
        await dora.page.locator("[data-testid=call-bar][data-phase=talking]").wait_for()
        back = time.time()
        await until(lambda: _has_said_it_all(talk, back), "the agent, where the music was, at the caller's", 20)
        talk.voice.loop(tones.tone(440, 1))

        await dora.at("call-keypad").click()
        await dora.at("dtmf-5").wait_for()
        await dora.page.keyboard.press("7")
        ear: Any = talk.voice
        await until(lambda: _noted(ear, 7), "the key at the caller's phone", 5)
        await dora.page.keyboard.press("Escape")
        await expect(dora.at("dtmf-5")).to_have_count(0)

        before = len(bert.calls)
        await dora.at("call-transfer").click()
        await expect(dora.at("transfer-to")).to_be_focused()
        await dora.assert_accessible()
        await dora.page.keyboard.type("1002")
        await dora.page.keyboard.press("Enter")
        await dora.page.keyboard.press("Enter")
        handed = await bert.next_call(limit=15)
        await dora.idle()
        handed.voice.loop(tones.tone(1000, 1))
        await until(lambda: _tone(handed, 440), "the caller at bert's phone", 10)
        await until(lambda: _tone(talk, 1000), "bert at the caller's phone", 10)
        assert len(bert.calls) == before + 1, "the caller was handed on twice"
        await handed.hang_up()


async def _likeness(talk: Call, since: float) -> float:
    """How much what the caller hears from then on is like what the agent says: on hold there is music."""
    says = await asyncio.to_thread(speech.speak, speech.GREETING)
    await asyncio.sleep(max(0.0, since - time.time()) + 2 * len(says) / speech.RATE)
    return likeness(talk.voice.heard(since=since), says)


async def _has_said_it_all(talk: Call, since: float) -> bool:
    """The greeting was heard whole. When that is, depends on the machine: the switch takes the music away in a thread of its own,
    after it has agreed; and a microphone that stalls for a fifth of a second spoils the greeting under way, not the next."""
    says, heard = await asyncio.to_thread(speech.speak, speech.GREETING), talk.voice.heard(since=since)
    return len(heard) >= len(says) and likeness(heard, says) > 0.65


async def _is_silent(talk: Call, why: str) -> None:
    """From now on for as long as the talker never pauses; what is still on its way is let by."""
    began = time.time()

    def level() -> float:
        return tones.level(talk.voice.heard(since=time.time() - LISTEN))

    await until(lambda: time.time() - LISTEN >= began and level() < QUIET, why, 10, seen=level)


async def _choose_another_microphone(page: Page, agent: Agent) -> None:
    await agent.at("account").click()
    await agent.at("phone-settings").click()
    choice = agent.at("microphone")
    offered = await agent.choices(choice)
    await expect(offered).not_to_have_count(1)
    await offered.nth(1).click()
    await agent.assert_accessible()
    await page.keyboard.press("Escape")
    await expect(choice).to_have_count(0)


async def _bar_is_whole(agent: Agent) -> None:
    """With the longest name and number, on hold, on narrow screens: no button is outside of the bar, and both can be seen."""
    size = agent.page.viewport_size
    assert size is not None
    for width in (1024, 1280, 1366):
        await agent.page.set_viewport_size({"width": width, "height": 800})
        bar, end, queue, name, number = [
            await _box(agent, thing) for thing in ("call-bar", "call-hangup", "queue-ring", "call-name", "call-number")
        ]
        assert bar["x"] + bar["width"] <= queue["x"], f"the bar lies over the queue at {width}"
        assert end["x"] + end["width"] <= bar["x"] + bar["width"], f"a button lies outside of the bar at {width}"
        assert min(name["width"], number["width"]) > 40, f"nobody can tell who it is at {width}"
        assert not await agent.at("call-number").evaluate("(at) => at.scrollWidth > at.clientWidth + 1"), (
            f"the number is cut at {width}"
        )
        assert await agent.at("held-for").inner_text() >= "00:00"
    await agent.page.set_viewport_size(size)


async def _box(agent: Agent, testid: str) -> dict[str, float]:
    box = await agent.at(testid).bounding_box()
    assert box is not None, testid
    return {"x": box["x"], "width": box["width"]}


async def _noted(ear: Ear, key: int) -> bool:
    return key in ear.keys


async def _tone(talk: Call, hertz: float) -> bool:
    return tones.share(talk.voice.heard(since=time.time() - 0.5), hertz) > 0.5


async def test_a_second_tab_leaves_the_call_alone_and_a_reload_says_what_became_of_it(
    centre: Centre, dora: Agent, doras_browser: Browser
) -> None:
    async with _a_call(centre, dora, "13800005003") as talk:
        # While the caller sounds too, the browser's echo canceller lets no voice through in the first second or two, and beside a
        # busy core now and then later, second tab or not: here nobody but the agent speaks.
        talk.voice.silence()
        await _is_heard(talk)
        since = time.time()
        async with _another_tab(doras_browser, centre) as second:
            banner = second.page.locator("[data-banner=phone]")
            await banner.get_by_test_id("banner-act").click()
            await expect(banner).to_contain_text("结束后再移")
            assert await _hears(talk) > LOUD
        _was_heard_all_the_while(talk, since)

        await dora.reload()
        banner = dora.page.locator("[data-banner=reload]")
        await expect(banner).to_contain_text("通话中页面被重新载入")
        await dora.registered()
        await expect(banner).to_contain_text("正排在队列最前", timeout=seconds(20) * 1000)
        await _comes_back(dora, talk, (await centre.call_of("13800005003"))["id"])
        await expect(banner).to_have_count(0)


async def _comes_back(agent: Agent, talk: Call, call: str) -> None:
    """The page took the agent's leg with it; the caller was not hung up, and comes back to whoever is ready."""
    assert not talk.ended_already, talk.reason
    await agent.asks_for_calls()
    assert (await agent.wait_pop()).call == call
    await agent.answer()
    await _is_heard(talk)
    await agent.hang_up()
    await talk.ended()


@asynccontextmanager
async def _another_tab(browser: Browser, centre: Centre) -> AsyncIterator[Agent]:
    """Closed whatever happens: left open it would take the phone, and complain, when the first tab is logged out."""
    page = await browser.page()
    try:
        await page.goto(centre.url)
        yield Agent(page, centre.url)
    finally:
        await page.close()


def _was_heard_all_the_while(talk: Call, since: float) -> None:
    """The agent never stops talking, so no stretch is without voice; nor is a stretch missing."""
    heard, length = talk.voice.heard(since=since), int(LISTEN * speech.RATE)
    levels = [tones.level(heard[start : start + length]) for start in range(0, len(heard) - length + 1, length // 3)]
    assert min(levels) > LOUD, levels
    numbers = [number for at, number, _ in talk.voice.received if at >= since]
    lost = (numbers[-1] - numbers[0]) % 0x10000 + 1 - len(numbers)
    assert lost * 0.02 < LISTEN, f"{lost} packets were lost"


async def test_the_phone_moves_to_another_tab_and_comes_back_when_that_one_is_closed(
    centre: Centre, dora: Agent, doras_browser: Browser
) -> None:
    async with _another_tab(doras_browser, centre) as second:
        await second.page.locator("[data-banner=phone]").get_by_test_id("banner-act").click()
        await second.registered()
        await expect(dora.at("phone-line")).to_have_attribute("data-registration", "elsewhere")
    await dora.registered()


async def test_a_page_that_comes_while_the_server_cannot_tell_who_it_is_asks_again_by_itself(
    dora: Agent, doras_browser: Browser
) -> None:
    await dora.page.route("**/api/me", lambda route: route.fulfill(status=503, json={"code": "database_away"}))
    await dora.page.goto(f"{dora.url}/tickets")
    await expect(dora.at("login-away")).to_contain_text("数据库")
    await dora.page.unroute("**/api/me")
    await dora.page.wait_for_url("**/tickets")
    await dora.registered()
    await dora.room("desk")
    doras_browser.faults.clear()  # the refusals
