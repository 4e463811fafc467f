"""An extension's phone is its holder's: nothing a phone wrote and nothing an earlier holder left sends a call anywhere else."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from cti.ids import Extension
from ivr.asterisk import AgentEndpoint, PhoneKind, SwitchPlan, render_agents
from services.hosted.asterisk import ManagedAsterisk
from tests.harness.patience import until
from tests.harness.sip_phone import Answer, Call, CallRefused, Mute, Phone, Ring
from tests.harness.switch import (
    HOTLINE,
    Switch,
    asterisk_program,
    browser_agent,
    running_switch,
    secret_of,
    sip_agent,
    switch_plan,
    watching,
)

NEXT_SECRET = "test-secret-of-the-next-holder-0123456789"
NEXT_HOLDER = AgentEndpoint(Extension("1001"), PhoneKind.SIP, NEXT_SECRET)


@pytest.fixture
async def switch(tmp_path: Path) -> AsyncIterator[Switch]:
    async with running_switch(tmp_path / "run", agents=(sip_agent("1001"), browser_agent("1002"))) as switch:
        yield switch


@pytest.fixture
def gateway() -> Iterator[socket.socket]:
    """Somebody who trusts the switch's address and would let its calls out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        door.setblocking(False)
        door.bind(("127.0.0.1", 0))
        yield door


@asynccontextmanager
async def phone_of(switch: Switch, user: str, secret: str = "", kind: type[Phone] = Phone) -> AsyncIterator[Phone]:
    phone = await kind.open(switch.sip, user=user, secret=secret or secret_of(user))
    try:
        yield phone
    finally:
        phone.close()


@asynccontextmanager
async def in_queue(switch: Switch, extension: str) -> AsyncIterator[None]:
    async with watching(switch) as watcher:
        await watcher.act("QueueAdd", Queue=switch.queue, Interface=f"PJSIP/{extension}", MemberName=extension)
        yield


@asynccontextmanager
async def caller_of(switch: Switch) -> AsyncIterator[Call]:
    phone = await Phone.open(switch.sip, user="13800138000")
    call = await phone.call(HOTLINE)
    try:
        yield call
    finally:
        await call.hang_up()
        phone.close()


async def contacts(switch: Switch | ManagedAsterisk) -> str:
    return await switch.command("pjsip show contacts")


async def device(switch: Switch, extension: str) -> str:
    """What the queue thinks of a phone: ``Not in use``, ``Unavailable``, ``Invalid``."""
    lines = (await switch.command("pjsip show endpoints")).splitlines()
    return next(line.split(f"{extension}/{extension}")[1] for line in lines if f"Endpoint:  {extension}/" in line)


class Deceiver(Phone):
    """Registers where somebody else is."""

    elsewhere = ""

    @property
    def contact(self) -> str:
        return f"<{self.elsewhere}>" if self.elsewhere else super().contact


@pytest.mark.parametrize("extension", ["1001", "1002"])
async def test_a_phone_is_rung_where_it_registered_from_whatever_it_wrote(
    switch: Switch, gateway: socket.socket, extension: str
) -> None:
    async with phone_of(switch, extension, kind=Deceiver) as phone, in_queue(switch, extension):
        assert isinstance(phone, Deceiver)
        phone.elsewhere = f"sip:00861068001234@127.0.0.1:{gateway.getsockname()[1]}"
        await phone.register()
        async with caller_of(switch):
            await phone.next_ring()
    with pytest.raises(BlockingIOError):
        gateway.recv(65_535)


