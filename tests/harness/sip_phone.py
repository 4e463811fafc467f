"""Plays a small SIP phone over UDP: rings, answers, rejects, calls, talks, holds, transfers, and keeps what it hears.

    phone = await Phone.open(switch.sip, user="1001", secret=secret_of("1001"))
    await phone.stay_registered()
    phone.on_ring = Answer(after=0.3)
    call = await phone.next_call()          # answered, media flowing
    call.voice.tone(1000)                   # say a tone from now on
    await call.hold(); await call.resume()
    await call.refer("1002")
    await call.ended()

    caller = await Phone.open(switch.sip, user="13800138000", name="张三")
    call = await caller.call("10000")
    await call.dtmf("1")
    call.voice.heard()                      # everything received, 8 kHz

Loopback only: no retransmissions of our own, no DNS, one dialog per call. Timers and datagrams drive it, so it works in any
fixture; the one task is what renews a registration.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import re
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tests.harness import patience
from tests.harness.chance import CHANCE
from tests.harness.tones import ALAW, RATE, ULAW, Codec, Pcm

_FRAME = RATE // 50
_NOTHING = np.zeros(_FRAME, dtype=np.int16)
_LAWS: dict[int, Codec] = {law.payload_type: law for law in (ALAW, ULAW)}
_DTMF = "0123456789*#ABCD"


class CallRefused(Exception):
    """The switch answered a call or request with a failure; ``code`` is the SIP status."""

    def __init__(self, code: int) -> None:
        super().__init__(f"refused with {code}")
        self.code = code


@dataclass(frozen=True)
class Answer:
    """Answer after so many seconds of ringing."""

    after: float = 0.1


@dataclass(frozen=True)
class Ring:
    """Ring for ever."""


@dataclass(frozen=True)
class Reject:
    """Refuse at once: 486 busy, 603 declined."""

    code: int = 486


@dataclass(frozen=True)
class Mute:
    """Say nothing at all, not even that it rings: a phone that is gone."""


OnRing = Answer | Ring | Reject | Mute


def _token() -> str:
    return f"{CHANCE.getrandbits(60):x}"


class _Message:
    """One SIP message, parsed as far as a test needs."""

    def __init__(self, data: bytes) -> None:
        head, _, self.body = data.decode("utf-8", "replace").partition("\r\n\r\n")
        self.first, *lines = head.split("\r\n")
        self.headers: dict[str, list[str]] = {}
        for line in lines:
            key, _, value = line.partition(":")
            self.headers.setdefault(key.strip().lower(), []).append(value.strip())

    def __getitem__(self, name: str) -> str:
        return self.headers.get(name, [""])[0]

    @property
    def code(self) -> int:
        """Status of a response, 0 for a request."""
        return int(self.first.split()[1]) if self.first.startswith("SIP/2.0") else 0

    @property
    def method(self) -> str:
        return self["cseq"].split()[1] if self.code else self.first.split()[0]


class Phone(asyncio.DatagramProtocol):
    """One phone: a user at an address of its own. ``on_ring`` decides what happens to incoming calls from then on."""

    def __init__(self, switch: tuple[str, int], user: str, secret: str, name: str) -> None:
        self.switch, self.user, self.secret, self.name = switch, user, secret, name
        self.on_ring: OnRing = Answer()
        self.laws: tuple[Codec, ...] = (ALAW, ULAW)
        """Codecs offered and taken, the preferred one first."""
        self.offers_keys = True
        """telephone-event is in its SDP."""
        self.profile, self.more_sdp = "RTP/AVP", ""
        """How its sound travels, and further lines of its SDP (keys of SRTP, which this phone itself cannot do)."""
        self.first_sequence: int | None = None
        """RTP sequence number of the next calls' first packets; None: any."""
        self.refused: list[_Message] = []
        self.calls: dict[str, Call] = {}
        self._rings: asyncio.Queue[Call] = asyncio.Queue()
        self._answered: asyncio.Queue[Call] = asyncio.Queue()
        self._waiting: dict[tuple[str, str], asyncio.Queue[_Message]] = {}
        self._sent: dict[tuple[str, str], bytes] = {}
        self._transport: asyncio.DatagramTransport | None = None
        self._registration = Dialogless(self)
        self._registering = asyncio.Lock()
        self._renewal: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, switch: tuple[str, int], *, user: str, secret: str = "", name: str = "") -> Phone:
        """A phone on a free port. ``name`` may be any text, also a hostile one: it goes into the From header as it is."""
        loop = asyncio.get_running_loop()
        _, phone = await loop.create_datagram_endpoint(lambda: cls(switch, user, secret, name), local_addr=("127.0.0.1", 0))
        return phone

    def close(self) -> None:
        """Vanish without a word, as a phone does whose power goes."""
        if self._renewal is not None:
            self._renewal.cancel()
        for call in self.calls.values():
            call.voice.close()
        if self._transport is not None:
            self._transport.close()

    def forget(self) -> None:
        """Calls so far are nobody's news any more, and the next ones are answered: for who borrows the phone."""
        self.on_ring = Answer()
        self._rings, self._answered = asyncio.Queue(), asyncio.Queue()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    @property
    def port(self) -> int:
        assert self._transport is not None
        return int(self._transport.get_extra_info("sockname")[1])

    @property
    def contact(self) -> str:
        return f"<sip:{self.user}@127.0.0.1:{self.port}>"

    async def register(self, *, seconds: int = 300) -> None:
        """Register with digest authentication; ``seconds=0`` takes the registration back. Raises `CallRefused`."""
        async with self._registering:
            await self._registration.request("REGISTER", f"Expires: {seconds}\r\n")

    async def stay_registered(self, *, seconds: int = 300, again: float | None = None) -> None:
        """Register now, and until closed once more each ``again`` seconds (half of ``seconds`` if not said).

        Raises:
            CallRefused: this time; it is tried again all the same.
        """
        if self._renewal is None:
            renewal = self._renew(seconds, again or seconds / 2)
            self._renewal = asyncio.create_task(renewal, name=f"{self.user} registers again")  # noqa: TID251  close() ends it
        await self.register(seconds=seconds)

    async def _renew(self, seconds: int, again: float) -> None:
        while True:
            await asyncio.sleep(again)
            with contextlib.suppress(TimeoutError, CallRefused):  # a switch that is away comes back
                await self.register(seconds=seconds)

    async def call(self, number: str, *, ring_limit: float = 30.0, on_ringing: Callable[[], None] = lambda: None) -> Call:
        """Call and wait for the answer. Raises `CallRefused`."""
        call = self.dial(number)
        await call.invite(limit=ring_limit, on_ringing=on_ringing)
        return call

    def dial(self, number: str) -> Call:
        """A call not yet made: ``await call.invite()``, or ``call.cancel()`` while that waits."""
        uri = f"sip:{number}@{self.switch[0]}:{self.switch[1]}"
        shown = f'"{self.name}" ' if self.name else ""
        call = Call(self, _token(), f"{shown}<sip:{self.user}@127.0.0.1:{self.port}>;tag={_token()}", f"<{uri}>", uri)
        self.calls[call.call_id] = call
        return call

    async def next_ring(self, *, limit: float = 20.0) -> Call:
        """The next incoming call, from its first INVITE on."""
        async with asyncio.timeout(patience.seconds(limit)):
            return await self._rings.get()

    async def next_call(self, *, limit: float = 20.0) -> Call:
        """The next incoming call that this phone has answered, confirmed by the switch."""
        async with asyncio.timeout(patience.seconds(limit)):
            return await self._answered.get()

    # --- the wire ---

    def send(self, text: str | bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(text if isinstance(text, bytes) else text.encode(), self.switch)

    def expect(self, call_id: str, method: str) -> asyncio.Queue[_Message]:
        queue = self._waiting[call_id, method] = asyncio.Queue()
        return queue

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if not data.strip():
            return  # a keep-alive
        message = _Message(data)
        if message.code:
            queue = self._waiting.get((message["call-id"], message.method))
            if queue is not None:
                queue.put_nowait(message)
            return
        again = self._sent.get((message["call-id"], message["cseq"]))
        if again is not None and message.method != "ACK":
            self.send(again)
            return
        self._request(message)

    def _request(self, message: _Message) -> None:
        call = self.calls.get(message["call-id"])
        if message.method == "INVITE" and call is None:
            self._ring(message)
        elif call is not None:
            call.requested(message)
        elif message.method != "ACK":
            self.respond(message, "481 Call Does Not Exist")

    def _ring(self, message: _Message) -> None:
        rule = self.on_ring
        if isinstance(rule, Reject):
            self.refused.append(message)
            self.respond(message, f"{rule.code} No", tag=_token())
        elif not isinstance(rule, Mute):
            self._alert(message, rule)

    def _alert(self, message: _Message, rule: Answer | Ring) -> None:
        tag = _token()
        target = _uri_of(message["contact"])
        call = Call(self, message["call-id"], f"{message['to']};tag={tag}", message["from"], target)
        call.invitation, call.tag = message, tag
        call.take_sdp(message.body)
        self.calls[call.call_id] = call
        self.respond(message, "180 Ringing", tag=tag)
        self._rings.put_nowait(call)
        if isinstance(rule, Answer):
            call.answer_timer = asyncio.get_running_loop().call_later(rule.after, call.answer_soon)

    def confirmed(self, call: Call) -> None:
        self._answered.put_nowait(call)

    def respond(self, request: _Message, status: str, *, tag: str = "", body: str = "") -> None:
        to = request["to"] + (f";tag={tag}" if tag and ";tag=" not in request["to"] else "")
        lines = [f"SIP/2.0 {status}", *(f"Via: {via}" for via in request.headers.get("via", []))]
        lines += [f"From: {request['from']}", f"To: {to}", f"Call-ID: {request['call-id']}", f"CSeq: {request['cseq']}"]
        lines += [f"Contact: {self.contact}", "Allow: INVITE, ACK, BYE, CANCEL, REFER, NOTIFY"]
        lines += ["Content-Type: application/sdp"] if body else []
        data = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", body]).encode()
        if not status.startswith("1"):
            self._sent[request["call-id"], request["cseq"]] = data
        self.send(data)


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def _uri_of(header: str) -> str:
    found = re.search(r"<([^>]+)>", header)
    return found[1] if found else header


def tag_of(header: str) -> str:
    found = re.search(r";tag=([^;>\s]+)", header)
    return found[1] if found else ""


class Dialogless:
    """Requests outside of calls, and the part of a call that sends requests and answers challenges."""

    def __init__(self, phone: Phone) -> None:
        self.phone = phone
        self.call_id = _token()
        uri = f"sip:{phone.user}@{phone.switch[0]}"
        self.local, self.remote, self.target = f"<{uri}>;tag={_token()}", f"<{uri}>", f"sip:{phone.switch[0]}:{phone.switch[1]}"
        self.cseq = CHANCE.randrange(1, 10_000)

    async def request(self, method: str, extra: str = "", body: str = "", *, limit: float = 20.0) -> _Message:
        """Send, authenticate if asked to, return the success. Raises `CallRefused`."""
        answer = await self._once(method, extra, body, limit)
        if answer.code in (401, 407) and self.phone.secret:
            challenge = answer["www-authenticate"] or answer["proxy-authenticate"]
            name = "Authorization" if answer.code == 401 else "Proxy-Authorization"
            answer = await self._once(method, f"{extra}{name}: {self._credentials(method, challenge)}\r\n", body, limit)
        if answer.code >= 300:
            raise CallRefused(answer.code)
        return answer

    def _credentials(self, method: str, challenge: str) -> str:
        given = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge))
        whose, what = _md5(f"{self.phone.user}:{given['realm']}:{self.phone.secret}"), _md5(f"{method}:{self.target}")
        if "qop" in given:
            fresh = _token()
            proof = _md5(f"{whose}:{given['nonce']}:00000001:{fresh}:auth:{what}")
            more = f', qop=auth, nc=00000001, cnonce="{fresh}"'
        else:
            proof, more = _md5(f"{whose}:{given['nonce']}:{what}"), ""
        opaque = f', opaque="{given["opaque"]}"' if "opaque" in given else ""
        return (
            f'Digest username="{self.phone.user}", realm="{given["realm"]}", nonce="{given["nonce"]}", uri="{self.target}", '
            f'response="{proof}", algorithm=MD5{opaque}{more}'
        )

    async def _once(self, method: str, extra: str, body: str, limit: float) -> _Message:
        self.cseq += 1
        queue = self.phone.expect(self.call_id, method)
        self.branch = f"z9hG4bK{_token()}"
        self.send_request(method, self.cseq, self.branch, extra, body)
        async with asyncio.timeout(patience.seconds(limit)):
            while (answer := await queue.get()).code < 200:
                self.provisional(answer)
        if method == "INVITE":
            self.acknowledge(answer)
        return answer

    def send_request(self, method: str, cseq: int, branch: str, extra: str = "", body: str = "") -> None:
        content = "Content-Type: application/sdp\r\n" if body else ""
        self.phone.send(
            f"{method} {self.target} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{self.phone.port};rport;branch={branch}\r\n"
            f"Max-Forwards: 70\r\nFrom: {self.local}\r\nTo: {self.remote}\r\nCall-ID: {self.call_id}\r\nCSeq: {cseq} {method}\r\n"
            f"Contact: {self.phone.contact}\r\n{extra}{content}Content-Length: {len(body)}\r\n\r\n{body}"
        )

    def provisional(self, answer: _Message) -> None:
        """A 1xx came."""

    def acknowledge(self, answer: _Message) -> None:
        """A final answer to an INVITE came."""
        remote, self.remote = self.remote, answer["to"]
        self.send_request("ACK", self.cseq, self.branch if answer.code >= 300 else f"z9hG4bK{_token()}")
        if answer.code >= 300:
            self.remote = remote


