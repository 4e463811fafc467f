"""Every leg file holds its own party's voice, at the right time, whatever happens to the call (SPEC C6, Q4).

Each party has a pitch of its own and says it without pause; a window of a leg file at any moment of the wall clock must hold
that party's pitch and no other's. Transfers happen with RTP sequence numbers that go back, which silences the other side for
up to eleven minutes in recordings taken of what a channel *hears* (2016_opus_plc.patch in Debian's Asterisk).
"""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cti.ids import CallId, ChannelId
from recordings import audio, naming
from recordings.naming import Role
from tests.harness.patience import until
from tests.harness.sip_phone import Answer, Call, CallRefused, Phone, Ring
from tests.harness.switch import HOTLINE, Said, Switch, Watcher, running_switch, secret_of, sip_agent, watching
from tests.harness.tones import RATE, Pcm, level, read_wav, share, tone

pytestmark = pytest.mark.acceptance

CALLER, FIRST, SECOND = 440, 1000, 1500
PITCH_OF = {"1001": FIRST, "1002": SECOND}
OFF_CLOCK_S = 0.1
"""How far a leg's sound may lie beside the wall clock: five RTP packets."""
ATTEMPTS = 6
LATE_S = 0.04
"""Two packets: a phone so late has not said what the test believes it said."""
SURE = 0.9
"""Share of a window's energy that makes it this party's voice."""


@dataclass(frozen=True)
class Leg:
    """One leg file with its sound."""

    path: Path
    file: naming.LegFile
    pcm: Pcm

    @property
    def starts(self) -> float:
        return self.file.started_at.timestamp()

    @property
    def ends(self) -> float:
        return self.starts + len(self.pcm) / RATE

    def at(self, moment: float, seconds: float = 0.3) -> Pcm:
        """The window of that length that begins at a moment of the wall clock."""
        first = round((moment - self.starts) * RATE)
        return self.pcm[max(0, first) : max(0, first + round(seconds * RATE))]

    def says(self, pitch: int, moment: float) -> bool:
        return share(self.at(moment), pitch) > SURE

    def onsets(self, pitch: int) -> list[float]:
        """Moments of the wall clock when this tone begins."""
        step = RATE // 100
        on = [share(self.pcm[place : place + step], pitch) > SURE for place in range(0, len(self.pcm) - step, step)]
        return [self.starts + number / 100 for number in range(1, len(on)) if on[number] and not on[number - 1]]


def leg_of(path: Path) -> Leg:
    return Leg(path, naming.parse(path.name), read_wav(path))


