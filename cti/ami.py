"""Keeps one supervised connection to the switch's manager interface (AMI). The only module that imports panoramisk.

panoramisk 1.4 gives the connection, the action ids, the table of pending actions and the routing of answers to them. Its
faults are overridden here, and each has a test (tests/unit/cti/test_ami.py): it decodes every read by itself and loses split
characters; an exception in a callback tears the connection down; callbacks that are coroutines finish in any order; silence is
not noticed; unanswered actions wait for ever and are sent again after a reconnect; a refused list never ends; line ends in a
value become headers; a wrong password is silent; it reconnects by itself, for ever, every 2 s, even after close().

The reader does nothing but cut bytes into messages, drop what is not wanted by its name, and put the rest, in order, into a
bounded backlog for the one consumer. While the backlog is full nothing is read, so that TCP holds the switch back for the length
of a burst; when that lasts, the watchdog (or the switch's own writetimeout) ends the link, and the snapshot after the next login
repairs the picture.
"""

from __future__ import annotations

import asyncio
import logging
import re
import ssl
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from panoramisk.actions import Action
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.manager import Manager
from panoramisk.message import Message

from cti.errors import ActionFailed, ActionTimeout, LinkDown, LoginRefused, Malformed, NotAmi, UnsafeValue
from cti.events import OUTWARD, WANTED
from cti.framing import EVENT, GREETING_AT_MOST, Framer, first_line, first_lines
from cti.headers import Headers
from cti.settings import AmiSettings

Values = Mapping[str, str | Sequence[str]]

LINE_AT_MOST = 1_000
"""Bytes of one header of an action: Asterisk cuts lines at 1,024 and reads the rest as the next header (main/manager.c)."""
BATCH = 100
"""Messages handed over at once: one or two milliseconds of work between two looks at everything else."""
_LATE = 1.5
"""Intervals of pings after which the next one is late: a loop that is in order keeps them within milliseconds."""

_WANTED = first_lines(WANTED)
_OUTWARD = first_lines(OUTWARD)
_GREETING = b"Asterisk Call Manager/"
_ROUTING = ("Event", "Response", "ActionID", "EventList")
_ACTION_ID = b"\r\nActionID: "
_ANSWER = b"Response: "
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

log = logging.getLogger(__name__)


class _Ask(Action):  # type: ignore[misc] # panoramisk has no types
    """An action whose end is decided by one rule: the answer, or the closing event of a list, or the refusal of either."""

    def add_message(self, message: Message) -> bool:
        self.responses.append(message)
        if "response" in message:
            over = not self.as_list or message.response not in Message.success_responses
        else:
            over = bool(self.as_list) and message.eventlist.lower() in ("complete", "cancelled")
        if over and not self.future.done():
            self.future.set_result(self.responses)
        return over


class _Protocol(AMIProtocol):  # type: ignore[misc]
    """Cuts bytes into messages, drops the unwanted by name, keeps a bounded backlog, and hands answers to panoramisk."""

    def __init__(self, backlog: int, wanted: frozenset[bytes]) -> None:
        self.wanted = wanted
        self.framer = Framer()
        self.backlog: deque[bytes] = deque()
        self.backlog_at_most = backlog
        self.news = asyncio.Event()  # something in the backlog, a message that was cut, or the end of the link
        self.greeted = asyncio.Event()
        self.greeting = bytearray()
        self.why_lost = ""
        self.strays = 0
        self.cut = 0
        self.heard = 0.0
        self.held_back = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.loop = asyncio.get_running_loop()
        self.heard = self.loop.time()

    def data_received(self, data: bytes) -> None:
        if self.version is None:
            data = self._greet(data)
        now = self.loop.time()
        kept: list[bytes] = []
        for message in self.framer.feed(data) if data else ():
            self.heard = now
            if first_line(message) in self.wanted:
                kept.append(message)
            elif message.startswith(EVENT):
                if self.responses and _ACTION_ID in message:
                    self._answer(message)
            elif message.startswith(_ANSWER):
                self._answer(message)
            else:
                self.cut += 1
                self.news.set()
        if kept:
            self._keep(kept)

    def _greet(self, data: bytes) -> bytes:
        """Reads the line that comes before all messages; returns what follows it."""
        self.greeting += data
        line, end, rest = bytes(self.greeting).partition(b"\r\n")
        if not _GREETING.startswith(line[: len(_GREETING)]) or len(line) > GREETING_AT_MOST:
            self.drop("what answers is no manager interface")
            return b""
        if not end:
            return b""
        self.version = line[len(_GREETING) :].decode("ascii", "replace")
        self.greeted.set()
        return rest

    def _keep(self, messages: list[bytes]) -> None:
        """Adds messages to the backlog. The bound is exceeded by at most what one read holds."""
        self.backlog.extend(messages)
        self.news.set()
        if len(self.backlog) >= self.backlog_at_most and not self.held_back and not self.closed:
            self.held_back = True
            self.transport.pause_reading()

    def take(self, count: int) -> list[bytes]:
        """The oldest messages of the backlog; reading goes on when half of it is free."""
        taken = [self.backlog.popleft() for _ in range(min(count, len(self.backlog)))]
        if self.held_back and len(self.backlog) <= self.backlog_at_most // 2 and not self.closed:
            self.held_back = False
            self.heard = self.loop.time()
            self.transport.resume_reading()
        if not self.backlog and not self.closed:
            self.news.clear()
        return taken

    def _answer(self, raw: bytes) -> None:
        """Hands an answer to whoever asked. panoramisk's own parsing makes lists of repeated headers, and its table cannot look
        those up.
        """
        try:
            headers = Headers(raw.decode("utf-8", "replace"))
        except Malformed:
            headers = Headers("")
        message = Message({name: headers.first(name) for name in _ROUTING if name in headers})
        if message.id not in self.responses:
            self.strays += 1  # an answer that came too late, an answer to nobody, or no answer at all
            return
        message.headers = headers
        self.handle_message(message)

    def drop(self, why: str) -> None:
        """End the link now; what is in the backlog can still be read."""
        self.why_lost = self.why_lost or why
        self.close()
        self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self.why_lost = self.why_lost or (
            f"the connection broke ({type(exc).__name__})" if exc else "the switch closed the connection"
        )
        self.close()

    def close(self) -> None:
        """Pending actions fail here and are forgotten: panoramisk would keep them and send them again."""
        for action in list(self.responses.values()):
            if not action.future.done():
                action.future.set_exception(LinkDown(self.why_lost or "the link was closed"))
                action.future.exception()  # read, or asyncio would complain: perhaps nobody waits for it any more
        self.responses.clear()
        self.closed = True
        self.transport.close()
        self.news.set()
        self.greeted.set()


