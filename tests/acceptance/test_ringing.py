"""What happens while a phone rings: nobody takes it, the caller gives up, the browser reloads."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import expect

from tests.acceptance.conftest import Begin, at_work, choose
from tests.harness.centre import RING_SECONDS, Centre
from tests.harness.desk_driver import Agent, Browser
from tests.harness.patience import seconds, until
from tests.harness.sip_phone import Answer, Phone, Ring


async def _detail(centre: Centre, call: str) -> dict[str, list[dict[str, object]]]:
    detail: dict[str, list[dict[str, object]]] = await centre.admin.get(f"/api/calls/{call}")
    return detail


async def test_a_missed_ring_goes_to_the_next_agent_and_pauses_the_first_with_the_reason_shown(
    centre: Centre, anna: Agent, phones: dict[str, Phone], rings: Begin
) -> None:
    await anna.ready()
    caller = await rings(number="13900002222")
    await choose(centre, caller, "1")
    card = await anna.wait_pop()
    phones["bert"].on_ring = Answer(after=0.2)
    async with at_work(centre, "bert"):
        talk = await phones["bert"].next_call(limit=20)
        await anna.state("paused", "missed_ring")
        await until(lambda: _no_pops(anna), "the card to go with the ring", 5)
        await expect(anna.at("state-ready-now")).to_be_visible()
        await expect(anna.at("state-switch")).to_contain_text("漏接")
        call = await centre.call_of("13900002222", answered_by="白涛")
        assert call["id"] == card.call
        await talk.hang_up()
        await caller.ended()
    await until(lambda: _wishes(centre, "anna", ("paused", "missed_ring")), "the missed ring to be anna's own state", 5)
    await centre.call_of("13900002222", outcome="answered")
    legs = {leg["extension"]: leg for leg in (await _detail(centre, card.call))["legs"]}
    assert legs["1001"]["outcome"] == "no_answer"
    assert (RING_SECONDS - 1) * 1000 <= int(str(legs["1001"]["rang_ms"])) <= (RING_SECONDS + 5) * 1000
    assert legs["1002"]["outcome"] == "answered"
    await anna.at("state-ready-now").click()
    await anna.state("ready")


async def _wishes(centre: Centre, login: str, wanted: tuple[str, str]) -> bool:
    """Kept apart from what the switch says: whatever forgets the switch's own pause, the agent stays paused."""
    kept = await centre.query("select wanted_state, wanted_reason from person where login = $1", login)
    return tuple(kept[0]) == wanted


async def test_a_caller_who_gives_up_while_the_phone_rings_takes_the_card_away(centre: Centre, anna: Agent, rings: Begin) -> None:
    await anna.ready()
    caller = await rings(number="13900003333")
    await choose(centre, caller, "2")
    await anna.wait_pop()
    caller.hang_up()
    call = await centre.call_of("13900003333", outcome="abandoned")
    assert (call["answered_at"], call["ticket_id"], call["ivr_path"]) == (None, None, "2")
    await until(lambda: _no_pops(anna), "the card to go", 5)
    await anna.state("ready")


async def test_what_rings_can_be_read_by_everybody_on_the_desk_and_over_another_page(
    centre: Centre, anna: Agent, rings: Begin
) -> None:
    """A test of its own, which answers nothing: on a busy machine the look takes longer than the ring."""
    await anna.ready()
    caller = await rings(number="13900009191")
    await choose(centre, caller, "1")
    await anna.wait_pop()
    await anna.assert_accessible()
    await anna.room("tickets")
    await anna.assert_accessible()
    caller.hang_up()
    await centre.call_of("13900009191", outcome="abandoned")


async def _no_pops(agent: Agent) -> bool:
    return await agent.pops() == 0


async def test_a_ring_moves_nothing_and_can_be_answered_over_a_dialog(centre: Centre, anna: Agent, rings: Begin) -> None:
    """Writing on another page: the field stays where and as wide as it is. With a dialog over it all, Answer can be pressed."""
    await anna.ready()
    await anna.page.goto(f"{centre.url}/tickets/new?key=ring-over-typing")
    await anna.ready()
    entry = anna.field("description")
    await entry.click()
    before = await entry.bounding_box()
    caller = await rings(number="13900006666")
    await choose(centre, caller, "1")
    await anna.wait_pop()
    assert await entry.bounding_box() == before
    await expect(entry).to_be_focused()
    await anna.at("nav-tickets").focus()  # out of the field, where a question mark is text
    await anna.page.keyboard.press("?")
    await expect(anna.at("keys-dialog")).to_be_visible()
    await anna.at("answer-above").click()  # Playwright presses only what nothing lies over
    await until(lambda: _talks(anna), "the conversation on the call bar", 15)
    await anna.page.keyboard.press("Escape")
    await expect(anna.page.locator("[data-ticket-id]").first).to_be_visible()
    await anna.hang_up()
    await centre.call_of("13900006666", outcome="answered")


async def _talks(agent: Agent) -> bool:
    return await agent.page.locator("[data-testid=call-bar][data-phase=talking]").count() == 1


async def test_a_reload_while_it_rings_brings_the_card_back_once_and_it_can_be_answered(
    centre: Centre, anna: Agent, rings: Begin
) -> None:
    await anna.ready()
    caller = await rings(number="13900004444")
    await choose(centre, caller, "0")
    before = await anna.wait_pop()
    await anna.reload()
    after = await anna.wait_pop()
    assert after.call == before.call
    assert await anna.pops() < 2, "the ring of before is shown beside the new one"  # none for a moment, if it was the former
    await anna.answer()
    assert (await centre.call_of("13900004444", answered_by="安娜"))["id"] == before.call
    caller.hang_up()
    await anna.idle()
    assert (await centre.call_of("13900004444", outcome="answered"))["ivr_path"] == "0"
    popped = await centre.query("select id, ended_how from pop where call_id = $1 order by seq", before.call)
    assert popped[-1]["ended_how"] == "answered"


async def test_a_reload_brings_the_very_card_back_while_a_telephone_on_the_desk_rings_on(
    centre: Centre, phones: dict[str, Phone], rings: Begin, tmp_path: Path
) -> None:
    """The ring goes on without the page, so that no new one can bring the card: the numbered stream must."""
    phones["bert"].on_ring = Ring()
    async with Browser(tmp_path / "bert") as browser, at_work(centre, "bert"):
        bert = await browser.log_in(centre.url, "bert", centre.people["bert"].password)
        caller = await rings(number="13900005555")
        await choose(centre, caller, "1")
        card = bert.at("pop-card")
        await expect(card).to_have_count(1, timeout=seconds(15) * 1000)
        before = await card.get_attribute("data-pop-id")
        assert before
        await bert.reload()
        await expect(card).to_have_count(1, timeout=seconds(5) * 1000)
        assert await card.get_attribute("data-pop-id") == before
        caller.hang_up()
        await expect(card).to_have_count(0, timeout=seconds(10) * 1000)
    legs = (await _detail(centre, (await centre.call_of("13900005555", outcome="abandoned"))["id"]))["legs"]
    assert len(legs) == 1, "another ring may have brought the card back"
