"""The websocket of the browsers' phones: who does not know its path finds nothing, and who does can be an agent or nobody.

Asterisk itself asks no page where it comes from, and every page may open a websocket to 127.0.0.1.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace

import aiohttp
import pytest

from tests.harness.patience import seconds
from tests.harness.sip_phone import Phone
from tests.harness.switch import HOTLINE, Switch, asterisk_program, browser_agent, running_switch, switch_plan, watching

DOOR = "a-door-that-nobody-guesses-0123456789"
FOREIGN = {"Origin": "https://elsewhere.example.com"}


@pytest.fixture(scope="module")
async def switch(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Switch]:
    folder = tmp_path_factory.mktemp("door")
    plan = switch_plan(folder, await asterisk_program(), agents=(browser_agent("1001"),))
    async with running_switch(folder, plan=replace(plan, phone_door=DOOR)) as switch:
        yield switch


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def url(switch: Switch, path: str) -> str:
    return f"ws://127.0.0.1:{switch.plan.ports.http}{path}"


@pytest.mark.parametrize("protocol", ["sip", "echo"])
@pytest.mark.parametrize("path", ["/ws", "/", "/a-door/ws", f"/{DOOR}x/ws", f"/{DOOR}/", f"//{DOOR}/ws"])
async def test_another_sites_page_finds_no_websocket(
    switch: Switch, http: aiohttp.ClientSession, path: str, protocol: str
) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
        await http.ws_connect(url(switch, path), protocols=(protocol,), headers=FOREIGN)
    assert refusal.value.status == 404


def invitation(switch: Switch, *, name: str, contact: str, via: str = "WS", more: str = "") -> str:
    to = f"sip:{HOTLINE}@127.0.0.1:{switch.plan.ports.sip}"
    body = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"
    return (
        f"INVITE {to} SIP/2.0\r\nVia: SIP/2.0/{via} browser.invalid;branch=z9hG4bKdoor\r\nMax-Forwards: 70\r\n"
        f"From: <sip:{name}@127.0.0.1>;tag=1\r\nTo: <{to}>\r\nCall-ID: door\r\nCSeq: 1 INVITE\r\n{contact}{more}"
        f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    )


CONTACT = "Contact: <sip:x@browser.invalid;transport=ws>\r\n"


@pytest.mark.parametrize(
    ("name", "contact", "via", "more"),
    [
        ("13800138000", CONTACT, "WS", ""),
        ("13800138000", CONTACT, "UDP", ""),
        ("anonymous", CONTACT, "WS", ""),
        ("no-agent", CONTACT, "WS", ""),
        ("1001", CONTACT, "WS", ""),
        ("1001;x=y", CONTACT, "WS", ""),
        ("13800138001", "Contact: <sip:x@127.0.0.1>\r\n", "WS", ""),
        ("13800138001", "Contact: <sip:x@127.0.0.1;transport=udp>\r\n", "UDP", ""),
        ("13800138001", "m: <sip:x@127.0.0.1>\r\nm: <sip:y@127.0.0.1>\r\n", "WS", ""),
        ("13800138001", "Contact: <tel:138>\r\nContact: <sip:y@127.0.0.1>\r\n", "WS", ""),
        ("13800138001", "Contact: <tel:138>\r\n", "UDP", ""),
        ("13800138001", "Contact: *\r\n", "WS", ""),
        ("13800138001", "", "WS", ""),
        ("13800138001", CONTACT, "WS", "From: <sip:138@127.0.0.1>;tag=2\r\n"),
        ("13800138001", CONTACT, "WS", 'Authorization: Digest username="anonymous",realm="x",nonce="x",uri="x",response="x"\r\n'),
    ],
)
async def test_nobody_calls_the_hotline_by_websocket(
    switch: Switch, http: aiohttp.ClientSession, name: str, contact: str, via: str, more: str
) -> None:
    async with watching(switch) as watcher, http.ws_connect(url(switch, f"/{DOOR}/ws"), protocols=("sip",)) as socket:
        await socket.send_str(invitation(switch, name=name, contact=contact, via=via, more=more))
        answer = await socket.receive_str(timeout=seconds(10))
        while answer.startswith("SIP/2.0 100"):
            answer = await socket.receive_str(timeout=seconds(10))
        assert re.match(r"SIP/2.0 (400|401|416) ", answer), answer
        caller = await Phone.open(switch.sip, user="13800138002")
        call = await caller.call(HOTLINE)  # by the right door: he has his channel, and is the only one
        await watcher.until("NewCallerid", CallerIDNum="13800138002")
        assert len([said for said in watcher.events if said.name == "Newchannel"]) == 1
        await call.hang_up()
        caller.close()


@pytest.mark.parametrize(
    "where", ["<sip:x@browser.invalid;transport=ws;x={}>", "<sip:{}@browser.invalid;transport=ws>", '"{}" <sip:x@y;transport=ws>']
)
async def test_a_contact_longer_than_the_switch_looks_at_brings_nobody_in(
    switch: Switch, http: aiohttp.ClientSession, where: str
) -> None:
    """A header of more than 4,096 bytes passes every rule about headers."""
    async with watching(switch) as watcher, http.ws_connect(url(switch, f"/{DOOR}/ws"), protocols=("sip",)) as socket:
        contact = f"Contact: {where.format('x' * 5_000)}\r\n"
        await socket.send_str(invitation(switch, name="13800138003", contact=contact).replace("door", f"long-{len(where)}"))
        answer = await socket.receive_str(timeout=seconds(10))
        while answer.startswith("SIP/2.0 100"):
            answer = await socket.receive_str(timeout=seconds(10))
        assert answer.startswith("SIP/2.0 503 ")
        gone = await watcher.until("Hangup", CallerIDNum="13800138003")
        assert not [said for said in watcher.events if said.name == "QueueCallerJoin" and said["Uniqueid"] == gone["Uniqueid"]]