class Call(Dialogless):
    """One call of a phone, incoming or outgoing."""

    def __init__(self, phone: Phone, call_id: str, local: str, remote: str, target: str) -> None:
        super().__init__(phone)
        self.call_id, self.local, self.remote, self.target = call_id, local, remote, target
        self.voice = Voice(phone.laws[0])
        if phone.first_sequence is not None:
            self.voice.sequence = phone.first_sequence
        self.invitation: _Message | None = None
        self.tag = ""
        self.answer_timer: asyncio.TimerHandle | None = None
        self.on_ringing: Callable[[], None] = lambda: None
        self.notified: list[str] = []
        self.offered: tuple[int, ...] = ()
        """Payload types of the far side's last SDP, in its order."""
        self.answered_with = ""
        """The far side's last SDP itself."""
        self.reason = ""
        self._ended = asyncio.Event()
        self._news = asyncio.Event()
        self._versions = itertools.count(1)

    @property
    def from_header(self) -> str:
        """From of an incoming call, as the switch wrote it."""
        return self.remote

    # --- making and ending it ---

    async def invite(self, *, limit: float = 30.0, on_ringing: Callable[[], None] = lambda: None, more: str = "") -> None:
        """``more``: further header lines."""
        self.on_ringing = on_ringing
        self.voice.start()
        headers = f"Allow: INVITE, ACK, BYE, CANCEL, REFER, NOTIFY\r\n{more}"
        answer = await self.request("INVITE", headers, self.sdp("sendrecv"), limit=limit)
        self._established(answer)

    def _established(self, answer: _Message) -> None:
        if answer["contact"]:
            self.target = _uri_of(answer["contact"])
        self.take_sdp(answer.body)

    def acknowledge(self, answer: _Message) -> None:
        if answer.code < 300 and answer["contact"]:
            self.target = _uri_of(answer["contact"])
        super().acknowledge(answer)

    def provisional(self, answer: _Message) -> None:
        if answer.code == 180:
            self.on_ringing()

    def cancel(self) -> None:
        """Give up an outgoing call that nobody has answered yet; the waiting `invite` raises `CallRefused` (487)."""
        self.send_request("CANCEL", self.cseq, self.branch)

    def answer_soon(self) -> None:
        """Answer the ringing call now."""
        assert self.invitation is not None
        if self.ended_already:
            return
        self.voice.start()
        self.phone.respond(self.invitation, "200 OK", tag=self.tag, body=self.sdp("sendrecv"))

    def decline(self, code: int = 603) -> None:
        """Refuse the ringing call now."""
        assert self.invitation is not None
        self.phone.respond(self.invitation, f"{code} No", tag=self.tag)
        self._end("declined by us")

    async def hang_up(self) -> None:
        if not self.ended_already:
            self._end("hung up by us")
            with contextlib.suppress(CallRefused):  # the other side hung up in the same moment
                await self.request("BYE")

    async def ended(self, *, limit: float = 20.0) -> None:
        """Wait until the other side hangs up (or we have)."""
        async with asyncio.timeout(patience.seconds(limit)):
            await self._ended.wait()

    @property
    def ended_already(self) -> bool:
        return self._ended.is_set()

    def _end(self, reason: str) -> None:
        self.reason = reason
        if self.answer_timer is not None:
            self.answer_timer.cancel()
        self.voice.close()
        self._ended.set()

    # --- while it lasts ---

    async def hold(self, *, direction: str = "sendonly") -> None:
        """Put the other side on hold by re-INVITE: ``sendonly`` or ``inactive``. Our sound stops, as a phone's does."""
        self.voice.pause()
        await self._reinvite(direction)

    async def resume(self) -> None:
        await self._reinvite("sendrecv")
        self.voice.go_on()

    async def _reinvite(self, direction: str) -> None:
        answer = await self.request("INVITE", body=self.sdp(direction))
        self.take_sdp(answer.body)

    async def refer(self, number: str) -> None:
        """Blind transfer: hand the other side on, and leave as phones do once it is under way. Raises `CallRefused`."""
        await self._transfer(f"<sip:{number}@{self.phone.switch[0]}:{self.phone.switch[1]}>")

    async def refer_replacing(self, other: Call, number: str) -> None:
        """Attended transfer: connect the other side of this call with the other side of ``other``, our call to ``number``."""
        replaces = f"{other.call_id}%3Bto-tag%3D{tag_of(other.remote)}%3Bfrom-tag%3D{tag_of(other.local)}"
        where = f"{self.phone.switch[0]}:{self.phone.switch[1]}"
        await self._transfer(f"<sip:{number}@{where}?Replaces={replaces}>")
        await other.hang_up()

    async def _transfer(self, target: str) -> None:
        self.notified.clear()
        await self.request("REFER", f"Refer-To: {target}\r\n")
        async with asyncio.timeout(patience.seconds(10)):
            while not (codes := [int(code) for text in self.notified for code in re.findall(r"^SIP/2.0 (\d+)", text)][1:]):
                self._news.clear()
                await self._news.wait()
        if codes[-1] >= 300:
            raise CallRefused(codes[-1])
        await self.hang_up()

    async def dtmf(self, keys: str, *, seconds: float = 0.12, pause: float = 0.08) -> None:
        """Press keys (RFC 4733)."""
        for key in keys:
            await self.voice.key(key, seconds)
            await asyncio.sleep(pause)

    def requested(self, message: _Message) -> None:
        """A request of the switch within this call."""
        if message.method == "ACK":
            self._acknowledged(message)
        elif message.method == "INVITE":
            self.take_sdp(message.body)
            self.phone.respond(message, "200 OK", body=self.sdp("sendrecv"))
        else:
            self.phone.respond(message, "200 OK", tag=self.tag)
            self._told(message)

    def _acknowledged(self, message: _Message) -> None:
        first = self.invitation is not None and message["cseq"].split()[0] == self.invitation["cseq"].split()[0]
        if first and not self.ended_already:
            self.phone.confirmed(self)

    def _told(self, message: _Message) -> None:
        if message.method == "NOTIFY":
            self.notified.append(message.body.strip())
            self._news.set()
        if message.method == "CANCEL" and self.invitation is not None:
            self.phone.respond(self.invitation, "487 Request Terminated", tag=self.tag)
        if message.method in ("BYE", "CANCEL"):
            self._end(message["reason"] or message.method)

    def sdp(self, direction: str) -> str:
        laws = self.phone.laws if self.voice.far is None else (self.voice.law,)
        kinds = " ".join(str(law.payload_type) for law in laws)
        maps = "".join(f"a=rtpmap:{law.payload_type} {law.shown}\r\n" for law in laws)
        keys, keys_map = " 101", "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\n"
        if not self.phone.offers_keys:
            keys = keys_map = ""
        return (
            f"v=0\r\no=- 1 {next(self._versions)} IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {self.voice.said_port} {self.phone.profile} {kinds}{keys}\r\n{maps}{keys_map}{self.phone.more_sdp}"
            f"a=ptime:20\r\na={direction}\r\n"
        )

    def take_sdp(self, body: str) -> None:
        """Take the far side's address, and the first of its codecs that this phone has, as real phones do."""
        self.answered_with = body
        found = re.search(r"^m=audio (\d+) \S+ ([\d ]+)", body, re.MULTILINE)
        if found:
            self.voice.far = ("127.0.0.1", int(found[1]))
            self.offered = tuple(int(kind) for kind in found[2].split())
            own = {law.payload_type: law for law in self.phone.laws}
            self.voice.law = next((own[kind] for kind in self.offered if kind in own), self.voice.law)