@dataclass
class Floor:
    """A switch, its witness, two agents' phones, a caller."""

    switch: Switch
    watcher: Watcher
    agents: dict[str, Phone] = field(default_factory=dict)
    since: int = 0
    caller: Phone = field(init=False)

    async def opens(self) -> None:
        """Everybody comes with a fresh phone."""
        self.since = self.watcher.mark()
        for extension in PITCH_OF:
            phone = self.agents[extension] = await Phone.open(self.switch.sip, user=extension, secret=secret_of(extension))
            await phone.stay_registered()
        self.caller = await Phone.open(self.switch.sip, user="13800138000", name="张三")

    async def closes(self) -> None:
        """Everybody goes; nothing of this test is left in the switch."""
        for extension in PITCH_OF:
            await self.watcher.act("QueueRemove", Queue="complaints", Interface=f"PJSIP/{extension}")
        await self.switch.command("channel request hangup all")
        await until(self._quiet, "no channel and no open leg file is left")
        for phone in (self.caller, *self.agents.values()):
            phone.close()
        for path in self.switch.leg_files():
            path.unlink()

    def worst_lag(self) -> float:
        """By how much the phones were late with their own sound."""
        calls = [call for phone in (self.caller, *self.agents.values()) for call in phone.calls.values()]
        return max((call.voice.worst_lag for call in calls), default=0.0)

    async def joins_queue(self, *extensions: str) -> None:
        for extension in extensions:
            answer = await self.watcher.act("QueueAdd", Queue="complaints", Interface=f"PJSIP/{extension}", MemberName=extension)
            assert answer["Response"] == "Success", answer.headers

    async def call(self, extension: str) -> tuple[Call, Call]:
        """A call from the hotline to that agent, both saying their pitch, and in one bridge."""
        since = self.watcher.mark()
        caller = await self.caller.call(HOTLINE)
        caller.voice.tone(CALLER)
        agent = await self.answered(extension)
        await self.watcher.until_together(since=since)
        return caller, agent

    async def starts(self, extension: str) -> tuple[Call, Call]:
        """A call whose agent's RTP sequence numbers are in the middle: those of the next agent may be lower."""
        self.agents[extension].first_sequence = 20_000
        await self.joins_queue(extension)
        return await self.call(extension)

    async def answered(self, extension: str) -> Call:
        call = await self.agents[extension].next_call()
        call.voice.tone(PITCH_OF[extension])
        return call

    async def over(self, caller: Call) -> dict[str, list[Leg]]:
        """Hang up; the finished legs by whose they are, each oldest first."""
        await caller.hang_up()
        await until(self._quiet, "no channel and no open leg file is left")
        legs: dict[str, list[Leg]] = {}
        for path in self.switch.leg_files():
            leg = leg_of(path)
            legs.setdefault(self._whose(leg), []).append(leg)
        return legs

    async def _quiet(self) -> bool:
        gone = (await self.switch.command("core show channels count")).startswith("0 active channels")
        return gone and not self.switch.open_leg_files()

    def _whose(self, leg: Leg) -> str:
        names = {said["Uniqueid"]: said["Channel"] for said in self.news("Newchannel")}
        return "caller" if leg.file.role is Role.CALLER else names[leg.file.channel].partition("/")[2].partition("-")[0]

    def news(self, *names: str) -> list[Said]:
        return [said for said in self.watcher.events[self.since :] if said.name in names]

    def together(self, leg: Leg, caller: Leg) -> tuple[audio.Span, ...]:
        """When this leg and the caller shared a bridge, by the switch's own account."""
        inside: dict[str, set[str]] = {}
        spans: list[audio.Span] = []
        pair = {leg.file.channel, caller.file.channel}
        for said in self.news("BridgeEnter", "BridgeLeave"):
            members = inside.setdefault(said["BridgeUniqueid"], set())
            was = pair <= members
            (members.add if said.name == "BridgeEnter" else members.discard)(said["Uniqueid"])
            at = datetime.fromtimestamp(float(said["Timestamp"]), UTC)
            if pair <= members and not was:
                spans.append(audio.Span(at))
            elif was and not pair <= members:
                spans[-1] = audio.Span(spans[-1].joined_at, at)
        return tuple(spans)

    def woven(self, legs: dict[str, list[Leg]]) -> tuple[Pcm, Pcm, float]:
        """The two channels of the recording, and the wall time of their first sample."""
        caller = legs["caller"][0]
        sources = [
            audio.Source(leg.file, leg.path, spans=None if leg is caller else self.together(leg, caller))
            for each in legs.values()
            for leg in each
        ]
        samples = audio.weave(sources)
        return samples[:, 0], samples[:, 1], min(source.leg.started_at for source in sources).timestamp()


@pytest.fixture(scope="module")
async def switch(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Switch]:
    agents = tuple(sip_agent(extension) for extension in PITCH_OF)
    async with running_switch(tmp_path_factory.mktemp("legs"), agents=agents) as switch:
        yield switch


@pytest.fixture
async def floor(switch: Switch) -> AsyncIterator[Floor]:
    async with watching(switch) as watcher:
        floor = Floor(switch, watcher)
        await floor.opens()
        yield floor
        await floor.closes()


Test = Callable[..., Awaitable[None]]


def undisturbed(test: Test) -> Test:
    """Run a test again whose own phones could not keep time because the machine was busy: that proves nothing."""

    @functools.wraps(test)
    async def timed(floor: Floor, **given: object) -> None:
        for _ in range(ATTEMPTS - 1):
            try:
                return await test(floor=floor, **given)
            except (AssertionError, ValueError, IndexError, CallRefused):
                if floor.worst_lag() < LATE_S:
                    raise
            await floor.closes()
            await floor.opens()
        return await test(floor=floor, **given)

    return timed


