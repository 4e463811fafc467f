"""What trunks and telephones send that is no plain call: parameters behind the number, other codecs, keys in the sound."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple

import numpy as np
import pytest

from services.hosted.lost_sound import LOOKS, learn_anew
from tests.harness.patience import until
from tests.harness.sip_phone import Call, CallRefused, Phone, Voice
from tests.harness.switch import HOTLINE, Switch, Watcher, free_ports, running_switch, secret_of, sip_agent, watching
from tests.harness.tones import ALAW, Codec, Pcm, read_wav, share, tone
from tests.harness.wide_codecs import DVI4, G729, g722, opus

NOT_ACCEPTABLE = 488
CALLERS_HERTZ, AGENTS_HERTZ, SECOND_HERTZ = 1000, 1500, 700
SECOND = 50  # packets


@pytest.fixture(scope="module")
async def switch(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Switch]:
    agents = tuple(sip_agent(extension) for extension in ("1001", "1002"))
    async with running_switch(tmp_path_factory.mktemp("kinds"), agents=agents) as switch:
        yield switch


@pytest.fixture
async def caller(switch: Switch) -> AsyncIterator[Phone]:
    phone = await Phone.open(switch.sip, user="13800138000", name="张三")
    yield phone
    phone.close()


@asynccontextmanager
async def agent_phone(switch: Switch, extension: str) -> AsyncIterator[Phone]:
    phone = await Phone.open(switch.sip, user=extension, secret=secret_of(extension))
    await phone.register()
    yield phone
    phone.close()


class Talk(NamedTuple):
    call: Call
    agents: Call


@asynccontextmanager
async def talking(switch: Switch, caller: Phone, agent: Phone, watcher: Watcher) -> AsyncIterator[Talk]:
    await watcher.act("QueueAdd", Queue=switch.queue, Interface="PJSIP/1001", MemberName="1001")
    since = watcher.mark()
    call = caller.dial(HOTLINE)
    (call.voice.said_port,) = free_ports(1)  # behind a router: where the sound comes from is not what SDP says
    await call.invite()
    call.voice.tone(CALLERS_HERTZ)
    talk = await agent.next_call()
    talk.voice.tone(AGENTS_HERTZ)
    await watcher.until_together(since=since)
    yield Talk(call, talk)
    await call.hang_up()
    await watcher.act("QueueRemove", Queue=switch.queue, Interface="PJSIP/1001")


async def hears(call: Call, hertz: int, *, since: float = 0.0) -> None:
    """Half a second of nothing but that tone."""

    def heard() -> bool:
        sound = call.voice.heard(since=since)[-4000:]
        return len(sound) == 4000 and share(sound, hertz) > 0.9

    await until(heard, f"{hertz} Hz")


def purity(recorded: Pcm, hertz: int) -> float:
    """How much of most of it is that tone: a packet that came late leaves a gap, and a tone out of step with what was before."""
    return float(np.median([share(recorded[start : start + 400], hertz) for start in range(0, len(recorded), 400)]))


@pytest.mark.parametrize(
    "number",
    [
        "10000;npdi;rn=+8613800138000",
        "10000;phone-context=+86",
        "10000;phone-context=ims.mnc000.mcc460.3gppnetwork.org",
        "10000;rn=1;npdi=yes;cic=+1-2",
        "10000;isub=1:pw",
    ],
)
async def test_the_hotline_is_found_whatever_stands_behind_it(caller: Phone, number: str) -> None:
    call = await caller.call(number)
    await call.hang_up()


@pytest.mark.parametrize(
    ("sent", "number", "name"),
    [
        ('"Zhang San" <sip:+8613800138000@127.0.0.1>', "+8613800138000", "Zhang San"),
        ('"张三丰" <sip:13800138000@127.0.0.1;user=phone>', "13800138000", "张三丰"),
        ("Zhang San <sip:13800138000@127.0.0.1>", "13800138000", "Zhang San"),
        ("张三 <sip:13800138000@127.0.0.1>", "13800138000", "张三"),
        ("sip:13800138000@127.0.0.1", "13800138000", "<unknown>"),
        (r'"a, (b) \"c\" <d> \\ e" <sip:13800138000@127.0.0.1>', "13800138000", "a b c d  e"),
        ('"x" <sip:13800138000;phone-context=+86@127.0.0.1>', "13800138000", "x"),
        ('"x" <tel:+8613800138000;phone-context=a.b>', "+8613800138000", "x"),
        ("<tel:13800138000>", "13800138000", "<unknown>"),
        ('"x;y"<sip:13800138000:pw@127.0.0.1>;z="<1>"', "13800138000", "xy"),
        ('"x" <sip:1%23+*@127.0.0.1>', "1#+*", "x"),
        ('"x" <sip:anonymous@anonymous.invalid>', "anonymous", "x"),
        ('"x" <sip:anonymous.invalid>', "<unknown>", "x"),
        ('"张\u202e三\u2028丰\u200b \u0085·\ufeffA\u2066" <sip:13800138000@127.0.0.1>', "13800138000", "张三丰 ·A"),
        ('"x" <sip:138%0d%0aUniqueid%3a%20t-1.1@127.0.0.1>', "138Uniqueidt11", "x"),
    ],
)
async def test_number_and_name_are_kept_as_they_were_sent(
    switch: Switch, caller: Phone, sent: str, number: str, name: str
) -> None:
    async with watching(switch) as watcher:
        call = caller.dial(HOTLINE)
        call.local = f"{sent};tag=1"
        await call.invite()
        named = await watcher.until("NewCallerid")
        await call.hang_up()
    assert (named["CallerIDNum"], named["CallerIDName"]) == (number, name)


async def test_a_telephone_is_shown_a_name_without_marks_that_turn_or_break_it(switch: Switch) -> None:
    hostile = await Phone.open(switch.sip, user="13800138000", name="\u202e\u2067张三\u2028\u2029\u200f丰\u0085\u061c")
    async with (
        agent_phone(switch, "1001") as agent,
        watching(switch) as watcher,
        talking(switch, hostile, agent, watcher) as talk,
    ):
        assert talk.agents.from_header.startswith('"张三丰" <sip:13800138000@')
    hostile.close()


@pytest.mark.parametrize("codec", [g722, opus])
async def test_a_caller_with_one_wide_codec_is_heard_hears_and_is_recorded(
    switch: Switch, caller: Phone, codec: Callable[[], Codec]
) -> None:
    """The agent's phone knows G.711 alone: everything is translated."""
    caller.laws = (codec(),)
    async with agent_phone(switch, "1001") as agent, watching(switch) as watcher:
        agent.laws = (ALAW,)
        async with talking(switch, caller, agent, watcher) as talk:
            await hears(talk.agents, CALLERS_HERTZ)
            await hears(talk.call, AGENTS_HERTZ)
    await until(lambda: not switch.open_leg_files(), "finished recordings")
    callers, agents = (next(f for f in reversed(switch.leg_files()) if role in f.name) for role in ("_caller_", "_agent_"))
    assert purity(read_wav(callers)[-4000:], CALLERS_HERTZ) > 0.9
    assert purity(read_wav(agents)[-4000:], AGENTS_HERTZ) > 0.9