class _Switch(Manager):  # type: ignore[misc]
    """panoramisk's manager without its own ideas of pinging, logging in and reconnecting."""

    protocol: _Protocol

    def __init__(self, settings: AmiSettings) -> None:
        super().__init__(
            host=settings.host,
            port=settings.port,
            loop=asyncio.get_running_loop(),
            log=log,
            protocol_factory=lambda: _Protocol(settings.backlog, _WANTED | _OUTWARD if settings.trunks else _WANTED),
            forgetable_actions=(),
        )
        self.ping_delay = self.ping_interval = settings.ping_interval  # panoramisk cuts them to whole seconds
        self._looked = 0.0
        self._silent = 0

    def ping(self) -> None:
        """panoramisk's timer calls this: it sends a Ping, and ends the link when nothing whole came for two intervals.

        An interval that took far longer than it should does not count: then this process stood still (stopped, or held up) and
        had asked nothing in that time.
        """
        now = self.loop.time()
        late = now - self._looked > _LATE * self.ping_interval
        if self.protocol.heard >= self._looked:
            self._silent = 0
        elif not late:
            self._silent += 1
        self._looked = now
        if self._silent == 2:
            who = "its events were not taken in" if self.protocol.held_back else "the switch was silent"
            self.protocol.drop(f"{who} for {now - self.protocol.heard:.1f} s")
        elif not self.protocol.closed:
            self.pinger = self.loop.call_later(self.ping_interval, self.ping)
            self.send_action(_Ask({"Action": "Ping"}), as_list=False)


