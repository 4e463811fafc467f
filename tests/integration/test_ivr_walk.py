"""The reception (SPEC C1) on a real Asterisk: a SIP phone calls, listens, presses; the queue says what arrived. Every prompt is a
tone of its own pitch, so that what the caller heard, in what order and how long, is measured and not believed."""

from __future__ import annotations

import asyncio
import functools
import itertools
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from cti.ids import CallId
from ivr import sound
from ivr.backoffice import Reception as Received
from ivr.errors import HungUp
from ivr.menu import RECEPTION
from ivr.prompts import LANGUAGES, PromptStore, load_texts
from ivr.scripts import Reception, Visit
from ivr.server import AgiServer
from ivr.session import SPARE, Session
from ivr.settings import IvrSettings
from tests.harness.patience import until
from tests.harness.sip_phone import Call, CallRefused, Phone
from tests.harness.switch import HOTLINE, Said, Switch, Watcher, asterisk_program, running_switch, switch_plan, watching
from tests.harness.tones import RATE, share, tone

LENGTHS = {"greeting": 2.0, "notice": 1.5}
OTHER_LENGTH = 1.5
"""Seconds in which a key must reach a prompt that is playing: more than a busy machine stalls."""
PITCHES = {name: 400 + 130 * number for number, name in enumerate(load_texts())}
WINDOW = RATE // 50
FALLBACK_NOTICE = "fallback notice"
TOKEN = "test-token-of-the-dialplan-0123456789"
PITCHES[FALLBACK_NOTICE] = 3000


@dataclass
class Clerk:
    """A back office that knows one big customer."""

    told: list[tuple[CallId, str, str]] = field(default_factory=list)

    async def receive(self, call: CallId, number: str) -> Received:
        return Received(7, "en") if number == "13900000001" else Received(0, "zh-CN")

    async def chosen(self, call: CallId, path: str, notice: str) -> None:
        self.told.append((call, path, notice))


@dataclass
class Floor:
    """The switch, a witness of its events, the door, and scripts that a test may exchange."""

    switch: Switch
    watcher: Watcher
    server: AgiServer
    clerk: Clerk
    scripts: dict[str, object]
    thaw: asyncio.Event = field(default_factory=asyncio.Event)

    async def freeze(self, session: Session, call: CallId) -> Visit:
        """A script that hangs, and does not even notice that its caller is taken away."""
        self.thaw.clear()
        await self.thaw.wait()
        raise HungUp("long ago")

    async def join(self, since: int, limit: float = 20) -> Said:
        return await self.watcher.until("QueueCallerJoin", since=since, limit=limit)

    async def variable(self, join: Said, name: str) -> str:
        return (await self.watcher.act("Getvar", Channel=join["Channel"], Variable=name))["Value"]


@pytest.fixture(scope="module")
async def floor(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Floor]:
    folder = tmp_path_factory.mktemp("walk")
    for (name, pitch), language in itertools.product(PITCHES.items(), LANGUAGES):
        pcm = tone(pitch, LENGTHS.get(name, OTHER_LENGTH)).astype(np.float32) / 32768
        sound.write(folder / "recorded" / language / f"{name}.wav", pcm)
    prompts = PromptStore(folder / "prompts", recordings=folder / "recorded")
    await prompts.prepare()
    clerk = Clerk()
    menu = replace(RECEPTION, wait=2.0)
    scripts: dict[str, object] = {"reception": Reception(prompts, clerk, language="zh-CN", limit=5.0, menu=menu)}

    async def by_name(session: Session, call: CallId) -> Visit:
        visit: Visit = await scripts["reception"](session, call)  # type: ignore[operator]
        return visit

    notice = folder / "recorded/zh-CN" / f"{FALLBACK_NOTICE}.wav"
    plan = switch_plan(folder / "switch", await asterisk_program(), notice=notice.rename(folder / "fallback.wav"))
    plan = replace(plan, agi_token=TOKEN)
    server = AgiServer(IvrSettings(port=plan.agi_port, token=TOKEN), {"reception": by_name})
    async with asyncio.TaskGroup() as group:
        running = group.create_task(server.run(), name="test:door")
        async with running_switch(folder / "switch", plan=plan) as switch, watching(switch) as watcher:
            yield Floor(switch, watcher, server, clerk, scripts)
        running.cancel()


