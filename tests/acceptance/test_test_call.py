"""A test call from the welcome page: the agent hears himself by the switch, and nothing else in the centre takes notice of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.acceptance.conftest import Begin, choose
from tests.harness import speech, tones
from tests.harness.centre import Centre
from tests.harness.desk_driver import Agent, Browser, without_end
from tests.harness.patience import seconds, until
from tests.harness.sip_phone import Phone

REFUSED = """() => {
    const no = () => Promise.reject(new DOMException('as if the person had said no', 'NotAllowedError'))
    navigator.mediaDevices.getUserMedia = no
}"""
ALLOWED = "() => { delete navigator.mediaDevices.getUserMedia }"


@pytest.fixture
async def luo(centre: Centre, tmp_path: Path) -> AsyncIterator[Agent]:
    """Ready, on the welcome page, and never stops talking."""
    await centre.hire("luo", extension="1019", name="罗音")
    says = await asyncio.to_thread(speech.speak, speech.GREETING)
    async with Browser(tmp_path / "luo", says=without_end(says)) as browser:
        agent = await browser.log_in(centre.url, "luo", centre.people["luo"].password)
        await agent.ready()
        await agent.at("account").click()
        await agent.page.get_by_role("link", name="试耳麦和铃声").click()
        await agent.page.wait_for_url("**/welcome")
        yield agent
        await agent.idle()
        await agent.away()
        browser.assert_clean()


async def _test(agent: Agent, **wanted: str) -> None:
    """Until the test call is so far, or has come to that."""
    for name, value in wanted.items():
        await expect(agent.at("test-call")).to_have_attribute(f"data-{name}", value, timeout=seconds(15) * 1000)


LEFT = (
    "select id from call where started_at >= $1"
    " union all select call_id from call_leg where rang_at >= $1"
    " union all select id from pop where offered_at >= $1"
    " union all select r.call_id from recording r join call c on c.id = r.call_id where c.started_at >= $1"
    " union all select t.id::text from ticket t left join call c on c.id = t.call_id"
    " where coalesce(c.started_at, t.received_at) >= $1"
)
"""What a call since then leaves. Rows of earlier calls of this centre may still come: their sound is heard in the background."""


async def _left(centre: Centre, since: datetime) -> list[str]:
    return [row[0] for row in await centre.query(LEFT, since)]


async def test_an_agent_hears_himself_and_is_as_before_without_a_trace_of_it(centre: Centre, luo: Agent) -> None:
    begun = (await centre.query("select now() as now"))[0]["now"]
    await luo.at("test-call-start").click()
    await _test(luo, phase="up", verdict="good")
    await expect(luo.at("test-call-said")).to_contain_text("一切正常")
    for side in ("mine", "theirs"):
        await until(lambda side=side: _moves(luo, side), f"the level {side}", 10)  # type: ignore[misc]  # bound now
    await luo.state("talking")
    await luo.assert_accessible()
    assert await luo.at("call-bar").count() == 0
    await luo.at("test-call-end").click()
    await luo.state("ready")
    await _is_ready_without_wrap_up(centre)
    await expect(luo.at("test-call-said")).to_contain_text("一切正常")

    await luo.at("test-call-start").click()
    await _test(luo, phase="up")
    await luo.state("talking")
    await luo.room("tickets")  # leaving the page ends it
    await luo.state("ready")
    await _is_ready_without_wrap_up(centre)
    assert await _left(centre, begun) == []


async def _moves(agent: Agent, side: str) -> bool:
    return int(await agent.at(f"test-call-{side}").get_attribute("data-level") or 0) > 20


async def _is_ready_without_wrap_up(centre: Centre) -> None:
    async with await centre.desk("luo") as desk:
        board = await desk.get("/api/board")
    assert (board["me"]["state"], board["wrap_up_until"]) == ("ready", None)


async def test_a_test_makes_way_for_a_colleague_who_rings_and_for_a_caller_who_waited(
    centre: Centre, luo: Agent, phones: dict[str, Phone], rings: Begin
) -> None:
    await luo.at("test-call-start").click()
    await _test(luo, phase="up")
    call = phones["bert"].dial("1019")
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(call.invite(), name="bert calls luo")
        await _test(luo, phase="off")
        await luo.answer()
    call.voice.loop(tones.tone(440, 1))
    await luo.hears()
    await luo.hang_up()

    await luo.at("account").click()
    await luo.page.get_by_role("link", name="试耳麦和铃声").click()
    await luo.at("test-call-start").click()
    await _test(luo, phase="up")
    await luo.state("talking")
    caller = await rings(number="13800007001", says=tones.tone(440, 20))
    await choose(centre, caller, "1")
    await _test(luo, phase="up")
    await luo.at("test-call-end").click()
    await luo.wait_pop()
    await luo.answer()
    await luo.hang_up()


async def test_a_test_without_a_microphone_says_why_and_can_be_made_again(luo: Agent) -> None:
    await luo.page.evaluate(REFUSED)
    await luo.at("test-call-start").click()
    await expect(luo.at("test-call-said")).to_contain_text("麦克风被拒绝")
    await luo.page.evaluate(ALLOWED)
    await luo.at("test-call-start").click()
    await _test(luo, phase="up", verdict="good")
    await luo.at("test-call-end").click()
    await luo.state("ready")
