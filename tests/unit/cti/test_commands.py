from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from cti.ami import Link
from cti.commands import Commands
from cti.errors import ActionFailed, LinkDown, Refused
from cti.ids import Extension
from cti.settings import AmiSettings
from tests.harness.fake_switch import SECRET, USER, FakeSwitch, refusal

E1 = Extension("1001")


@pytest.fixture
async def switch() -> AsyncIterator[FakeSwitch]:
    async with FakeSwitch() as fake:
        yield fake


@pytest.fixture
async def commands(switch: FakeSwitch) -> AsyncIterator[Commands]:
    link = await Link.open(AmiSettings(host="127.0.0.1", port=switch.port, user=USER, secret=SECRET))
    given = Commands()
    given.use(link)
    yield given
    link.close()


def last(switch: FakeSwitch) -> dict[str, str]:
    return {name: value for name, value in switch.asked[-1].items() if name != "ActionID"}


async def test_an_agent_is_added_to_a_queue(commands: Commands, switch: FakeSwitch) -> None:
    assert await commands.queue_add(E1, "complaints", 2) is True
    assert last(switch) == {
        "Action": "QueueAdd",
        "Queue": "complaints",
        "Interface": "PJSIP/1001",
        "MemberName": "1001",
        "Penalty": "2",
        "Paused": "false",
    }


async def test_an_agent_is_added_paused_with_a_reason(commands: Commands, switch: FakeSwitch) -> None:
    await commands.queue_add(E1, "complaints", paused=True, reason="午休")
    assert (last(switch)["Paused"], last(switch)["Reason"]) == ("true", "午休")


async def test_what_is_so_already_is_no_error(commands: Commands, switch: FakeSwitch) -> None:
    switch.answers["QueueAdd"] = refusal("Unable to add interface: Already there")
    switch.answers["QueueRemove"] = refusal("Unable to remove interface: Not there")
    switch.answers["Hangup"] = refusal("No such channel")
    assert await commands.queue_add(E1, "complaints") is False
    assert await commands.queue_remove(E1, "complaints") is False
    assert await commands.hang_up("PJSIP/1001-00000001") is False


async def test_other_refusals_are_in_the_switches_words(commands: Commands, switch: FakeSwitch) -> None:
    switch.answers["QueueAdd"] = refusal("Unable to add interface to queue: No such queue")
    with pytest.raises(ActionFailed, match="QueueAdd: Unable to add interface to queue: No such queue"):
        await commands.queue_add(E1, "nowhere")


async def test_pausing_in_all_queues_or_in_one(commands: Commands, switch: FakeSwitch) -> None:
    await commands.pause(E1, True, "wrap-up")
    assert last(switch) == {"Action": "QueuePause", "Interface": "PJSIP/1001", "Paused": "true", "Reason": "wrap-up"}
    await commands.pause(E1, False, queue="complaints")
    assert last(switch) == {
        "Action": "QueuePause",
        "Interface": "PJSIP/1001",
        "Paused": "false",
        "Queue": "complaints",
        "Reason": "",
    }


async def test_calls_are_moved_and_ended_by_channel_name(commands: Commands, switch: FakeSwitch) -> None:
    assert await commands.hang_up("PJSIP/1001-00000001") is True
    await commands.redirect("PJSIP/trunk-1", "from-outside", "10000")
    assert last(switch) == {
        "Action": "Redirect",
        "Channel": "PJSIP/trunk-1",
        "Context": "from-outside",
        "Exten": "10000",
        "Priority": "1",
    }
    await commands.blind_transfer("PJSIP/1001-1", "from-agent", "1002")
    assert last(switch)["Action"] == "BlindTransfer"
    await commands.move_caller_up("complaints", "PJSIP/trunk-1", 10)
    assert last(switch)["Immediate"] == "yes"


async def test_a_call_is_originated_without_waiting_for_its_answer(commands: Commands, switch: FakeSwitch) -> None:
    await commands.originate("PJSIP/1001", "from-agent", "1002", caller_id="10000", variables={"A": "1", "B": "x,y"})
    asked = last(switch)
    assert (asked["Async"], asked["Timeout"], asked["CallerID"]) == ("true", "30000", "10000")
    assert asked["Variable"] == "B=x,y"  # two headers of that name were sent; the fake keeps the last


@pytest.mark.parametrize("bad", ["x\r\nAction: Command", "x\n"])
async def test_no_value_can_carry_a_second_action(commands: Commands, switch: FakeSwitch, bad: str) -> None:
    before = len(switch.asked)
    with pytest.raises(Refused):
        await commands.pause(E1, True, bad)
    with pytest.raises(Refused):
        await commands.originate("PJSIP/1001", "x", "1", variables={"A": bad})
    with pytest.raises(ValueError):
        await commands.redirect(bad, "x", "1")
    assert len(switch.asked) == before


async def test_without_a_link_nothing_is_kept_for_later() -> None:
    with pytest.raises(LinkDown, match="no link"):
        await Commands().pause(E1, True)