async def beep(call: Call, pitch: int, moments: list[float]) -> None:
    moments.append(time.time())
    await call.voice.say(tone(pitch, 0.3))


async def say_all(caller: Call, agent: Call, moments: tuple[list[float], list[float]]) -> None:
    """First the caller, then the agent, a short tone each."""
    await beep(caller, CALLER, moments[0])
    await beep(agent, FIRST, moments[1])
    await asyncio.sleep(0.1)


def assert_on_the_clock(leg: Leg, pitch: int, moments: list[float]) -> None:
    heard = leg.onsets(pitch)
    assert heard == pytest.approx(moments, abs=OFF_CLOCK_S)


@undisturbed
async def test_each_leg_holds_its_own_voice_alone_from_its_answer_to_its_end(floor: Floor) -> None:
    await floor.joins_queue("1001")
    caller = await floor.caller.call(HOTLINE)
    began = time.time()
    caller.voice.tone(CALLER)
    agent = await floor.answered("1001")
    answered = time.time()
    await asyncio.sleep(1.0)
    ended = time.time()
    legs = await floor.over(caller)

    (own,), (agents,) = legs["caller"], legs["1001"]
    assert own.starts == pytest.approx(began, abs=OFF_CLOCK_S)
    assert agents.starts == pytest.approx(answered, abs=OFF_CLOCK_S)
    for leg, pitch, other in ((own, CALLER, FIRST), (agents, FIRST, CALLER)):
        assert leg.ends == pytest.approx(ended, abs=OFF_CLOCK_S)
        assert leg.says(pitch, ended - 0.5)
        assert share(leg.pcm, other) < 0.01
    assert own.says(CALLER, began + 0.1), "the wait in the queue is recorded too"
    assert own.file.call == own.file.channel == agents.file.call
    await agent.ended()


@pytest.mark.parametrize("direction", ["sendonly", "inactive"])
@undisturbed
async def test_a_hold_takes_no_time_out_of_the_recording(floor: Floor, direction: str) -> None:
    await floor.joins_queue("1001")
    caller, agent = await floor.call("1001")
    moments: tuple[list[float], list[float]] = ([], [])
    for call in (caller, agent):
        call.voice.silence()
    await asyncio.sleep(0.2)
    await say_all(caller, agent, moments)
    await agent.hold(direction=direction)
    await asyncio.sleep(1.0)
    await beep(caller, CALLER, moments[0])
    await agent.resume()
    await asyncio.sleep(0.1)
    await say_all(caller, agent, moments)
    legs = await floor.over(caller)
    assert_on_the_clock(legs["1001"][0], FIRST, moments[1])
    own = legs["caller"][0].onsets(CALLER)
    assert own[-len(moments[0]) :] == pytest.approx(moments[0], abs=OFF_CLOCK_S)


@pytest.mark.parametrize("silent", ["caller", "agent"])
@undisturbed
async def test_a_phone_that_sends_nothing_for_a_while_leaves_silence_and_no_gap(floor: Floor, silent: str) -> None:
    await floor.joins_queue("1001")
    caller, agent = await floor.call("1001")
    moments: tuple[list[float], list[float]] = ([], [])
    for call in (caller, agent):
        call.voice.silence()
    await asyncio.sleep(0.2)
    await say_all(caller, agent, moments)
    voice = (caller if silent == "caller" else agent).voice
    voice.pause()
    began = time.time()
    await asyncio.sleep(1.5)
    voice.go_on()
    await asyncio.sleep(0.1)
    await say_all(caller, agent, moments)
    legs = await floor.over(caller)
    assert_on_the_clock(legs["1001"][0], FIRST, moments[1])
    assert legs["caller"][0].onsets(CALLER)[-2:] == pytest.approx(moments[0], abs=OFF_CLOCK_S)
    quiet = legs["caller" if silent == "caller" else "1001"][0]
    assert level(quiet.at(began + 0.3, 1.0)) < 10


