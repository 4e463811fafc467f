from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from cti.ami import Link
from cti.commands import Commands
from cti.errors import ActionFailed, LinkDown, UnsafeValue
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
    switch.answers["QueueRemove"] = refusal("Unable to remove interface from queue: No such queue")
    assert await commands.queue_remove(E1, "seniors") is False
    switch.answers["QueueRemove"] = refusal("Unable to remove interface: Not there")
    assert await commands.queue_add(E1, "complaints") is False
    assert await commands.queue_remove(E1, "complaints") is False


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


@pytest.mark.parametrize("bad", ["x\r\nAction: Command", "x\n"])
async def test_no_value_can_carry_a_second_action(commands: Commands, switch: FakeSwitch, bad: str) -> None:
    before = len(switch.asked)
    with pytest.raises(UnsafeValue):
        await commands.pause(E1, True, bad)
    with pytest.raises(UnsafeValue):
        await commands.queue_add(E1, "complaints", reason=bad)
    with pytest.raises(UnsafeValue):
        await commands.queue_remove(E1, bad)
    assert len(switch.asked) == before


async def test_without_a_link_nothing_is_kept_for_later() -> None:
    with pytest.raises(LinkDown, match="no link"):
        await Commands().pause(E1, True)
