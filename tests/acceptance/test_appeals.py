"""A customer adds to a case in real browsers (SPEC A5), and two people at one case see each other at once: who is there, in which
field, and nothing is overwritten.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from tests.harness.centre import Centre
from tests.harness.desk_driver import Agent, Browser

CASE = {
    "kind": "complaint",
    "business": "data",
    "nature": "fault_repair",
    "description": "宽带三天不通，报修没有人来",
    "customer_name": "张桂芳",
    "customer_number": "13800138000",
}
Json = dict[str, Any]


async def draft(centre: Centre, login: str, key: str, **fields: str) -> Json:
    async with await centre.desk(login) as desk:
        return dict(await desk.post("/api/tickets", key=f"appeals-{key}", fields={**CASE, **fields}))


async def case(centre: Centre, login: str, key: str, **fields: str) -> Json:
    made = await draft(centre, login, key, **fields)
    async with await centre.desk(login) as desk:
        return dict(await desk.post(f"/api/tickets/{made['id']}/confirm", version=made["version"]))


@pytest.fixture
async def two(centre: Centre, tmp_path: Path) -> AsyncIterator[tuple[Agent, Agent]]:
    """A junior who has the case, and a senior."""
    people = {"lan": "junior_agent", "zhao": "senior_agent"}
    for login, role in people.items():
        await centre.hire(login, role=role)
    async with AsyncExitStack() as stack:
        browsers = [await stack.enter_async_context(Browser(tmp_path / login, pictures=tmp_path)) for login in people]
        agents = [
            await browser.log_in(centre.url, login, centre.people[login].password)
            for browser, login in zip(browsers, people, strict=True)
        ]
        yield agents[0], agents[1]
        for browser in browsers:
            browser.faults = [fault for fault in browser.faults if "409" not in fault]  # the close that is refused
            browser.assert_clean()


async def test_a5_what_a_customer_adds_is_answered_before_the_case_is_closed(centre: Centre, two: tuple[Agent, Agent]) -> None:
    junior, senior = two
    ticket = await case(centre, "lan", "one-0001", answer="已修复")
    for agent in two:
        await agent.page.goto(f"{centre.url}/tickets/{ticket['id']}")
    await senior.at("appeal-add").click()
    await expect(senior.at("appeal-entry")).to_be_focused()
    await senior.at("appeal-entry").fill("客户来电：还是不通")
    await senior.at("appeal-send").click()
    await expect(senior.at("appeal-send")).to_have_count(0)
    await expect(junior.page.locator("[data-testid=appeal-row][data-state=open]")).to_contain_text("还是不通")  # by itself
    await expect(junior.page.locator("[data-testid=hotline-proposal] [data-trigger=unfinished]")).to_be_visible()
    await junior.assert_accessible()
    await junior.at("hotline-proposal-take").click()  # SPEC A4: as it is proposed; a person looks at it and sends it, or not
    await expect(junior.at("hand-reason")).to_be_focused()
    await expect(junior.at("hand-reason")).to_have_value("未办结客户又来问：1 次")
    await expect(junior.at("trigger-unfinished")).to_be_checked()
    await expect(junior.at("trigger-overdue")).not_to_be_checked()
    await junior.page.keyboard.press("Escape")
    await expect(junior.at("hand-reason")).to_have_count(0)
    await junior.at("close-ticket").click()
    await junior.choose(junior.at("closing"), "confirmed")
    await junior.at("ask-yes").click()
    await expect(junior.page.get_by_text("客户的补充还没有答复")).to_be_visible()
    await junior.page.keyboard.press("Escape")
    await junior.at("appeal-answer").click()
    await junior.at("appeal-entry").fill("已约明天上门")
    await junior.at("appeal-send").click()
    await expect(junior.page.locator("[data-testid=appeal-row][data-state=answered]")).to_contain_text("已约明天上门")
    await junior.at("close-ticket").click()
    await junior.choose(junior.at("closing"), "confirmed")
    await junior.at("ask-yes").click()
    await expect(junior.page.locator("[data-ticket-state=closed]")).to_have_count(1)
    await expect(junior.page.locator("[data-testid=case-stage][data-stage=close][data-standing=done]")).to_be_visible()


async def test_two_people_at_one_case_see_each_other_and_nothing_is_overwritten(centre: Centre, two: tuple[Agent, Agent]) -> None:
    junior, senior = two
    ticket = await case(centre, "lan", "two-0001", customer_number="13900139000")
    for agent in two:
        await agent.page.goto(f"{centre.url}/tickets/{ticket['id']}")
    await expect(junior.at("people-beside")).to_contain_text("Zhao")
    await senior.field("address").click()
    await expect(junior.at("beside-address")).to_contain_text("Zhao")
    await senior.field("address").fill("天河路 1 号")
    await junior.field("answer").fill("已派人去看")
    for agent in two:
        await expect(agent.field("address")).to_have_value("天河路 1 号")
        await expect(agent.field("answer")).to_have_value("已派人去看")
    await senior.page.goto(f"{centre.url}/tickets")
    await expect(junior.at("people-beside")).to_have_count(0)


async def test_a4_a_likely_repeat_says_why_and_a_person_says_that_it_is_one(centre: Centre, two: tuple[Agent, Agent]) -> None:
    junior, _ = two
    earlier = await case(centre, "lan", "three-0001", customer_number="13700137000")
    later = await draft(centre, "lan", "three-0002", customer_number="13700137000", description="宽带又不通，报修还是没有人来")
    await junior.page.goto(f"{centre.url}/tickets/{later['id']}")
    likely = junior.page.locator(f"[data-testid=repeat-likely][data-ticket-id='{earlier['id']}']")
    await expect(likely).to_contain_text("同一号码")
    await junior.assert_accessible()
    await likely.get_by_test_id("repeat-yes").click()
    await expect(junior.at("repeat-confirmed")).to_contain_text(earlier["number"])
    await junior.at("repeat-undo").click()
    await expect(likely).to_be_visible()
