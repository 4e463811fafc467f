"""An inspector hears a finished call in a real browser, by its words and one side alone: on record, nothing changed (SPEC C8)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, expect

from tests.acceptance.conftest import Begin, at_work, choose, sides
from tests.demo.desk import Refusal
from tests.harness.centre import Centre
from tests.harness.desk_driver import Agent, Browser
from tests.harness.patience import until
from tests.harness.sip_phone import Answer, Phone

NUMBER = "13900012121"
INSTRUMENTS = """
window.Audio = class extends window.Audio { constructor() { super(...arguments); window.sound = this } }
window.ears = []
const connect = AudioNode.prototype.connect
AudioNode.prototype.connect = function (to, from) {
  if (this instanceof ChannelSplitterNode) window.ears[from] = to
  return connect.apply(this, arguments)
}
"""
"""The page's own player, and the two gains through which its left and right channel are heard."""
INK = """canvas => {
  const {width, height} = canvas
  const pixels = canvas.getContext('2d').getImageData(0, 0, width, height).data
  const inked = [0, 0]
  for (let i = 3; i < pixels.length; i += 4) if (pixels[i] > 0) inked[Math.floor(i / 4 / width) < height / 2 ? 0 : 1]++
  return inked.map(count => count / width)
}"""
"""How many dots of each channel are drawn, on average over the width."""
LONG = "\n".join(f"第{line}行" for line in range(1, 121))
PRINTED = """paper => {
  const page = document.scrollingElement
  return paper.getBoundingClientRect().height > 2 * innerHeight && page.scrollHeight + 1 > paper.getBoundingClientRect().bottom
}"""
"""The paper runs on over the screen, and the page with it."""


async def test_the_inspector_hears_a_call_by_its_words_and_it_is_on_record(
    centre: Centre, phones: dict[str, Phone], rings: Begin, tmp_path: Path
) -> None:
    call = await _finished_call(centre, phones["bert"], rings)
    async with Browser(tmp_path / "browser") as browser:
        qing = await browser.log_in(centre.url, "qing", centre.people["qing"].password)
        await qing.page.add_init_script(INSTRUMENTS)
        await qing.reload()
        await qing.room("calls")
        await qing.page.locator(f"[data-testid=call-row][data-call-id='{call['id']}']").click()

        await _sees_both_sides(qing)
        assert not await _listened(centre, call["id"]), "looking at a call is not listening to it"
        await _clicks_a_word(qing)
        assert await _listened(centre, call["id"]) == {centre.people["qing"].id}
        await _goes_on_by_keys(qing)
        await _chooses_speed(qing)
        await _hears_one_side(qing)
        assert not await qing.accessibility()

        await qing.page.locator(f"a[href='/tickets/{call['ticket_id']}']").click()
        await _may_not_change(centre, qing, call["ticket_id"])
        browser.assert_clean()


async def _finished_call(centre: Centre, phone: Phone, rings: Begin) -> dict[str, Any]:
    said = await asyncio.to_thread(sides)
    phone.on_ring = Answer(after=0.2)
    caller = await rings(number=NUMBER, says=said["caller"])
    async with at_work(centre, "bert"):
        await choose(centre, caller, "1")
        talk = await phone.next_call(limit=20)
        caller.speak()
        await talk.voice.say(said["agent"])
        await talk.hang_up()
        await caller.ended()
    call = await centre.call_of(NUMBER, "the transcript", 60, recording_state="archived", transcript_state="done")
    async with await centre.desk("bert") as desk:
        ticket = await desk.get(f"/api/tickets/{call['ticket_id']}")
        await desk.patch(f"/api/tickets/{ticket['id']}", version=ticket["version"], fields={"description": LONG})
    return call


async def _sees_both_sides(qing: Agent) -> None:
    await expect(qing.at("utterance").first).to_be_visible()
    assert {await one.get_attribute("data-speaker") for one in await qing.at("utterance").all()} == {"caller", "agent"}
    wave = qing.at("player-wave").locator("canvas")
    await until(lambda: _is_drawn(wave), "both sides in the wave form", 10)


