"""Keeps one browser's end of the websocket: what waits to be sent to it, what comes from it, and how it is closed.

A message goes out at once where the line is free, else it waits in a queue with a bound; who does not read is cut off (1013) and
resumes from the last number seen. The board waits in a slot of one, a newer one replaces it, and so does a newer change of the
same thing.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable, Sequence

from aiohttp import WSMessage, WSMsgType, web
from pydantic import TypeAdapter, ValidationError

from services.access.actor import LoggedIn
from services.access.rights import Right
from services.bells import Change
from services.web.changed import Changed
from services.web.messages import (
    AckMessage,
    ByeMessage,
    ChangedMessage,
    ChangedThing,
    ClientMessage,
    LookMessage,
    PhoneMessage,
    ResumeMessage,
)
from services.web.stream import Snapshot

QUEUE_MESSAGES = 256  # waiting for one browser; more: it is cut off and resumes
CLOSE_S = 1.0  # a browser that does not answer the closing is dropped
TALKATIVE = 200  # messages from a browser in TALKATIVE_S; more is no desk of ours
TALKATIVE_S = 10.0
RETRY_MS = (500, 5_000)  # returning browsers spread themselves over this

CLOSED, GARBAGE, RESTART, TOO_SLOW, SESSION_ENDED = 1000, 1008, 1012, 1013, 4401

FromBrowser = ResumeMessage | AckMessage | PhoneMessage | LookMessage
_FROM_BROWSER: TypeAdapter[FromBrowser] = TypeAdapter(ClientMessage)


class NotOurs(Exception):
    """A browser sent what is no message of ours."""


class Gone(Exception):
    """The browser has closed, or its connection broke."""


class Connection:
    """One browser; ``line`` is what its socket runs on."""

    def __init__(self, socket: web.WebSocketResponse, who: LoggedIn, line: asyncio.Transport | None = None) -> None:
        self.socket = socket
        self.line = line
        self.who = who
        self.person = who.id
        self.session = who.session
        self.resumed = False
        self.ended = asyncio.Event()
        self.code = CLOSED
        self.bye: ByeMessage | None = None
        self._waiting: deque[str] = deque()
        self._changed = Changed()
        self._board: str | None = None
        self._newest = 0
        self._pong: bytes | None = None
        self._window = (-TALKATIVE_S, 0)
        self._wake = asyncio.Event()

    def send(self, text: str) -> None:
        """Sends a message now if the line is free, and queues it otherwise; a browser that has too many waiting is cut off."""
        if self._is_free():
            self._send_now(text)
            return
        if len(self._waiting) >= QUEUE_MESSAGES:
            self.end(TOO_SLOW, "too_slow")
            return
        self._waiting.append(text)
        self._wake.set()

    def change(self, changes: Sequence[Change]) -> None:
        """Things to be read again, beside what was not sent yet; the newest of each."""
        for change in changes:
            self._changed.note(change)
        if changes:
            self._wake.set()

    def show(self, board: Snapshot) -> None:
        """The newest snapshot, in place of one that has not gone out yet. One that is overtaken on its way is dropped.

        Who works for a department hears of what concerns it and is shown no board.
        """
        if board.n > self._newest and self.who.may(Right.BOARD):
            self._newest, self._board = board.n, board.text(self.person)
            self._wake.set()

    def end(self, code: int, bye: str = "") -> None:
        """Asks the connection to close; the first reason stays."""
        if not self.ended.is_set():
            self.code = code
            self.bye = ByeMessage(code=bye, retry_ms=random.randint(*RETRY_MS)) if bye else None
            self.ended.set()

    def _is_free(self) -> bool:
        """Whether nothing is before a message: then it need not wait for the writer's turn, behind all others of this moment."""
        ended = self.ended.is_set()
        return not (ended or self._waiting) and self.line is not None and not self.line.get_write_buffer_size()

    def _send_now(self, text: str) -> None:
        """The first step of sending writes the whole frame; what it may wait for after that is room for the next one."""
        sending = self.socket.send_str(text)
        try:
            sending.send(None)
        except StopIteration:
            return
        except ConnectionError:
            self.end(CLOSED)
        sending.close()

    def _spoke(self, now: float) -> None:
        """Counts what comes. Raises NotOurs for more than any desk of ours sends."""
        begun, count = self._window
        self._window = (now, 1) if now - begun > TALKATIVE_S else (begun, count + 1)
        if self._window[1] > TALKATIVE:
            raise NotOurs

    def _answer(self, sent: bytes) -> None:
        """The answer to a ping, in place of one that has not gone out yet: who pings and does not read makes nothing grow."""
        self._pong = sent
        self._wake.set()

    async def write(self) -> None:
        """Sends what waits, messages before what has changed before the board, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting or self._changed or self._board is not None or self._pong is not None:
                try:
                    if self._pong is not None:
                        pong, self._pong = self._pong, None
                        await self.socket.pong(pong)
                    elif self._waiting:
                        await self.socket.send_str(self._waiting.popleft())
                    elif self._changed:
                        await self.socket.send_str(_changed_message(self._changed.take()))
                    else:
                        await self.socket.send_str(self._take_board())
                except ConnectionError:
                    self.end(CLOSED)
                    return

    async def next(self, monotonic: Callable[[], float]) -> FromBrowser:
        """The next message; pings are answered on the way, and count: nobody's browser sends any.

        Raises:
            NotOurs: it is none that a desk of ours sends, or there are too many.
            Gone: there will be none any more.
        """
        while True:
            frame = await self.socket.receive()
            self._spoke(monotonic())
            if frame.type is WSMsgType.PING:
                self._answer(frame.data)
            elif frame.type is not WSMsgType.PONG:
                return _message(frame)

    async def close(self) -> None:
        """Politely if the browser reads; in any case the line is cut by the deadline, with all that was never taken off it."""
        try:
            async with asyncio.timeout(CLOSE_S):
                if self.bye and not self.socket.closed:
                    await self.socket.send_str(self.bye.model_dump_json())
                await self.socket.close(code=self.code)
        except (TimeoutError, ConnectionError):
            if self.line is not None:
                self.line.abort()
        finally:
            if self.line is not None and self.line.get_write_buffer_size():  # closing waits for a reader who will not come
                self.line.abort()

    def _take_board(self) -> str:
        text, self._board = self._board or "", None
        return text


def _message(frame: WSMessage) -> FromBrowser:
    if frame.type is WSMsgType.TEXT:
        try:
            return _FROM_BROWSER.validate_json(frame.data, strict=True)
        except ValidationError:
            raise NotOurs from None
    if frame.type is WSMsgType.BINARY:
        raise NotOurs
    raise Gone


def _changed_message(changes: Sequence[Change]) -> str:
    things = [ChangedThing(kind=change.kind, id=change.id, version=change.version, ticket=change.ticket) for change in changes]
    return ChangedMessage(things=things).model_dump_json()
