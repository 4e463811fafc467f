"""Wherever an agent's telephone hands a caller, there is a person at the end of it, or the queue (SPEC A1)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from ivr.asterisk.render import TEST_CALL
from tests.harness.patience import until
from tests.harness.sip_phone import Answer, Call, CallRefused, Phone, Reject
from tests.harness.switch import HOTLINE, Said, Switch, Watcher, running_switch, secret_of, sip_agent, watching

BUSY, NOT_FOUND = 486, 404
AGENTS = ("1001", "1002", "1003")


@pytest.fixture(scope="module")
async def switch(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Switch]:
    async with running_switch(tmp_path_factory.mktemp("handing"), agents=tuple(map(sip_agent, AGENTS))) as switch:
        yield switch


@dataclass
class Floor:
    """Three agents' phones and a caller's; nobody is in the queue yet."""

    switch: Switch
    watcher: Watcher
    phones: dict[str, Phone] = field(default_factory=dict)

    async def talking(self, extension: str) -> tuple[Call, Call]:
        """The caller's call and that agent's, joined."""
        since = self.watcher.mark()
        await self.watcher.act("QueueAdd", Queue=self.switch.queue, Interface=f"PJSIP/{extension}", MemberName=extension)
        call = await self.phones["caller"].call(HOTLINE)
        talk = await self.phones[extension].next_call()
        await self.watcher.until_together(since=since)
        await self.watcher.act("QueueRemove", Queue=self.switch.queue, Interface=f"PJSIP/{extension}")
        return call, talk

    async def colleagues(self, one: str, other: str) -> tuple[Call, Call]:
        """The calls of one who rang the other, joined."""
        since = self.watcher.mark()
        call = await self.phones[one].call(other)
        talk = await self.phones[other].next_call()
        await self.watcher.until_together(since=since)
        return call, talk

    async def waits(self, since: int) -> Said:
        return await self.watcher.until("QueueCallerJoin", since=since)

    async def echoes(self) -> int:
        return (await self.switch.command("core show channels concise")).count("!Echo!")


@pytest.fixture
async def floor(switch: Switch) -> AsyncIterator[Floor]:
    async with watching(switch) as watcher:
        floor = Floor(switch, watcher)
        for extension in AGENTS:
            phone = floor.phones[extension] = await Phone.open(switch.sip, user=extension, secret=secret_of(extension))
            await phone.register()
        floor.phones["caller"] = await Phone.open(switch.sip, user="13800138000")
        yield floor
        await switch.command("channel request hangup all")
        await until(lambda: _nobody(switch), "no channel is left")
        for phone in floor.phones.values():
            phone.close()


async def _nobody(switch: Switch) -> bool:
    return "0 active channels" in await switch.command("core show channels")


async def test_a_phone_with_a_call_has_no_test_call_to_hand_the_caller_to(floor: Floor) -> None:
    _, talk = await floor.talking("1001")
    with pytest.raises(CallRefused) as refusal:
        await floor.phones["1001"].call(TEST_CALL)
    assert refusal.value.code == BUSY
    await talk.hang_up()
    test = await floor.phones["1001"].call(TEST_CALL)
    await test.hang_up()


async def test_a_phone_has_one_test_call_at_a_time(floor: Floor) -> None:
    test = await floor.phones["1001"].call(TEST_CALL)
    with pytest.raises(CallRefused):
        await floor.phones["1001"].call(TEST_CALL)
    assert not test.ended_already


@asynccontextmanager
async def _testing(floor: Floor, extension: str) -> AsyncIterator[Call]:
    test = await floor.phones[extension].call(TEST_CALL)
    yield test
    await test.ended()
    await until(lambda: _no_echo(floor), "the end of the test call")


async def _no_echo(floor: Floor) -> bool:
    return not await floor.echoes()


async def test_a_test_call_ends_when_its_phone_takes_a_caller_who_is_handed_on(floor: Floor) -> None:
    call, talk = await floor.talking("1001")
    async with _testing(floor, "1002"):
        await talk.refer("1002")
        await floor.phones["1002"].next_call()
    assert not call.ended_already


async def test_a_test_call_ends_when_its_phone_rings_a_colleague_who_may_have_a_caller(floor: Floor) -> None:
    call, talk = await floor.talking("1002")
    async with _testing(floor, "1001"):
        consultation, at_colleague = await floor.colleagues("1001", "1002")
    since = floor.watcher.mark()
    await talk.refer_replacing(at_colleague, "1001")
    await floor.watcher.until("AttendedTransfer", since=since, Result="Success")
    with pytest.raises(CallRefused) as refusal:
        await floor.phones["1001"].call(TEST_CALL)
    assert refusal.value.code == BUSY
    assert not call.ended_already
    assert not consultation.ended_already


@pytest.mark.parametrize("target", [TEST_CALL, "s", "T", HOTLINE[:-1] + "9", "999", "1"])
async def test_a_caller_is_handed_to_a_person_or_waits_again(floor: Floor, target: str) -> None:
    """To what is no extension the switch refuses to hand him; to one that is nobody's, he is back in the queue."""
    call, talk = await floor.talking("1001")
    await _goes_nowhere(floor, talk, target)
    assert not call.ended_already


@pytest.mark.parametrize("target", [TEST_CALL, "999", "1003"])
async def test_nor_does_one_who_was_handed_to_the_colleague_that_had_rung(floor: Floor, target: str) -> None:
    """Her own leg came from her phone, not from the queue."""
    call, talk = await floor.talking("1002")
    consultation, at_colleague = await floor.colleagues("1001", "1002")
    since = floor.watcher.mark()
    await talk.refer_replacing(at_colleague, "1001")
    await floor.watcher.until("AttendedTransfer", since=since, Result="Success")
    floor.phones["1003"].on_ring = Reject()
    await _goes_nowhere(floor, consultation, target)
    assert not call.ended_already


async def _goes_nowhere(floor: Floor, talk: Call, target: str) -> None:
    since = floor.watcher.mark()
    try:
        await talk.refer(target)
    except CallRefused:
        assert not talk.ended_already
        return
    joined = await floor.waits(since)
    assert joined["CallerIDNum"] == "13800138000"


async def test_a_colleague_whom_nobody_takes_over_does_not_wait_in_the_queue(floor: Floor) -> None:
    floor.phones["1003"].on_ring = Reject()
    call, talk = await floor.colleagues("1001", "1002")
    since = floor.watcher.mark()
    with pytest.raises(CallRefused):
        await talk.refer("1003")
    await call.ended()
    assert not [said for said in floor.watcher.events[since:] if said.name == "QueueCallerJoin"]
    floor.phones["1003"].on_ring = Answer()
    call, talk = await floor.colleagues("1001", "1002")
    await call.refer("1003")
    await floor.phones["1003"].next_call()
    await asyncio.sleep(0)
    assert not talk.ended_already