@undisturbed
async def test_a_dead_line_both_ways_shortens_both_legs_alike(floor: Floor) -> None:
    """Without one packet from either side the switch has no clock for either file; what is said stays side by side."""
    await floor.joins_queue("1001")
    caller, agent = await floor.call("1001")
    moments: tuple[list[float], list[float]] = ([], [])
    for call in (caller, agent):
        call.voice.silence()
    await asyncio.sleep(0.2)
    await say_all(caller, agent, moments)
    for call in (caller, agent):
        call.voice.pause()
    await asyncio.sleep(1.5)
    for call in (caller, agent):
        call.voice.go_on()
    await asyncio.sleep(0.1)
    await say_all(caller, agent, moments)
    legs = await floor.over(caller)
    own, agents = legs["caller"][0].onsets(CALLER)[-2:], legs["1001"][0].onsets(FIRST)
    assert [his - her for his, her in zip(agents, own, strict=True)] == pytest.approx(
        [his - her for his, her in zip(moments[1], moments[0], strict=True)], abs=OFF_CLOCK_S
    )


@undisturbed
async def test_after_a_hold_a_new_leg_file_heals_what_a_restarted_stream_spoils(floor: Floor) -> None:
    """The phone goes on at a lower RTP sequence number after the hold, and the caller's phone sent nothing meanwhile."""
    caller, agent = await floor.starts("1001")
    await asyncio.sleep(0.5)
    caller.voice.pause()
    await agent.hold()
    await asyncio.sleep(1.0)
    mark = floor.watcher.mark()
    caller.voice.go_on()
    agent.voice.jump(19_000)
    await agent.resume()
    taken_back = await floor.watcher.until("Unhold", since=mark)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(floor.switch.managed.run(), name="test: the switch's keeper")
        floor.switch.managed.taken_back(CallId(taken_back["Linkedid"]), ChannelId(taken_back["Uniqueid"]))
        await until(lambda: len(floor.switch.leg_files()) == 3, "the leg's second file")
        running.cancel()
    healed = time.time()
    await asyncio.sleep(1.0)
    legs = await floor.over(caller)
    before, after = legs["1001"]
    assert before.says(FIRST, before.starts + 0.1)
    assert after.starts == pytest.approx(healed, abs=0.3)
    assert after.file.channel == before.file.channel
    assert after.says(FIRST, healed + 0.3)
    assert after.says(FIRST, after.ends - 0.4)
    caller_side, agent_side, origin = floor.woven(legs)
    place = round((healed + 0.3 - origin) * RATE)
    assert share(agent_side[place : place + RATE // 3], FIRST) > SURE
    assert share(caller_side[place : place + RATE // 3], CALLER) > SURE


async def check_transfer(floor: Floor, caller: Call, before: tuple[float, float], after: tuple[float, float]) -> None:
    """Each party's voice is where it belongs before and after, in the legs and in the two woven channels."""
    legs = await floor.over(caller)
    own, first, second = legs["caller"][0], legs["1001"][0], legs["1002"][0]
    for moment in (*before, *after):
        assert own.says(CALLER, moment)
    for moment in before:
        assert first.says(FIRST, moment)
    for moment in after:
        assert second.says(SECOND, moment)
    assert first.ends < after[0] + 0.2, "the first agent is gone"
    for leg, others in ((own, (FIRST, SECOND)), (first, (CALLER, SECOND)), (second, (CALLER, FIRST))):
        assert max(share(leg.pcm, pitch) for pitch in others) < 0.01
    caller_side, agent_side, origin = floor.woven({"caller": [own], "1001": [first], "1002": [second]})
    for moments, pitch in ((before, FIRST), (after, SECOND)):
        for moment in moments:
            place = round((moment - origin) * RATE)
            assert share(caller_side[place : place + RATE // 4], CALLER) > SURE
            assert share(agent_side[place : place + RATE // 4], pitch) > SURE


async def two_moments() -> tuple[float, float]:
    """Two moments of undisturbed talk, half a second each."""
    await asyncio.sleep(0.1)
    early = time.time()
    await asyncio.sleep(0.5)
    late = time.time()
    await asyncio.sleep(0.5)
    return early, late


@pytest.mark.parametrize("sequence", [19_000, 0, 60_000])
@undisturbed
async def test_a_blind_transfer_keeps_every_voice(floor: Floor, sequence: int) -> None:
    floor.agents["1002"].first_sequence = sequence
    caller, agent = await floor.starts("1001")
    before = await two_moments()
    mark = floor.watcher.mark()
    await agent.refer("1002")
    await floor.answered("1002")
    await floor.watcher.until_together(since=mark)
    after = await two_moments()
    await check_transfer(floor, caller, before, after)


@undisturbed
async def test_an_attended_transfer_by_the_phone_keeps_every_voice(floor: Floor) -> None:
    floor.agents["1002"].first_sequence = 19_000
    caller, agent = await floor.starts("1001")
    before = await two_moments()
    await agent.hold()
    mark = floor.watcher.mark()
    consult = await floor.agents["1001"].call("1002")
    consult.voice.tone(FIRST)
    other = await floor.answered("1002")
    await floor.watcher.until_together(since=mark)
    await agent.refer_replacing(consult, "1002")
    after = await two_moments()
    assert not other.ended_already
    await check_transfer(floor, caller, before, after)


@pytest.mark.parametrize("by", ["the caller's line", "the colleague's line"])
@undisturbed
async def test_whoever_dialled_an_agent_and_is_handed_that_agents_caller_is_recorded_from_then_on(floor: Floor, by: str) -> None:
    """Nobody rang her phone: what the dialplan does for a phone that it rings was not done for hers."""
    caller, agent = await floor.starts("1001")
    before = await two_moments()
    await agent.hold()
    mark = floor.watcher.mark()
    dialler = await floor.agents["1002"].call("1001")
    dialler.voice.tone(SECOND)
    asked = await floor.answered("1001")
    await floor.watcher.until_together(since=mark)
    await (agent.refer_replacing(asked, "1002") if by == "the caller's line" else asked.refer_replacing(agent, "1002"))
    await until(lambda: len(floor.switch.leg_files()) == 4, "a leg file of whoever dialled")
    after = await two_moments()
    assert not dialler.ended_already
    await check_transfer(floor, caller, before, after)


@undisturbed
async def test_an_attended_transfer_by_the_desk_keeps_every_voice(floor: Floor) -> None:
    floor.agents["1002"].first_sequence = 19_000
    caller, agent = await floor.starts("1001")
    before = await two_moments()
    channel = next(said["Channel"] for said in floor.news("Newchannel") if said["Channel"].startswith("PJSIP/1001-"))
    answer = await floor.watcher.act("Atxfer", Channel=channel, Exten="1002", Context="handed-on")
    assert answer["Response"] == "Success", answer.headers
    other = await floor.answered("1002")
    await asyncio.sleep(0.5)
    await agent.hang_up()
    # For half a second a Local channel stands between the two; the leg files do not mind, the spans of their bridges do.
    await floor.watcher.until("LocalOptimizationEnd", since=floor.since)
    after = await two_moments()
    assert not other.ended_already
    await check_transfer(floor, caller, before, after)


@undisturbed
async def test_a_caller_handed_to_a_colleague_who_does_not_answer_comes_back_and_is_recorded_on(floor: Floor) -> None:
    await floor.joins_queue("1001")
    floor.agents["1002"].on_ring = Ring()
    caller, agent = await floor.call("1001")
    before = await two_moments()
    await agent.refer("1002")
    ring = await floor.agents["1002"].next_ring()
    mark = floor.watcher.mark()
    floor.agents["1002"].on_ring = Answer()
    ring.decline()
    join = await floor.watcher.until("QueueCallerJoin", since=mark)
    again = await floor.answered("1001")
    after = await two_moments()
    answer = await floor.watcher.act("Getvar", Channel=join["Channel"], Variable="QUEUE_PRIO")
    legs = await floor.over(caller)
    assert answer["Value"] == "10", "before those who came later"
    await again.ended()
    first, second = legs["1001"]
    for moments, leg in ((before, first), (after, second)):
        assert all(leg.says(FIRST, moment) for moment in moments)
        assert all(legs["caller"][0].says(CALLER, moment) for moment in moments)