@pytest.fixture
async def phone(floor: Floor) -> AsyncIterator[Phone]:
    phone = await Phone.open(floor.switch.sip, user="13800138000", name="张三")
    yield phone
    for call in list(phone.calls.values()):
        with suppress(CallRefused):  # the call never was, or the switch hung up in the same moment
            await call.hang_up()
    phone.close()
    floor.thaw.set()
    await until(lambda: floor.server.live == 0, "the IVR is empty again")


@functools.lru_cache(10_000)
def prompt_in(window: bytes) -> str:
    """Kept, for the same call is looked at again and again while its own voice has to keep time."""
    return next((name for name, pitch in PITCHES.items() if share(np.frombuffer(window, np.int16), pitch) > 0.8), "")


def prompts_in(call: Call) -> Iterator[tuple[str, int]]:
    """What was heard, in order: prompt and how many windows (20 ms) of it."""
    heard = call.voice.heard()
    for name, windows in itertools.groupby(
        prompt_in(heard[at : at + WINDOW].tobytes()) for at in range(0, len(heard) - WINDOW, WINDOW)
    ):
        length = len(list(windows))
        if name and length > 2:
            yield name, length


def heard(call: Call) -> list[str]:
    return [name for name, _ in itertools.groupby(prompts_in(call), key=lambda played: played[0])]


def seconds_of(call: Call, prompt: str) -> float:
    return sum(length for name, length in prompts_in(call) if name == prompt) * WINDOW / RATE


async def hears(call: Call, prompt: str) -> None:
    await until(lambda: prompt in heard(call), f"the caller hears {prompt}", 20)


@pytest.mark.parametrize(("key", "goodbye"), [("1", "to-complaint"), ("2", "to-suggestion"), ("0", "to-person")])
async def test_a_caller_hears_greeting_notice_and_menu_presses_and_is_queued(
    floor: Floor, phone: Phone, key: str, goodbye: str
) -> None:
    since = floor.watcher.mark()
    call = await phone.call(HOTLINE)
    await hears(call, "menu")
    await call.dtmf(key)
    join = await floor.join(since)
    assert heard(call) == ["greeting", "notice", "menu", goodbye]
    assert seconds_of(call, "greeting") == pytest.approx(LENGTHS["greeting"], abs=0.1)
    assert await floor.variable(join, "IVR_PATH") == key
    assert await floor.variable(join, "IVR_LANG") == "zh-CN"
    assert await floor.variable(join, "QUEUE_PRIO") == "0"
    assert (await floor.variable(join, "NOTICE_PLAYED")).startswith("notice.rec-")
    await until(lambda: floor.clerk.told and floor.clerk.told[-1][1] == key, "the back office is told")


async def test_a_known_customer_hears_the_own_language_and_waits_with_priority(floor: Floor) -> None:
    phone = await Phone.open(floor.switch.sip, user="13900000001")
    since = floor.watcher.mark()
    call = await phone.call(HOTLINE)
    await hears(call, "greeting")  # between the answer and the first prompt the switch throws keys away
    await call.dtmf("1")
    join = await floor.join(since)
    assert await floor.variable(join, "QUEUE_PRIO") == "7"
    assert await floor.variable(join, "IVR_LANG") == "en"
    await call.hang_up()
    phone.close()


async def test_a_key_stops_the_greeting_but_not_the_notice(floor: Floor, phone: Phone) -> None:
    since = floor.watcher.mark()
    call = await phone.call(HOTLINE)
    await hears(call, "greeting")
    await call.dtmf("2")
    join = await floor.join(since)
    assert heard(call) == ["greeting", "notice", "to-suggestion"]
    assert seconds_of(call, "greeting") < LENGTHS["greeting"] - 0.3
    assert seconds_of(call, "notice") == pytest.approx(LENGTHS["notice"], abs=0.1)
    assert await floor.variable(join, "IVR_PATH") == "2"


async def test_a_key_during_the_notice_is_taken_and_the_notice_is_heard_whole(floor: Floor, phone: Phone) -> None:
    since = floor.watcher.mark()
    call = await phone.call(HOTLINE)
    await hears(call, "notice")
    await call.dtmf("1")
    join = await floor.join(since)
    assert heard(call) == ["greeting", "notice", "to-complaint"]
    assert seconds_of(call, "notice") == pytest.approx(LENGTHS["notice"], abs=0.1)
    assert await floor.variable(join, "IVR_PATH") == "1"


