"""The AMI link through a door that cuts it, on a switch that is not ours to manage: everything is right again afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.acceptance.conftest import CALLER_SAYS, at_work, choose, on_the_board
from tests.harness import speech
from tests.harness.caller import Caller
from tests.harness.centre import Centre, Settings
from tests.harness.desk_driver import Browser
from tests.harness.patience import until
from tests.harness.proxy import Proxy, inside_characters, whole
from tests.harness.sip_phone import Answer, Phone
from tests.harness.switch import AMI_SECRET, Switch, asterisk_program, running_switch, secret_of, sip_agent, switch_plan

AGI_TOKEN = "test-token-of-the-dialplan-0123456789"


@dataclass(frozen=True)
class Linked:
    """A centre beside somebody's own switch, with a door of ours in the AMI link."""

    centre: Centre
    switch: Switch
    door: Proxy
    phones: dict[str, Phone]

    async def link_is(self, up: bool) -> None:
        async def look() -> bool:
            return bool((await self.centre.admin.get("/api/board"))["link"]["up"] is up)

        await until(look, f"the link to be {'up' if up else 'down'} on the board", 30)


def _keep_secret(file: Path) -> None:
    """Where the backend would have made one of its own."""
    file.parent.mkdir(mode=0o700, parents=True)
    file.touch(0o600)
    file.write_text(AGI_TOKEN)


@pytest.fixture(scope="module")
async def linked(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Linked]:
    async with AsyncExitStack() as stack:
        folder = tmp_path_factory.mktemp("linked")
        agents = (sip_agent("1002"), sip_agent("1003"))
        plan = replace(switch_plan(folder / "switch", await asterisk_program(), agents=agents), agi_token=AGI_TOKEN)
        switch = await stack.enter_async_context(running_switch(folder / "switch", plan=plan))
        door = await stack.enter_async_context(Proxy(switch.plan.ports.ami))
        ports = switch.plan.ports
        settings: Settings = {
            "asterisk": {"managed": False, "ami_port": door.port, "sip_port": ports.sip, "ws_port": ports.http},
            "ivr": {"port": switch.plan.agi_port},
            "recordings": {"settle_seconds": 1, "spool": str(switch.plan.spool)},
        }
        centre = Centre(folder / "centre", settings=settings, secrets={"TINGSU_AMI_SECRET": AMI_SECRET})
        _keep_secret(folder / "centre/var/secrets/agi.token")
        await stack.enter_async_context(centre)
        await centre.hire("bert", extension="1002", phone="sip", name="白涛")
        await centre.hire("carl", extension="1003", phone="sip", name="陈刚")
        phones = {}
        for login, extension in (("bert", "1002"), ("carl", "1003")):
            phones[login] = await Phone.open(switch.sip, user=extension, secret=secret_of(extension))
            stack.callback(phones[login].close)
            await phones[login].stay_registered()
            phones[login].on_ring = Answer(after=0.2)
        yield Linked(centre, switch, door, phones)


async def test_a_chinese_name_cut_inside_its_characters_arrives_whole(linked: Linked, tmp_path: Path) -> None:
    linked.door.cutter = inside_characters
    before = linked.door.split
    try:
        async with Caller(linked.switch.plan.ports.sip, tmp_path, number="13700000001", name="张三丰投诉") as caller:
            await caller.answered()
            await choose(linked.centre, caller, "1")
    finally:
        linked.door.cutter = whole
    assert linked.door.split - before > 10, "the name was never cut"
    assert (await linked.centre.call_of("13700000001", outcome="abandoned"))["name_sent"] == "张三丰投诉"


async def test_a_link_cut_during_a_call_leaves_everything_right_again(linked: Linked, tmp_path: Path) -> None:
    centre, door = linked.centre, linked.door
    says = await asyncio.to_thread(speech.speak, CALLER_SAYS)
    async with AsyncExitStack() as stack:
        stay, leave = [
            await stack.enter_async_context(Caller(linked.switch.plan.ports.sip, tmp_path / number, number=number, says=says))
            for number in ("13700000002", "13700000003")
        ]
        for caller, login in ((stay, "bert"), (leave, "carl")):
            await caller.answered()
            await stack.enter_async_context(at_work(centre, login))
            await choose(centre, caller, "1")
            await linked.phones[login].next_call(limit=20)
            await centre.call_of(caller.digits, answered_by={"bert": "白涛", "carl": "陈刚"}[login])
            caller.speak()

        await asyncio.sleep(len(says) / speech.RATE)  # both say what they have to say

        door.refusing = True
        door.reset()
        await linked.link_is(False)
        leave.hang_up()
        await leave.ended()
        come = await stack.enter_async_context(
            Caller(linked.switch.plan.ports.sip, tmp_path / "come", number="13700000004", says=says)
        )
        await come.answered()
        come.press("1")
        await linked.phones["carl"].next_call(limit=40)
        come.speak()
        door.refusing = False
        await linked.link_is(True)

        left = await centre.call_of("13700000003", outcome="answered", limit=20)
        assert left["recovered"] is True
        assert (await centre.call_of("13700000002"))["outcome"] is None, "a call that goes on is taken for ended"
        came = await centre.call_of("13700000004", answered_by="陈刚", limit=20)
        assert came["outcome"] is None
        await until(lambda: _both_talk(centre), "both agents to talk by the board", seen=lambda: centre.admin.get("/api/board"))
        for caller in (stay, come):
            caller.hang_up()
            await caller.ended()
        for number in ("13700000002", "13700000003", "13700000004"):
            row = await centre.call_of(number, f"the words of {number}", 60, outcome="answered", transcript_state="done")
            assert row["recording_state"] == "archived"


async def _both_talk(centre: Centre) -> bool:
    return [agent["state"] for login in ("bert", "carl") for agent in await on_the_board(centre, login)] == ["talking"] * 2


async def test_a_half_open_link_is_noticed_shown_on_the_desk_and_made_anew(linked: Linked, tmp_path: Path) -> None:
    centre, before = linked.centre, linked.door.accepted
    async with Browser(tmp_path / "browser") as browser:
        desk = await browser.log_in(centre.url, "bert", centre.people["bert"].password)
        banner = desk.page.locator("[data-banner=switch]")
        await expect(banner).to_have_count(0)
        linked.door.freeze()
        await linked.link_is(False)
        await expect(banner).to_be_visible()
        linked.door.thaw()
        await linked.link_is(True)
        await expect(banner).to_have_count(0)
        browser.assert_clean()
    assert linked.door.accepted > before
