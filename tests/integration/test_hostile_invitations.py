"""Two thousand invitations written to be more than a call, by UDP and websocket: link, board and agent notice nothing.

What Asterisk repeats of a caller in its manager events comes from many places of an INVITE. Each is tried with line ends in every
spelling that some parser undoes, with whole forged events behind them, doubled, folded, cut by zero bytes.
"""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import cast

import aiohttp
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from cti.agents import AgentState
from cti.changes import Change, LinkChanged
from cti.events import SEAL as SEAL_NAME
from cti.events import WITHOUT_CHANNEL
from cti.ids import CallId, Extension
from cti.monitor import Monitor
from cti.settings import AmiSettings
from cti.switch_time import SwitchTime
from services.now import SystemClock
from tests.harness.patience import seconds, until
from tests.harness.sip_phone import Phone
from tests.harness.switch import (
    HOTLINE,
    SEAL,
    Said,
    Switch,
    asterisk_program,
    browser_agent,
    running_switch,
    sip_agent,
    switch_plan,
    watching,
)

INVITATIONS = 2_000
AT_ONCE = 25
"""Invitations under way at a time: a switch that is flooded leaves requests out, and then nothing was tried."""
BY_WEBSOCKET = 5
"""One in so many."""
DOOR = "a-door-that-nobody-guesses-0123456789"
VICTIM, AGENT = "VICTIM", "1001"
"""Stands for the id of somebody else's call, which an attacker may well know: it counts upwards."""

FORGED = (
    "Event: Shutdown",
    f"Event: Hangup\r\nPrivilege: call,all\r\nTimestamp: 1795467869.5\r\nUniqueid: {VICTIM}\r\nLinkedid: {VICTIM}\r\nCause: 16",
    f"Event: QueueMemberPause\r\nTimestamp: 1795467869.5\r\nQueue: complaints\r\nInterface: PJSIP/{AGENT}\r\n"
    "Status: 1\r\nPaused: 1\r\nPausedReason: forged",
    f"Event: QueueMemberRemoved\r\nTimestamp: 1795467869.5\r\nQueue: complaints\r\nInterface: PJSIP/{AGENT}",
    "Event: FullyBooted\r\nStatus: Fully Booted",
    "Response: Goodbye",
)
INSIDE = (f"Uniqueid: {VICTIM}", f"Linkedid: {VICTIM}\r\nUniqueid: {VICTIM}", "ChanVariable: tingsu_seal=guessed", "Exten: 1001")
PAYLOADS = [f"{start}\r\n\r\n{forged}\r\n\r\n{end}" for forged in FORGED for start in ("138", "") for end in ("", "X: ")]
PAYLOADS += [f"138\r\n{header}\r\nX: " for header in INSIDE]
PAYLOADS += ["138\0", "${SHELL(id)}", '"><x', "9" * 700, "张三", "\u2028\x85\x0b"]