@pytest.mark.parametrize(
    "way",
    [
        ";maddr=127.0.0.7",
        ";transport=udp;MADDR=127.0.0.7",
        ";m%61ddr=127.0.0.7",
        "?Route=%3Csip:127.0.0.7:{port}%3Blr%3E",
        ";lr?route=%3Csip%3A127.0.0.7%3A{port}%3Blr%3E",
        ";ob?P-Asserted-Identity=%3Csip:0086%40127.0.0.1%3E&Route=%3Csip:127.0.0.7:{port}%3Blr%3E",
    ],
)
async def test_a_phone_that_asks_to_be_rung_by_way_of_another_address_is_not_rung_at_all(switch: Switch, way: str) -> None:
    """rewrite_contact leaves ``maddr`` and headers behind a question mark: pjsip puts them into the INVITE and sends there."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gateway:
        gateway.setblocking(False)
        async with phone_of(switch, "1001", kind=Deceiver) as phone, phone_of(switch, "1002") as colleague:
            assert isinstance(phone, Deceiver)
            gateway.bind(("127.0.0.7", phone.port))
            phone.elsewhere = f"sip:1001@127.0.0.1:{phone.port}" + way.format(port=phone.port)
            await phone.register()
            await colleague.register()
            async with watching(switch) as watcher, in_queue(switch, "1001"), caller_of(switch):
                await watcher.until("QueueMemberPause", Interface="PJSIP/1001", PausedReason="Auto-Pause")
                async with in_queue(switch, "1002"):
                    await colleague.next_call()
            with pytest.raises(CallRefused):
                await colleague.call("1001")
        with pytest.raises(BlockingIOError):
            gateway.recv(65_535)


async def test_the_next_holder_of_an_extension_is_not_rung_at_the_last_ones(switch: Switch) -> None:
    async with phone_of(switch, "1001") as former, phone_of(switch, "1001", NEXT_SECRET) as next_one:
        former.on_ring = next_one.on_ring = Ring()
        await former.register()
        await switch.managed.reload_agents((NEXT_HOLDER, browser_agent("1002")))
        assert "1001" not in await contacts(switch)
        assert "Not in use" not in await device(switch, "1001"), "the queue would ring a phone that is gone"
        with pytest.raises(CallRefused):
            await former.register()
        async with in_queue(switch, "1001"), caller_of(switch):
            await next_one.register()
            await next_one.next_ring()
        assert not former.calls


async def test_a_closed_account_leaves_nothing_for_whoever_gets_the_extension_later(switch: Switch) -> None:
    async with phone_of(switch, "1001") as former, phone_of(switch, "1002") as other:
        await former.register()
        await other.register()
        await switch.managed.reload_agents((browser_agent("1002"),))
        await switch.managed.reload_agents((sip_agent("1001"), browser_agent("1002")))
        listed = await contacts(switch)
        assert "1001" not in listed
        assert "1002" in listed, "a colleague's registration goes on"


async def test_another_kind_of_phone_is_another_phone(switch: Switch) -> None:
    async with phone_of(switch, "1001") as former:
        await former.register()
        await switch.managed.reload_agents((browser_agent("1001"), browser_agent("1002")))
        assert "1001" not in await contacts(switch)


async def test_an_agent_has_one_contact_the_newest(switch: Switch) -> None:
    async with phone_of(switch, "1001") as before, phone_of(switch, "1001") as after:
        await before.register()
        await after.register()
        listed = await contacts(switch)
        assert f":{before.port}" not in listed
        assert f":{after.port}" in listed


async def test_a_ring_ends_when_the_phone_changes_hands_and_a_conversation_goes_on(switch: Switch) -> None:
    async with phone_of(switch, "1001") as ringing, phone_of(switch, "1002") as talking:
        ringing.on_ring, talking.on_ring = Ring(), Answer()
        await ringing.register()
        await talking.register()
        async with in_queue(switch, "1002"), caller_of(switch):
            talk = await talking.next_call()
            async with in_queue(switch, "1001"), caller_of(switch):
                ring = await ringing.next_ring()
                await switch.managed.reload_agents(())
                await ring.ended(limit=2)
            assert not talk.ended_already


async def test_what_was_not_done_to_the_end_is_done_at_the_next_change(switch: Switch) -> None:
    """We died between the new files and the old contacts."""
    async with phone_of(switch, "1001") as former:
        await former.register()
        render_agents(switch.folder, (NEXT_HOLDER,))
        await switch.command("module reload res_pjsip.so")
        assert "1001" in await contacts(switch)
        await switch.managed.reload_agents((NEXT_HOLDER,))
        assert "1001" not in await contacts(switch)


async def test_a_change_made_while_the_switch_stood_still_holds_from_its_start(tmp_path: Path) -> None:
    program = await asterisk_program()
    plan = switch_plan(tmp_path / "run", program, agents=(sip_agent("1001"), sip_agent("1002")))

    async def one_life(plan: SwitchPlan, *, register: bool) -> str:
        managed = ManagedAsterisk(program, tmp_path / "run", plan, lambda _: None)
        await managed.start()
        try:
            for user in ("1001", "1002") if register else ():
                phone = await Phone.open((plan.bind, plan.ports.sip), user=user, secret=secret_of(user))
                await phone.register()
                phone.close()
            return await contacts(managed)
        finally:
            await managed.stop()

    assert "1001" in await one_life(plan, register=True)
    kept = await one_life(replace(plan, agents=(NEXT_HOLDER, sip_agent("1002"))), register=False)
    assert "1001" not in kept
    assert "1002" in kept, "who is still who he was is reachable at once, even without the backend"


@pytest.fixture
async def impatient(tmp_path: Path) -> AsyncIterator[Switch]:
    """A switch that takes a silent leg for gone after two seconds."""
    plan = switch_plan(tmp_path / "run", await asterisk_program(), agents=(sip_agent("1001"), sip_agent("1002")))
    async with running_switch(tmp_path / "run", plan=replace(plan, trunks=replace(plan.trunks, silent_seconds=2))) as switch:
        yield switch


async def test_a_caller_who_vanished_or_never_said_a_sound_is_let_go(impatient: Switch) -> None:
    vanished = await Phone.open(impatient.sip, user="13800138000")
    await vanished.call(HOTLINE)
    vanished.close()
    silent = await Phone.open(impatient.sip, user="13800138001")
    call = await silent.call(HOTLINE)
    call.voice.pause()
    await call.ended()
    silent.close()
    await until(lambda: _nobody(impatient), "both lines free")


async def test_a_caller_whose_agents_phone_lost_power_waits_again_before_the_others(impatient: Switch) -> None:
    async with phone_of(impatient, "1001") as dying, phone_of(impatient, "1002") as other, watching(impatient) as watcher:
        await dying.register()
        await other.register()
        since = watcher.mark()
        async with in_queue(impatient, "1001"), caller_of(impatient) as call:
            await dying.next_call()
            await watcher.until_together(since=since)
            since = watcher.mark()
            async with caller_of(impatient):
                dying.on_ring = Mute()
                dying.close()
                again = await watcher.until("QueueCallerJoin", since=since, Position="1", CallerIDNum="13800138000")
                assert not call.ended_already
                async with in_queue(impatient, "1002"):
                    await other.next_call()
                    joined = await watcher.until_together(since=watcher.events.index(again))
                assert joined["Linkedid"] == again["Uniqueid"], "the one who was cut off comes before the one who came later"


async def test_a_caller_handed_to_a_phone_that_lost_power_waits_again(impatient: Switch) -> None:
    async with phone_of(impatient, "1001") as first, phone_of(impatient, "1002") as dying, watching(impatient) as watcher:
        await first.register()
        await dying.register()
        since = watcher.mark()
        async with in_queue(impatient, "1001"), caller_of(impatient) as call:
            talk = await first.next_call()
            await watcher.until_together(since=since)
            since = watcher.mark()
            first.on_ring = Mute()
            await talk.refer("1002")
            await dying.next_call()
            await watcher.until_together(since=since)
            since = watcher.mark()
            dying.close()
            await watcher.until("QueueCallerJoin", since=since)
            assert not call.ended_already


async def test_after_a_lost_leg_an_agent_who_hangs_up_ends_the_call(impatient: Switch) -> None:
    async with phone_of(impatient, "1001") as agent, watching(impatient) as watcher:
        await agent.register()
        async with in_queue(impatient, "1001"), caller_of(impatient) as call:
            since = watcher.mark()
            lost = await agent.next_call()
            await watcher.until_together(since=since)
            since = watcher.mark()
            lost.voice.pause()
            talk = await agent.next_call()
            await watcher.until_together(since=since)
            await asyncio.gather(talk.hang_up(), call.ended())


async def test_an_agent_who_hangs_up_ends_the_call(impatient: Switch) -> None:
    async with phone_of(impatient, "1001") as agent, watching(impatient) as watcher:
        await agent.register()
        since = watcher.mark()
        async with in_queue(impatient, "1001"), caller_of(impatient) as call:
            talk = await agent.next_call()
            await watcher.until_together(since=since)
            await asyncio.gather(talk.hang_up(), call.ended())


async def _nobody(switch: Switch) -> bool:
    return (await switch.command("core show channels count")).startswith("0 active channels")
