"""Runs a caller from outside: SIPp 3.6 with a scenario of ours, one process per call, led by the test while the call lasts.

SIPp plays its scenario by itself; so that a test can say *when* the caller speaks, presses or hangs up, it sends SIPp small
requests of its own (methods SPEAK, PRESS, HANGUP, with the call's Call-ID) which the scenario waits for in a loop. The switch
never sees them. Sound is G.711 A-law by RTP, digits are SIP INFO.
"""

from __future__ import annotations

import asyncio
import functools
import itertools
import os
import socket
import subprocess
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import numpy as np

from tests.harness import speech
from tests.harness.patience import seconds, until
from tests.harness.switch import free_media_ports, free_ports

HOTLINE = "10000"
TRIES = 5
BINDS_S = 0.3  # SIPp binds its ports at once, or ends
_serial = itertools.count(1)
_FROM = """From: "[name]" <sip:[number]@[local_ip]:[local_port]>;tag=[pid]c[call_number]"""
_VIA = "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]"
# SIPp makes a branch per message of the scenario, and takes [cseq] from what it received last: in a loop both would repeat
_VIA_AGAIN = f"{_VIA}-[$turn]"
_TURN = '<ereg regexp="[0-9]+" search_in="hdr" header="X-Turn:" assign_to="turn"/>'
_HOTLINE_URI = "sip:[service]@[remote_ip]:[remote_port]"
_SDP = """v=0
o=- 5 1 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [rtpstream_audio_port] RTP/AVP 8 101
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
a=ptime:20
a=sendrecv
"""


def _request(method: str, to: str, *, uri: str = "[next_url]", cseq: str, body: str = "", kind: str = "") -> str:
    via = _VIA_AGAIN if cseq == "[$turn]" else _VIA
    content = f"Content-Type: {kind}\n" if kind else ""
    return (
        f"{method} {uri} SIP/2.0\n{via}\n{_FROM}\nTo: <{_HOTLINE_URI}>{to}\nCall-ID: [call_id]\n"
        f"CSeq: {cseq} {method}\nContact: <sip:caller@[local_ip]:[local_port]>\nMax-Forwards: 70\n"
        f"{content}Content-Length: [len]\n\n{body}"
    )


def _send(text: str, **attributes: str) -> str:
    given = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return f"<send{given}><![CDATA[\n{text}\n]]></send>\n"


def _note(word: str) -> str:
    return f'<nop><action><log message="{word}"/></action></nop>\n'


def _play(sound: Path, times: int) -> str:
    return f'<action><exec rtp_stream="{sound},{times},8,PCMA/8000"/></action>'


_INVITE = _send(_request("INVITE", "", uri=_HOTLINE_URI, cseq="1", body=_SDP, kind="application/sdp"), retrans="500")
_REFUSALS = (400, 401, 403, 404, 408, 413, 414, 480, 484, 486, 487, 488, 500, 503, 603)
_TAKEN_OR_REFUSED = (
    "".join(f'<recv response="{code}" optional="true"/>\n' for code in (100, 180, 183))
    + "".join(f'<recv response="{code}" optional="true" next="11"/>\n' for code in _REFUSALS)
    + '<recv response="200" rrs="true"/>\n'
)
_OKAY = _send(
    "SIP/2.0 200 OK\n[last_Via:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n[last_CSeq:]\n"
    "Contact: <sip:caller@[local_ip]:[local_port]>\nContent-Length: 0\n"
)