def _percent(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


def _ends_escaped(text: str) -> str:
    return text.replace("\r", "%0d").replace("\n", "%0A").replace(" ", "%20").replace(":", "%3a")


SPELLINGS = (
    lambda text: text,
    _percent,
    _ends_escaped,
    lambda text: _ends_escaped(text).replace("%", "%25"),
    lambda text: text.replace("\r\n", "\n"),
    lambda text: text.replace("\r\n", "\r"),
    lambda text: text.replace("\r\n", "\r\n "),  # folded
    lambda text: text.replace("\r", "\\r").replace("\n", "\\n"),
    lambda text: text.replace("\r", "\\\r").replace("\n", "\\\n"),
    lambda text: text.replace("\r\n", "\0"),
    lambda text: text.replace("\r\n", "\u2028").replace(":", "\uff1a"),
)
hostile = st.builds(lambda text, spell: spell(text), st.sampled_from(PAYLOADS), st.sampled_from(SPELLINGS)) | st.text(max_size=40)
plain = st.sampled_from(("13800138000", "anonymous", "+8613800138000", AGENT, "x"))
word = plain | hostile
address = st.builds(
    lambda form, name, user: form.format(name=name, user=user),
    st.sampled_from(
        (
            '"{name}" <sip:{user}@127.0.0.1>',
            "{name} <sip:{user}@127.0.0.1>",
            "<sip:{user}@127.0.0.1>;{name}",
            '"{name}" <sip:{user};phone-context={name}@127.0.0.1;user=phone>',
            "<tel:{user};phone-context={name}>",
            "sip:{user}@127.0.0.1;x={name}",
            '<sip:{name}:{user}@127.0.0.1?X={name}>;x="<sip:{user}@x>"',
            "{name}",
        )
    ),
    word,
    word,
)
EXTRA = (
    "P-Asserted-Identity", "P-Preferred-Identity", "Remote-Party-ID", "Diversion", "Referred-By", "Reply-To", "Privacy",
    "User-Agent", "Subject", "Organization", "Call-Info", "Alert-Info", "History-Info", "Identity", "Accept-Language", "Reason",
    "Supported", "Allow", "Date", "Replaces", "Proxy-Authorization", "Authorization", "Record-Route", "X-Anything", "Event",
    "Timestamp", "Uniqueid",
)  # fmt: skip


@dataclass(frozen=True)
class Invitation:
    """The hostile parts; ``text`` puts them between decent ones."""

    froms: list[str]
    to: str
    called: str
    call: str
    extra: list[tuple[str, str]]
    sdp: str

    def text(self, number: int, port: int, *, transport: str, victim: str) -> bytes:
        froms = "".join(
            f"{name}: {value};tag={number}\r\n" for name, value in zip(("From", "f", "From"), self.froms, strict=False)
        )
        more = "".join(f"{name}: {value}\r\n" for name, value in self.extra)
        sdp = (
            f"v=0\r\no={self.sdp} 1 1 IN IP4 127.0.0.1\r\ns={self.sdp}\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio 4000 RTP/AVP 8\r\na=label:{self.sdp}\r\n"
        ).encode("utf-8", "surrogatepass")
        head = (
            f"INVITE sip:{HOTLINE}{self.called}@127.0.0.1 SIP/2.0\r\n"
            f"Via: SIP/2.0/{transport} 127.0.0.1:{port};rport;branch=z9hG4bKh{number}\r\n"
            f"Max-Forwards: 70\r\n{froms}To: {self.to}\r\n"
            f"Call-ID: h{number}-{self.call}\r\nCSeq: 1 INVITE\r\nContact: <sip:x@127.0.0.1:{port}>\r\n{more}"
            f"Content-Type: application/sdp\r\nContent-Length: {len(sdp)}\r\n\r\n"
        ).encode("utf-8", "surrogatepass")
        return (head + sdp).replace(VICTIM.encode(), victim.encode())


decent_to = st.just(f"<sip:{HOTLINE}@127.0.0.1>")
invitations = st.builds(
    Invitation,
    froms=st.lists(address, min_size=1, max_size=3),
    to=decent_to | decent_to | address,
    called=st.sampled_from(("", "", "", "", ";npdi;rn=1", ";phone-context=+86", ";x=%0d%0aEvent%3a%20Shutdown", "%0d%0aX")),
    call=st.just("x") | st.just("x") | hostile.map(lambda text: re.sub(r"\s", "", text)) | hostile,
    extra=st.lists(st.tuples(st.sampled_from(EXTRA), hostile | address), max_size=3),
    sdp=st.just("-") | st.just("-") | hostile,
)


def two_thousand() -> list[Invitation]:
    """The same in every run: what is red once can be looked at again."""
    found: list[Invitation] = []

    @settings(
        max_examples=INVITATIONS, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(invitations)
    def gather(invitation: Invitation) -> None:
        found.append(invitation)

    gather()
    return found


class Attacker(asyncio.DatagramProtocol):
    """Sends, and hangs up whatever was answered; counts the calls that got through."""

    def __init__(self) -> None:
        self.answered = 0
        self.pongs: dict[str, asyncio.Future[None]] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)
        self.port = int(transport.get_extra_info("sockname")[1])

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        head = data.partition(b"\r\n\r\n")[0].decode("utf-8", "surrogateescape")
        found = {name: re.search(rf"^{name}: *(.*(?:\r\n[ \t].*)*)", head, re.M) for name in ("From", "To", "Call-ID", "Contact")}
        if pong := re.search(r"^Call-ID: (ping\d+)", head, re.M):
            self.pongs[pong[1]].set_result(None)
        elif head.startswith("SIP/2.0 200") and "1 INVITE" in head and all(found.values()):
            self.answered += "h" in head
            for method, turn in (("ACK", 1), ("BYE", 2)):
                lines = "".join(f"{name}: {value[1]}\r\n" for name, value in found.items() if value and name != "Contact")
                self.transport.sendto(
                    (
                        f"{method} sip:{HOTLINE}@127.0.0.1 SIP/2.0\r\n"
                        f"Via: SIP/2.0/UDP 127.0.0.1:{self.port};rport;branch=z9hG4bK{method}{self.answered}\r\n"
                        f"Max-Forwards: 70\r\n{lines}CSeq: {turn} {method}\r\nContent-Length: 0\r\n\r\n"
                    ).encode("utf-8", "surrogateescape"),
                    addr,
                )

    async def ping(self, number: int, switch: Switch) -> None:
        """Everything sent before has been read by the switch."""
        call = f"ping{number}"
        self.pongs[call] = asyncio.get_running_loop().create_future()
        self.transport.sendto(
            (
                f"OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{self.port};rport;branch=z9hG4bK{call}\r\n"
                f"Max-Forwards: 70\r\nFrom: <sip:x@127.0.0.1>;tag=1\r\nTo: <sip:127.0.0.1>\r\nCall-ID: {call}\r\n"
                "CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
            ).encode(),
            switch.sip,
        )
        async with asyncio.timeout(seconds(20)):
            await self.pongs[call]


@pytest.fixture(scope="module")
async def switch(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Switch]:
    folder = tmp_path_factory.mktemp("hostile")
    agents = (sip_agent(AGENT), browser_agent("1002"))
    plan = switch_plan(folder, await asterisk_program(), agents=agents)
    async with running_switch(folder, plan=replace(plan, phone_door=DOOR)) as switch:
        yield switch


@asynccontextmanager
async def listening(switch: Switch, said: list[Change]) -> AsyncIterator[Monitor]:
    """The backend's own ears."""
    ami = switch.plan.ami
    settings = AmiSettings(
        host="127.0.0.1", port=switch.plan.ports.ami, user=ami.user, secret=ami.secret, seal=SEAL, queues=(switch.queue,)
    )

    async def hear(change: Change) -> None:
        said.append(change)

    monitor = Monitor(settings, hear, SwitchTime(SystemClock()))
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(monitor.run(), name="monitor")
        try:
            await until(lambda: monitor.up, "the link")
            yield monitor
        finally:
            task.cancel()


ENDED = 150.0
"""Patiences: an answer that nobody acknowledges is given up after 32 s (RFC 3261, timer H), a line without sound after 30 s more,
and the last of 2,000 invitations is taken up only when the switch has done with those before it."""


def of_theirs(said: Said) -> bool:
    """An event of a channel that the switch did not write whole, or one that only a forger would send."""
    if said.name == "Shutdown" or said["PausedReason"] == "forged" or said.name == "QueueMemberRemoved":
        return True
    return said.name not in WITHOUT_CHANNEL and "Uniqueid" in said.headers and f"{SEAL_NAME}={SEAL}" not in said["ChanVariable"]


@pytest.mark.timeout(seconds(300))
async def test_two_thousand_hostile_invitations_are_calls_or_nothing(switch: Switch) -> None:
    everyone = two_thousand()
    assert len(everyone) >= INVITATIONS
    said: list[Change] = []
    loop = asyncio.get_running_loop()
    victim = await Phone.open(switch.sip, user="13800138000", name="张三")
    async with (
        watching(switch, as_backend=True) as watcher,
        listening(switch, said) as monitor,
        aiohttp.ClientSession() as http,
        http.ws_connect(f"ws://127.0.0.1:{switch.plan.ports.http}/{DOOR}/ws", protocols=("sip",)) as socket,
    ):
        await watcher.act("QueueAdd", Queue=switch.queue, Interface=f"PJSIP/{AGENT}", MemberName=AGENT)
        call = await victim.call(HOTLINE)
        theirs = (await watcher.until("QueueCallerJoin"))["Uniqueid"]
        transport, attacker = await loop.create_datagram_endpoint(Attacker, local_addr=("127.0.0.1", 0))
        for number, invitation in zip(itertools.count(), everyone, strict=False):
            if number % BY_WEBSOCKET == 0:
                await socket.send_bytes(invitation.text(number, attacker.port, transport="WS", victim=theirs))
            text = invitation.text(number, attacker.port, transport="UDP", victim=theirs)
            transport.sendto(text, switch.sip)
            if number % AT_ONCE == 0:
                await attacker.ping(number, switch)
        await until(lambda: set(monitor.board.calls) == {CallId(theirs)}, "the end of every call but the victim's", ENDED)
        assert attacker.answered > INVITATIONS / 10, "hardly any got so far as to be a call"
        assert [change for change in said if isinstance(change, LinkChanged)] == said[:1], "the link was lost"
        assert not monitor.malformed
        assert [event.headers for event in watcher.events if of_theirs(event)] == []
        assert monitor.roster.agents[Extension(AGENT)].state is not AgentState.PAUSED
        assert not call.ended_already
        await call.hang_up()
        await until(lambda: not monitor.board.calls, "the victim's own hang-up")
        transport.close()
    victim.close()