@pytest.mark.parametrize("codec", [g722, opus])
async def test_a_caller_with_a_wide_codec_hears_the_next_agent_at_once(
    switch: Switch, caller: Phone, codec: Callable[[], Codec]
) -> None:
    caller.laws = (codec(),)
    async with (
        agent_phone(switch, "1001") as agent,
        agent_phone(switch, "1002") as colleague,
        watching(switch) as watcher,
    ):
        agent.laws, colleague.laws = (ALAW, codec()), (ALAW, codec())
        agent.first_sequence, colleague.first_sequence = 20_000, 19_000
        async with talking(switch, caller, agent, watcher) as talk:
            assert talk.agents.offered[0] == caller.laws[0].payload_type
            await hears(talk.call, AGENTS_HERTZ)
            since = watcher.mark()
            await talk.agents.refer("1002")
            other = await colleague.next_call()
            other.voice.tone(SECOND_HERTZ)
            await watcher.until_together(since=since)
            await hears(talk.call, SECOND_HERTZ)


async def test_a_caller_who_offers_both_is_not_translated(switch: Switch, caller: Phone) -> None:
    caller.laws = (opus(), G729, ALAW)
    async with watching(switch) as watcher:
        call = await caller.call(HOTLINE)
        assert call.offered[0] == ALAW.payload_type
        assert G729.payload_type not in call.offered
        await watcher.until("QueueCallerJoin")
        await call.hang_up()