async def test_a_key_stops_the_menu(floor: Floor, phone: Phone) -> None:
    since = floor.watcher.mark()
    call = await phone.call(HOTLINE)
    await hears(call, "menu")
    await call.dtmf("1")
    await floor.join(since)
    assert seconds_of(call, "menu") < OTHER_LENGTH - 0.1


async def test_silence_leads_to_the_queue(floor: Floor, phone: Phone) -> None:
    since = floor.watcher.mark()
    call = await phone.call(HOTLINE)
    join = await floor.join(since, limit=60)
    assert heard(call) == ["greeting", "notice", "menu", "no-key", "menu", "no-key", "menu", "to-person"]
    assert await floor.variable(join, "IVR_PATH") == "none"


async def test_keys_that_mean_nothing_lead_to_the_queue(floor: Floor, phone: Phone) -> None:
    since = floor.watcher.mark()
    call = await phone.call(HOTLINE)
    await hears(call, "menu")
    for key in "9#":
        await call.dtmf(key)
        await until(lambda: heard(call)[-1] == "wrong-key", "the caller is told of the wrong key")
        await until(lambda: heard(call)[-1] == "menu", "the caller hears the menu again")
    await call.dtmf("A")
    join = await floor.join(since, limit=60)
    assert heard(call)[-1] == "to-person"
    assert await floor.variable(join, "IVR_PATH") == "none"


async def test_a_flood_of_keys_leads_to_the_queue(floor: Floor, phone: Phone) -> None:
    since = floor.watcher.mark()
    call = await phone.call(HOTLINE)
    await call.dtmf("ABCD*#" * 8, seconds=0.04, pause=0.0)
    join = await floor.join(since, limit=60)
    assert await floor.variable(join, "IVR_PATH") == "none"
    assert seconds_of(call, "notice") == pytest.approx(LENGTHS["notice"], abs=0.1)


@pytest.mark.parametrize(
    ("prompt", "stage"), [("greeting", "greeting"), ("notice", "notice"), ("menu", "menu"), ("no-key", "correction")]
)
async def test_a_hang_up_in_the_ivr_is_a_clean_end_and_counted(floor: Floor, phone: Phone, prompt: str, stage: str) -> None:
    since, before = floor.watcher.mark(), floor.server.counts[f"hung_up:{stage}"]
    call = await phone.call(HOTLINE)
    await hears(call, prompt)
    await call.hang_up()
    await until(lambda: floor.server.counts[f"hung_up:{stage}"] == before + 1, "the hang-up is counted")
    await floor.watcher.until("Hangup", since=since)
    assert not [said for said in floor.watcher.events[since:] if said.name == "QueueCallerJoin"]


async def test_the_limit_of_the_ivr_does_not_follow_the_caller_into_the_queue(floor: Floor, phone: Phone) -> None:
    since = floor.watcher.mark()
    call = await phone.call(HOTLINE)
    await hears(call, "greeting")
    await call.dtmf("1")
    join = await floor.join(since)
    assert await floor.variable(join, "TIMEOUT(absolute)") == "0"
    assert await floor.variable(join, "IVR_PATH") == "1"


async def test_a_silent_ivr_loses_the_caller_to_the_queue_after_three_seconds(
    floor: Floor, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(floor.scripts, "reception", floor.freeze)
    since, begin = floor.watcher.mark(), time.monotonic()
    call = await phone.call(HOTLINE)
    join = await floor.join(since)
    assert SPARE - 0.5 < time.monotonic() - begin < SPARE + 10
    assert await floor.variable(join, "IVR_PATH") == "fallback"
    assert heard(call) == [FALLBACK_NOTICE]


async def test_an_ivr_that_freezes_after_the_notice_does_not_have_it_played_twice(
    floor: Floor, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    working = floor.scripts["reception"]

    async def until_menu(session: Session, call: CallId) -> Visit:
        session.ask = lambda prompt, wait: floor.freeze(session, call)  # type: ignore[method-assign,assignment,return-value]
        return await working(session, call)  # type: ignore[operator,no-any-return]

    monkeypatch.setitem(floor.scripts, "reception", until_menu)
    since = floor.watcher.mark()
    call = await phone.call(HOTLINE)
    join = await floor.join(since)
    assert heard(call) == ["greeting", "notice"]
    assert await floor.variable(join, "IVR_PATH") == "fallback"


async def test_nothing_of_all_this_made_the_switch_complain(floor: Floor) -> None:
    assert floor.switch.complaints() == []