async def _is_drawn(wave: Locator) -> bool:
    inked: list[float] = await wave.evaluate(INK)
    return min(inked) > 2  # a silent side is a line of one dot


async def _clicks_a_word(qing: Agent) -> None:
    word = qing.at("word").last
    start = float(await word.get_attribute("data-start") or 0)
    assert start > 3, "a word at the beginning proves nothing"
    await word.click()
    await until(lambda: _plays_from(qing, start), f"the player at {start} s", 10)
    shown = await qing.at("player-time").inner_text()
    minutes, seconds = shown.split(" / ")[0].split(":")
    assert int(minutes) * 60 + int(seconds) >= int(start)


async def _plays_from(qing: Agent, start: float) -> bool:
    at: float = await qing.page.evaluate("sound.currentTime")
    return start < at < start + 10


async def _goes_on_by_keys(qing: Agent) -> None:
    """The words are one stop of the Tab key, and arrows lead from one to the next."""
    await expect(qing.page.locator("[data-testid=word][tabindex='0']")).to_have_count(1)
    await qing.page.keyboard.press("Home")
    first, second = qing.at("word").nth(0), qing.at("word").nth(1)
    await expect(first).to_be_focused()
    await qing.page.keyboard.press("ArrowRight")
    await expect(second).to_be_focused()
    await expect(qing.page.locator("[data-testid=word][tabindex='0']")).to_have_count(1)
    start = float(await second.get_attribute("data-start") or 0)
    await qing.page.keyboard.press("Enter")
    await until(lambda: _plays_from(qing, start), f"the player at {start} s", 10)


async def _chooses_speed(qing: Agent) -> None:
    await qing.choose(qing.at("player-speed"), "1.5")
    assert await qing.page.evaluate("sound.playbackRate") == 1.5


async def _hears_one_side(qing: Agent) -> None:
    """The caller is the left channel, the agents are the right one."""
    for side, ears in (("caller", [1, 0]), ("agent", [0, 1]), ("both", [1, 1])):
        await qing.at(f"player-{side}").click()
        await expect(qing.at(f"player-{side}")).to_have_attribute("aria-pressed", "true")
        assert await qing.page.evaluate("ears.map(ear => ear.gain.value)") == ears


async def _listened(centre: Centre, call: str) -> set[int]:
    rows = await centre.query("select person_id from audit where action = 'recording.listen' and object = $1", f"call:{call}")
    return {row["person_id"] for row in rows}


async def _may_not_change(centre: Centre, qing: Agent, ticket: int) -> None:
    await expect(qing.field("description")).not_to_be_editable()
    await expect(qing.field("business")).to_be_disabled()
    for step in ("confirm", "discard", "undo"):
        await expect(qing.at(step)).to_have_count(0)
    await expect(qing.at("utterance").first).to_be_visible()
    assert not await qing.accessibility()
    await _is_printed_whole(qing)
    before = await centre.admin.get(f"/api/tickets/{ticket}")
    async with await centre.desk("qing") as inspector:
        with pytest.raises(Refusal) as refused:
            await inspector.patch(f"/api/tickets/{ticket}", version=before["version"], fields={"answer": "x"})
    assert refused.value.status == 403
    assert await centre.admin.get(f"/api/tickets/{ticket}") == before


async def _is_printed_whole(qing: Agent) -> None:
    """On paper there is the ticket alone, to its last line."""
    await qing.page.emulate_media(media="print")
    paper = qing.at("ticket-paper")
    await expect(paper).to_be_visible()
    await expect(paper).to_contain_text(LONG.splitlines()[-1])
    await expect(qing.at("ticket-form")).to_be_hidden()
    await expect(qing.at("nav-calls")).to_be_hidden()
    assert await paper.evaluate(PRINTED), "what is printed ends with the screen"
    await qing.page.emulate_media(media="screen")
    await expect(paper).to_be_hidden()