def _scenario(body: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="caller">\n{body}</scenario>\n'


_REFUSED = (
    '<label id="11"/>\n'
    + _send(_request("ACK", "[peer_tag_param]", uri=_HOTLINE_URI, cseq="1"))
    + '<nop><action><log message="was refused"/></action></nop>\n<label id="10"/>\n'
)


def led_call(hush: Path, talk: Path) -> str:
    """Call, be quiet on the line, and from then on do what the test asks until somebody hangs up."""
    to = "[peer_tag_param]"
    digit = '<ereg regexp="[0-9A-D*#]" search_in="hdr" header="X-Digit:" assign_to="digit"/>'
    info = _request("INFO", to, cseq="[$turn]", body="Signal=[$digit]\nDuration=160\n", kind="application/dtmf-relay")
    return _scenario(
        _INVITE
        + _TAKEN_OR_REFUSED
        + _send(_request("ACK", to, cseq="1"))
        + f"<nop>{_play(hush, -1)}</nop>\n"
        + _note("answered")
        + '<label id="1"/>\n'
        + '<recv request="BYE" optional="true" next="9"/>\n'
        + '<recv request="SPEAK" optional="true" next="2"/>\n'
        + f'<recv request="PRESS" optional="true" next="3"><action>{digit}{_TURN}</action></recv>\n'
        + f'<recv request="HANGUP"><action>{_TURN}</action></recv>\n'
        + '<label id="5"/>\n'
        + _send(_request("BYE", to, cseq="[$turn]"), retrans="500")
        + '<recv response="200"/>\n'
        + _note("hung up")
        + '<nop next="10"/>\n'
        + f'<label id="2"/>\n<nop next="1">{_play(talk, -1)}</nop>\n'
        + '<label id="3"/>\n'
        + _send(info, retrans="500")
        + f'<recv request="HANGUP" optional="true" next="4"><action>{_TURN}</action></recv>\n'
        + '<recv response="200" next="1"/>\n'
        + '<label id="4"/>\n'  # told to hang up before the key was confirmed: SIPp sends nothing new meanwhile
        + '<recv response="200" next="5"/>\n'
        + '<label id="9"/>\n'
        + _OKAY
        + _note("was hung up")
        + '<nop next="10"/>\n'
        + _REFUSED
    )


def brief_call() -> str:
    """Answered, and gone in the same breath."""
    return _scenario(
        _INVITE
        + _TAKEN_OR_REFUSED
        + _send(_request("ACK", "[peer_tag_param]", cseq="1"))
        + '<pause milliseconds="100"/>\n'
        + _send(_request("BYE", "[peer_tag_param]", cseq="2"), retrans="500")
        + '<recv response="200"/>\n'
        + _note("hung up")
        + '<nop next="10"/>\n'
        + _REFUSED
    )


class Caller:
    """One call. ``async with Caller(port, folder, says=samples) as caller: await caller.answered(); caller.press("1")``.

    ``name`` and ``number`` go into the From header as they are, bytes too. The sound of ``speak()`` is followed by a minute of
    quiet line and then begins again.
    """

    def __init__(
        self,
        sip_port: int,
        folder: Path,
        *,
        number: str | bytes = "13800138000",
        name: str | bytes = "Zhang San",
        says: speech.Samples | None = None,
        dials: str = HOTLINE,
        brief: bool = False,
    ) -> None:
        self._sip_port = sip_port
        self._folder = folder / f"caller{next(_serial)}"
        self._key = {"name": os.fsencode(name), "number": os.fsencode(number)}
        self._says = says
        self._dials = dials
        self._brief = brief
        self._call_id = f"{self._folder.name}-{os.getpid()}"

    async def __aenter__(self) -> Caller:
        await asyncio.to_thread(self._prepare)
        self._errors = (self._folder / "sipp.err").open("wb")
        for _ in range(TRIES):
            await self._start()
            if not await self._lost_its_port():
                break
        return self

    async def _start(self) -> None:
        self._port, media = _free_udp_port(), free_media_ports()
        keys = [part for name, value in self._key.items() for part in (b"-key", name.encode(), value)]
        self._process = await asyncio.create_subprocess_exec(
            *("sipp", f"127.0.0.1:{self._sip_port}", "-sf", "scenario.xml", "-s", self._dials, "-m", "1", "-nostdin"),
            *("-i", "127.0.0.1", "-mi", "127.0.0.1", "-p", str(self._port)),
            *await asyncio.to_thread(_media_options, media),
            *("-cid_str", self._call_id, "-default_behaviors", "all,-abortunexp"),
            *("-trace_logs", "-log_file", "said.log", "-trace_err", "-error_file", "errors.log"),
            *keys,
            cwd=self._folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=self._errors,
            env={**os.environ, "TERM": "dumb"},
        )

    async def _lost_its_port(self) -> bool:
        """Between our look and SIPp's bind another process may have taken a port; SIPp then ends at once."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), BINDS_S)
        return self.over and "Unable to bind" in self.complaint()

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._process.returncode is None:
            self.hang_up()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), seconds(3))
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        self._errors.close()

    def _prepare(self) -> None:
        self._folder.mkdir(parents=True)
        quiet = speech.line_noise(60)
        talk = quiet if self._says is None else np.concatenate([self._says, quiet])
        (self._folder / "hush.al").write_bytes(speech.g711(quiet, "a"))
        (self._folder / "talk.al").write_bytes(speech.g711(talk, "a"))
        scenario = brief_call() if self._brief else led_call(self._folder / "hush.al", self._folder / "talk.al")
        (self._folder / "scenario.xml").write_text(scenario)

    def _said(self) -> str:
        log = self._folder / "said.log"
        return log.read_text(errors="replace") if log.exists() else ""

    @property
    def digits(self) -> str:
        """The digits of the number."""
        return "".join(filter(str.isdigit, os.fsdecode(self._key["number"])))

    @property
    def over(self) -> bool:
        """The call is gone, whoever ended it, or never was."""
        return self._process.returncode is not None

    async def answered(self, limit: float = 10) -> None:
        """The switch has taken the call (not yet a person)."""
        await until(lambda: "answered" in self._said() or self.over, f"an answer to {self._call_id}", limit)
        assert "answered" in self._said(), f"the call was not taken: {self.complaint()}"

    async def ended(self, limit: float = 10) -> str:
        """How: ``hung up`` (by the caller), ``was hung up`` (by the far end), ``was refused``; ``''`` if nobody answered."""
        await until(lambda: self.over, f"the end of {self._call_id}", limit)
        return self._said().strip().rpartition("\n")[2].removeprefix("answered").strip()

    def complaint(self) -> str:
        """What SIPp found wrong."""
        logs = (self._folder / "sipp.err", self._folder / "errors.log")
        return "".join(log.read_text(errors="replace") for log in logs if log.exists())

    def speak(self) -> None:
        """Begin to talk."""
        self._tell("SPEAK")

    def press(self, digit: str) -> None:
        """Press one key."""
        self._tell("PRESS", f"X-Digit: {digit}\r\n")

    def hang_up(self) -> None:
        """Put the handset down; ``ended`` waits for it."""
        self._tell("HANGUP")

    def _tell(self, word: str, header: str = "") -> None:
        """A request only SIPp sees; on loopback it can be lost only if SIPp is gone."""
        turn = next(_serial)
        text = (
            f"{word} sip:caller@127.0.0.1:{self._port} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK{turn}\r\n"
            f"From: <sip:test@127.0.0.1>;tag=test\r\nTo: <sip:caller@127.0.0.1>\r\nCall-ID: {self._call_id}\r\n"
            f"CSeq: {turn} {word}\r\nX-Turn: {turn}\r\n{header}Content-Length: 0\r\n\r\n"
        )
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
            door.sendto(text.encode(), ("127.0.0.1", self._port))


@functools.cache
def _knows_range() -> bool:
    """SIPp 3.7 has a range for RTP; 3.6 counts upwards from its echo port."""
    told = subprocess.run(["sipp", "-h"], capture_output=True, text=True, errors="replace", check=False)
    return "-min_rtp_port" in told.stdout + told.stderr


def _media_options(first: int) -> tuple[str, ...]:
    if _knows_range():
        return ("-mp", str(first), "-min_rtp_port", str(first), "-max_rtp_port", str(first + 3))
    return ("-mp", str(first))


def _free_udp_port() -> int:
    return free_ports(1)[0]