class Link:
    """One login, from ``open`` until the link is lost. A lost link is never used again."""

    def __init__(self, switch: _Switch, settings: AmiSettings) -> None:
        self._switch = switch
        self._protocol = switch.protocol
        self._settings = settings

    @classmethod
    async def open(cls, settings: AmiSettings) -> Link:
        """Connect, be greeted, log in.

        Raises:
            LoginRefused: wrong user or secret, or this address is not permitted.
            NotAmi: something else answers on that port.
            LinkDown: nobody answers, or not in time.
        """
        switch = _Switch(settings)
        link = cls(await _connected(switch, settings), settings)
        try:
            await link._log_in()
        except BaseException:
            link.close()
            raise
        return link

    @property
    def version(self) -> str:
        """The version of the manager interface, ``11.0.0``."""
        return str(self._protocol.version or "")

    @property
    def oversize(self) -> int:
        """How many messages were left out because they were longer than any real one; what they said is not known."""
        return self._protocol.framer.oversize

    @property
    def cut(self) -> int:
        """How many messages begin as none of the switch's does: the rest of one that somebody ended with a line end of their
        own.
        """
        return self._protocol.cut

    @property
    def strays(self) -> int:
        """How many answers came for which nobody waited."""
        return self._protocol.strays

    @property
    def held(self) -> int:
        """How many events are in the backlog."""
        return len(self._protocol.backlog)

    async def ask(self, action: str, values: Values | None = None, *, limit: float | None = None) -> Headers:
        """Send an action once and wait for its answer.

        Raises:
            UnsafeValue: a value holds a control character or is too long; nothing was sent.
            ActionFailed: the switch says no, in its own words.
            ActionTimeout, LinkDown: whether the switch acted is not known.
        """
        return (await self._send(action, values or {}, limit, as_list=False))[0]

    async def ask_list(self, action: str, values: Values | None = None, *, limit: float | None = None) -> list[Headers]:
        """Send an action that is answered by a list. Returns its items, without the answer before and the event after them."""
        return (await self._send(action, values or {}, limit, as_list=True))[1:-1]

    async def batch(self, limit: float) -> list[bytes]:
        """The next wanted events in their order, at most ``BATCH``. ``[]`` when none came within ``limit`` seconds, or when a
        message was cut.

        Raises:
            LinkDown: the link is lost and everything that had come has been handed over.
        """
        protocol = self._protocol
        if not protocol.backlog:
            await self._news(limit)
        taken = protocol.take(BATCH)
        if not taken and protocol.closed:
            raise LinkDown(protocol.why_lost)
        return taken

    def close(self) -> None:
        """End the link; pending actions fail with LinkDown."""
        self._switch.close()

    async def _news(self, limit: float) -> None:
        try:
            async with asyncio.timeout(limit):
                await self._protocol.news.wait()
        except TimeoutError:
            return

    async def _log_in(self) -> None:
        settings = self._settings
        values = {"Username": settings.user, "Secret": settings.secret, "Events": "on"}
        try:
            await self.ask("Login", values, limit=settings.login_limit)
        except ActionFailed as error:
            raise LoginRefused(f"the switch refuses user {settings.user!r}: {error.reason}") from None
        except ActionTimeout as error:
            raise LinkDown(str(error)) from None

    async def _send(self, action: str, values: Values, limit: float | None, *, as_list: bool) -> list[Headers]:
        ask = _Ask({"Action": _checked("Action", action), **{name: _all_checked(name, value) for name, value in values.items()}})
        if self._protocol.closed:
            raise LinkDown(self._protocol.why_lost or "the link was closed")
        wait = self._settings.action_limit if limit is None else limit
        try:
            async with asyncio.timeout(wait):
                messages = await self._switch.send_action(ask, as_list=as_list)
        except TimeoutError:
            raise ActionTimeout(action, wait) from None
        finally:
            self._protocol.responses.pop(ask.id, None)
        answers: list[Headers] = [message.headers for message in messages if _counts(message, as_list)]
        if answers[0].get("Response") not in Message.success_responses:
            raise ActionFailed(action, answers[0].get("Message", "refused without a reason"))
        return answers


def _counts(message: Any, as_list: bool) -> bool:
    """Whether the message is part of the answer. An event that names a single action (OriginateResponse) may come before the
    answer and is no part of it.
    """
    return as_list or "response" in message


async def _connected(switch: _Switch, settings: AmiSettings) -> _Switch:
    """Connects, hands the connection to panoramisk as if it had made it, and waits for the greeting."""
    loop = asyncio.get_running_loop()
    context = ssl.create_default_context() if settings.tls else None
    try:
        async with asyncio.timeout(settings.connect_limit):
            made = await loop.create_connection(switch.config["protocol_factory"], settings.host, settings.port, ssl=context)
            done = loop.create_future()
            done.set_result(made)
            switch.connection_made(done)
            await switch.protocol.greeted.wait()
    except TimeoutError:
        switch.close()
        raise LinkDown(f"no manager interface greeted us within {settings.connect_limit:g} s") from None
    except OSError as error:
        raise LinkDown(f"no connection to the switch: {error.strerror or type(error).__name__}") from None
    except BaseException:
        switch.close()
        raise
    protocol = switch.protocol
    if protocol.closed:
        switch.close()
        raise NotAmi(protocol.why_lost) if protocol.greeting else LinkDown(protocol.why_lost)
    return switch


def _all_checked(name: str, value: str | Sequence[str]) -> str | list[str]:
    return _checked(name, value) if isinstance(value, str) else [_checked(name, one) for one in value]


def _checked(name: str, value: str) -> str:
    """The value itself, unless it would be dangerous. A line end in a value would begin a header of the sender's choice; a real
    switch ran an action that was injected so.
    """
    if _CONTROL.search(value) or not name.isalpha():
        raise UnsafeValue(f"{name}: a control character is never sent to the switch")
    if len(name) + len(value.encode()) > LINE_AT_MOST:
        raise UnsafeValue(f"{name}: longer than the switch reads")
    return value