class Voice:
    """The sound of one call: sends 20 ms of G.711 every 20 ms (silence unless told otherwise), keeps all it receives."""

    def __init__(self, law: Codec) -> None:
        self.law = law
        self.far: tuple[str, int] | None = None
        self.received: list[tuple[float, int, Pcm]] = []
        """Arrival time, RTP sequence number, 20 ms of sound."""
        self.worst_lag = 0.0
        """Seconds by which a packet was sent too late because this machine had no time for us."""
        self.sequence = CHANCE.randrange(0x10000)
        self.ssrc = CHANCE.getrandbits(32)
        self._stamp = CHANCE.getrandbits(32)
        self._frames = [_NOTHING]
        self._position = 0
        self._once = False
        self._finished: asyncio.Future[None] | None = None
        self._paused = False
        self._timer: asyncio.TimerHandle | None = None
        self._next = 0.0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self.said_port = int(self._socket.getsockname()[1])
        """The second stands in SDP: behind a router it is another."""

    def move(self) -> None:
        """Send and listen at another port from now on, without a word, as when a router forgets."""
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._socket)
        self._socket.close()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        loop.add_reader(self._socket, self._listen)

    def start(self) -> None:
        """Begin to talk and listen."""
        loop = asyncio.get_running_loop()
        loop.add_reader(self._socket, self._listen)
        self._next = loop.time()
        self._tick()

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._socket.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
        if self._finished is not None and not self._finished.done():
            self._finished.set_result(None)

    # --- saying ---

    def tone(self, hertz: float) -> None:
        """Say this tone from now on (whole hertz, so that a second closes without a click)."""
        moments = np.arange(RATE) / RATE
        self.loop((np.sin(2 * np.pi * hertz * moments) * 8000).astype(np.int16))

    def silence(self) -> None:
        """Say nothing, in packets of silence."""
        self._set([_NOTHING], once=False)

    def loop(self, pcm: Pcm) -> None:
        self._set(_frames(pcm), once=False)

    async def say(self, pcm: Pcm) -> None:
        """Say it once, then silence; returns when it is said (or the call is over)."""
        self._set(_frames(pcm), once=True)
        self._finished = asyncio.get_running_loop().create_future()
        await self._finished

    def _set(self, frames: list[Pcm], *, once: bool) -> None:
        self._frames, self._position, self._once = frames, 0, once

    def pause(self) -> None:
        """Send no packets at all."""
        self._paused = True

    def go_on(self) -> None:
        self._paused = False

    def jump(self, sequence: int, *, new_source: bool = True) -> None:
        """Go on at another RTP sequence number, as a phone does that starts its stream anew."""
        self.sequence = sequence & 0xFFFF
        if new_source:
            self.ssrc = CHANCE.getrandbits(32)
            self._stamp = CHANCE.getrandbits(32)

    async def key(self, key: str, seconds: float) -> None:
        """One key as telephone-events, with the three closing packets."""
        event, started, count = _DTMF.index(key), self._stamp, max(2, int(seconds * 50))
        self._paused, was = True, self._paused
        for number in range(count + 3):
            last = number >= count
            length = min(number + 1, count) * _FRAME
            self._send(101, struct.pack(">BBH", event, 0x80 | 10 if last else 10, length), started, marker=number == 0)
            if not last:
                await asyncio.sleep(0.02)
        self._stamp = (started + count * _FRAME) & 0xFFFFFFFF
        self._paused = was

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        self.worst_lag = max(self.worst_lag, loop.time() - self._next)
        while self._next <= loop.time():
            self._next += 0.02
            if not self._paused:
                self._send(self.law.payload_type, self.law.encode(self._frame()), self._stamp)
                self._stamp = (self._stamp + self.law.clock // 50) & 0xFFFFFFFF
        self._timer = loop.call_at(self._next, self._tick)

    def _frame(self) -> Pcm:
        if self._position >= len(self._frames):
            self._position = 0
            if self._once:
                self._set([_NOTHING], once=False)
                if self._finished is not None and not self._finished.done():
                    self._finished.set_result(None)
        self._position += 1
        return self._frames[self._position - 1]

    def _send(self, kind: int, payload: bytes, stamp: int, *, marker: bool = False) -> None:
        if self.far is None or self._socket.fileno() < 0:
            return
        head = struct.pack(">BBHII", 0x80, kind | (0x80 if marker else 0), self.sequence, stamp, self.ssrc)
        self.sequence = (self.sequence + 1) & 0xFFFF
        with contextlib.suppress(BlockingIOError, ConnectionRefusedError):  # the far end is gone: as lost as on any network
            self._socket.sendto(head + payload, self.far)

    # --- hearing ---

    def _listen(self) -> None:
        while True:
            try:
                data = self._socket.recv(2048)
            except (BlockingIOError, ConnectionRefusedError):
                return
            known = _LAWS | {self.law.payload_type: self.law}
            law = known.get(data[1] & 0x7F) if len(data) > 12 and data[0] >> 6 == 2 else None
            if law is not None:
                self.received.append((time.time(), int.from_bytes(data[2:4], "big"), law.decode(data[12:])))

    def heard(self, *, since: float = 0.0, until: float = float("inf")) -> Pcm:
        """What came between two moments (seconds of the wall clock), without its gaps."""
        return np.concatenate([_NOTHING[:0], *(sound for at, _, sound in self.received if since <= at < until)])


def _frames(pcm: Pcm) -> list[Pcm]:
    padded = np.concatenate([pcm, _NOTHING[: -len(pcm) % _FRAME]])
    return [padded[start : start + _FRAME] for start in range(0, len(padded), _FRAME)]