@pytest.mark.parametrize("codec", [G729, DVI4])
async def test_a_caller_of_whom_no_codec_is_spoken_is_refused_by_number(switch: Switch, caller: Phone, codec: Codec) -> None:
    caller.laws = (codec,)
    files = switch.leg_files()
    async with watching(switch) as watcher:
        with pytest.raises(CallRefused) as refusal:
            await caller.call(HOTLINE)
        assert refusal.value.code == NOT_ACCEPTABLE
        named = await watcher.until("NewCallerid", CallerIDNum="13800138000")
        gone = await watcher.until("Hangup", Uniqueid=named["Uniqueid"])
        assert gone["Cause"] == "58"
        assert switch.leg_files() == files, "an unanswered call is not recorded"


KEY = "inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"


async def test_a_caller_who_speaks_by_srtp_alone_is_answered_with_keys_and_in_the_queue(switch: Switch, caller: Phone) -> None:
    """This phone cannot tell what SRTP says; that it is none of its own codec's silence it can."""
    caller.profile, caller.more_sdp = "RTP/SAVP", f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 {KEY}\r\n"
    async with watching(switch) as watcher:
        call = await caller.call(HOTLINE)
        assert re.search(r"^m=audio [1-9]\d* RTP/SAVP 8 ", call.answered_with, re.M)
        assert re.search(r"^a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:[A-Za-z0-9+/]{40}", call.answered_with, re.M)
        await watcher.until("QueueCallerJoin", CallerIDNum="13800138000")
        await call.hang_up()


@pytest.mark.parametrize("more", ["", f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 {KEY}\r\n", f"a=crypto:1 NONE_OF_OURS {KEY}\r\n"])
async def test_a_caller_who_can_do_without_srtp_is_answered(switch: Switch, caller: Phone, more: str) -> None:
    caller.more_sdp = more
    call = await caller.call(HOTLINE)
    assert call.offered[0] == ALAW.payload_type
    assert ("a=crypto" in call.answered_with) == ("AES" in more)
    await call.hang_up()


async def _learned(call: Call) -> None:
    """The switch has locked on to the source: five seconds after it began to look for it."""
    began = len(call.voice.received)
    await until(lambda: len(call.voice.received) >= began + 6 * SECOND, "six seconds of sound")


async def test_a_caller_whose_router_takes_another_port_is_heard_again(switch: Switch, caller: Phone) -> None:
    async with (
        agent_phone(switch, "1001") as agent,
        watching(switch) as watcher,
        talking(switch, caller, agent, watcher) as talk,
    ):
        await hears(talk.agents, CALLERS_HERTZ)
        await _learned(talk.call)
        await switch.managed.find_lost_sound()
        talk.call.voice.move()
        moved = time.time()
        for _ in range(LOOKS + 1):
            await switch.managed.find_lost_sound()
        await hears(talk.agents, CALLERS_HERTZ, since=moved)
        await hears(talk.call, AGENTS_HERTZ, since=moved)


async def test_a_stranger_is_not_heard_in_the_place_of_a_caller_who_speaks(switch: Switch, caller: Phone) -> None:
    async with (
        agent_phone(switch, "1001") as agent,
        watching(switch) as watcher,
        talking(switch, caller, agent, watcher) as talk,
    ):
        await _learned(talk.call)
        stranger = Voice(ALAW)
        stranger.far = talk.call.voice.far
        stranger.start()
        stranger.tone(SECOND_HERTZ)
        channel = (await watcher.until("NewCallerid", CallerIDNum="13800138000"))["Channel"]
        began = time.time()
        for command in learn_anew([channel]):
            await switch.command(command)
        await _learned(talk.call)
        stranger.close()
        assert not stranger.received
        assert share(talk.agents.voice.heard(since=began), CALLERS_HERTZ) > 0.9


def _key_in_sound() -> Pcm:
    """The 5, as a telephone without telephone-event presses it."""
    pressed = tone(770, 0.2, loudness=6000) + tone(1336, 0.2, loudness=6000)
    pause = np.zeros(1600, dtype=np.int16)
    return np.concatenate([pause, pressed, pause])


@pytest.mark.parametrize(("offers_keys", "digits"), [(False, ["5"]), (True, [])])
async def test_keys_are_heard_in_the_sound_where_they_come_no_other_way(
    switch: Switch, caller: Phone, offers_keys: bool, digits: list[str]
) -> None:
    caller.offers_keys = offers_keys
    async with watching(switch) as watcher:
        call = await caller.call(HOTLINE)
        own = (await watcher.until("QueueCallerJoin"))["Uniqueid"]
        await call.voice.say(_key_in_sound())
        await call.hang_up()
        await watcher.until("Hangup", Uniqueid=own)
        assert [said["Digit"] for said in watcher.events if said.name == "DTMFEnd"] == digits
