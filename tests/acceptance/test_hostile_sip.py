"""A caller's own number must not become lines of the AMI link or of an AGI header block.

pjsip undoes ``%0d%0a`` in the user part of From; Asterisk 22.10.1 then writes CallerIDNum with a real line end into every event
of that channel, and the account's name into security events, which our account for that reason never reads. So the channel of a
caller has a number of our own until the dialplan has read the true one.
"""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cti.ids import UNREAD
from tests.harness.caller import Caller
from tests.harness.switch import Switch, running_switch, watching

pytestmark = pytest.mark.acceptance

FORGERIES = (
    "138%0d%0a%0d%0aEvent%3a%20Shutdown%0d%0a",
    "138%0D%0AUniqueid%3A%20tingsu-1.1",
    "138%0a%0aEvent%3a%20Shutdown",
    "138%0dEvent%3a%20Shutdown",
    "%00138",
)


@pytest.fixture(scope="module")
async def switch(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Switch]:
    async with running_switch(tmp_path_factory.mktemp("switch")) as switch:
        yield switch


@pytest.mark.parametrize("number", FORGERIES)
async def test_a_number_with_line_ends_is_a_caller_like_any_other(switch: Switch, tmp_path: Path, number: str) -> None:
    async with watching(switch) as watcher:
        async with Caller(switch.plan.ports.sip, tmp_path, number=number) as forger:
            await forger.answered()
        async with Caller(switch.plan.ports.sip, tmp_path, number="13800138000") as honest:
            await honest.answered()
            await watcher.until("NewCallerid", CallerIDNum="13800138000")
        assert [said["CallerIDNum"] for said in watcher.events if said.name == "Newchannel"] == [UNREAD, UNREAD]
        assert not [said for said in watcher.events if said.name == "Shutdown" or said["Uniqueid"] == "tingsu-1.1"]


@pytest.mark.parametrize(
    ("number", "name"),
    [
        ("+8613800138000", "张三丰"),
        ("1%23+*", "plain"),
        ("138", b"\xd5\xc5\xc8\xfd"),
        ("138", "100%0d off"),
        ("anonymous", "Anonymous"),
    ],
)
async def test_an_odd_but_harmless_caller_gets_through(switch: Switch, tmp_path: Path, number: str, name: str | bytes) -> None:
    async with Caller(switch.plan.ports.sip, tmp_path, number=number, name=name) as caller:
        await caller.answered()


def _invitation(switch: Switch, *, more: str = "", name: str = "x", body: str = "", call: str = "g") -> bytes:
    to = f"sip:10000@127.0.0.1:{switch.plan.ports.sip}"
    return (
        f"INVITE {to} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK{call}\r\n"
        f'From: "{name}" <sip:13812345678@127.0.0.1>;tag={call}\r\nTo: <{to}>\r\nCall-ID: {call}\r\nCSeq: 1 INVITE\r\n'
        f"Contact: <sip:x@127.0.0.1:9>\r\nMax-Forwards: 70\r\n{more}Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode("utf-8", "surrogateescape")


_CODECS = "".join(f"a=rtpmap:{number} X{number}/8000\r\n" for number in range(96, 128))
_FORMATS = " ".join(map(str, range(128)))
_SOUND = f"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP {_FORMATS}\r\n"


async def test_datagrams_that_are_no_decent_calls_leave_the_switch_alive(switch: Switch, tmp_path: Path) -> None:
    wild = (
        b"",
        b"\r\n\r\n",
        b"\0" * 1400,
        bytes(range(256)) * 8,
        b"INVITE",
        _invitation(switch, name="N" * 60_000, call="long"),
        _invitation(switch, more="".join(f"X-Header-{number}: {number}\r\n" for number in range(200)), call="many"),
        _invitation(switch, more='Authorization: Digest username="' + "," * 500 + "\r\n", call="authorization"),
        _invitation(switch, more="Authorization: Digest\r\nAuthorization: Basic !!!\r\n", call="authorizations"),
        _invitation(switch, more="Content-Type: application/sdp\r\n", body=_SOUND + _CODECS, call="codecs"),
        _invitation(switch, more="Content-Type: application/sdp\r\n", body="v=0\r\nm=audio 99999999 RTP/AVP -1\r\n", call="sdp"),
        _invitation(switch, more="X-Variable: ${SHELL(id)} ${EVAL(1)}\r\n", call="variable"),
        _invitation(switch, call="twice"),
        _invitation(switch, call="twice").replace(b"z9hG4bKtwice", b"z9hG4bKagain"),
    )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        for datagram in wild:
            door.sendto(datagram, switch.sip)
    before = switch.managed.pid
    async with Caller(switch.plan.ports.sip, tmp_path, number="13800138001") as caller:
        await caller.answered()
    assert switch.managed.pid == before
