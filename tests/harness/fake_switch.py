"""Plays a manager interface that says what a test wants, over real TCP, in pieces of any size.

It greets, answers actions as ``answers`` tells (a login, pings and empty lists by default), keeps what it was asked, and sends
recorded streams. Also the ground for other clients than ours (the regression tests against plain panoramisk).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType

from tests.harness.patience import seconds

CAPTURES = Path(__file__).parent.parent / "captures"
USER, SECRET = "cti", "correct horse"

Asked = dict[str, str]
Answer = Callable[[Asked], bytes]
Cutter = Callable[[bytes], Iterator[bytes]]


def message(*lines: str) -> bytes:
    """One AMI message of these lines."""
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def event(name: str, at: float = 1_795_467_869.0, **headers: object) -> bytes:
    """One event, with the switch's time."""
    return message(f"Event: {name}", f"Timestamp: {at:.6f}", *(f"{key}: {value}" for key, value in headers.items()))


def success(asked: Asked, text: str = "done") -> bytes:
    """The plain yes."""
    return message("Response: Success", f"ActionID: {asked['ActionID']}", f"Message: {text}")


def refusal(text: str) -> Answer:
    """The switch's no, with its sentence."""
    return lambda asked: message("Response: Error", f"ActionID: {asked['ActionID']}", f"Message: {text}")


def nothing(asked: Asked) -> bytes:
    """The action is read and never answered."""
    return b""


def listing(closing: str, items: Iterable[dict[str, object]] = ()) -> Answer:
    """A list as Asterisk sends it: an answer, the items, a closing event; each with the action's id."""

    def answer(asked: Asked) -> bytes:
        mine = f"ActionID: {asked['ActionID']}"
        rows = [message(*(f"{key}: {value}" for key, value in row.items()), mine) for row in items]
        begin = message("Response: Success", mine, "EventList: start", "Message: will follow")
        return begin + b"".join(rows) + message(f"Event: {closing}", mine, "EventList: Complete", f"ListItems: {len(rows)}")

    return answer


def login(asked: Asked) -> bytes:
    """Yes to ``USER`` and ``SECRET``, no to others; FullyBooted follows as on a complete switch."""
    if (asked.get("Username"), asked.get("Secret")) != (USER, SECRET):
        return refusal("Authentication failed")(asked)
    return success(asked, "Authentication accepted") + event("FullyBooted", Status="Fully Booted")


def in_pieces_of(size: int) -> Cutter:
    """Cut into pieces of so many bytes."""
    return lambda data: (data[n : n + size] for n in range(0, len(data), size))


def wanted_events(capture: str, names: Iterable[str]) -> Iterator[bytes]:
    """The messages of one capture that are events of these names, each with its closing empty line."""
    firsts = {f"Event: {name}".encode() for name in names}
    for raw in (CAPTURES / capture).read_bytes().split(b"\r\n\r\n"):
        if raw.lstrip().partition(b"\r\n")[0] in firsts:
            yield raw.lstrip() + b"\r\n\r\n"


_SPELLING = {name.lower(): name for name in ("Action", "ActionID", "Username", "Secret", "Queue")}


def _asked(raw: bytes) -> Asked:
    """Header names are in any case; those that answers look at get the usual one."""
    pairs = (line.partition(":") for line in raw.decode().split("\r\n") if line)
    return {_SPELLING.get(name.lower(), name): value.removeprefix(" ") for name, _, value in pairs}


class FakeSwitch:
    """``async with FakeSwitch() as switch:`` then connect to ``127.0.0.1:switch.port``.

    ``answers``: by action name; change it at any time. ``asked``: every action received, in order. ``logins``: accepted
    connections that sent Login.
    """

    def __init__(self, greeting: bytes = b"Asterisk Call Manager/11.0.0\r\n") -> None:
        self.port = 0
        self.asked: list[Asked] = []
        self.connections = 0
        self.answers: dict[str, Answer] = {
            "Login": login,
            "Ping": lambda asked: message("Response: Success", f"ActionID: {asked['ActionID']}", "Ping: Pong"),
            "QueueStatus": listing("QueueStatusComplete"),
            "CoreShowChannels": listing("CoreShowChannelsComplete"),
        }
        self._greeting = greeting
        self._writers: set[asyncio.StreamWriter] = set()
        self._news = asyncio.Condition()

    async def __aenter__(self) -> FakeSwitch:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.close()
        self.cut()
        await self._server.wait_closed()
        await self._settled()

    def named(self, action: str) -> list[Asked]:
        """Every such action so far."""
        return [asked for asked in self.asked if asked.get("Action") == action]

    async def heard(self, action: str, times: int = 1) -> Asked:
        """Wait until the action has come so often; the last one."""
        async with asyncio.timeout(seconds(10)), self._news:
            await self._news.wait_for(lambda: len(self.named(action)) >= times)
        return self.named(action)[times - 1]

    async def send(self, data: bytes, cutter: Cutter | None = None) -> None:
        """To every client; each piece is read by the client on its own, for the loop turns between two of them."""
        for piece in cutter(data) if cutter else (data,):
            for writer in tuple(self._writers):
                writer.write(piece)
                await writer.drain()
            if cutter:
                await self._settled()

    def cut(self) -> None:
        """Close every connection."""
        for writer in tuple(self._writers):
            writer.close()

    @staticmethod
    async def _settled() -> None:
        for _ in range(3):
            await asyncio.sleep(0)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        writer.write(self._greeting)
        try:
            while True:
                raw = await reader.readuntil(b"\r\n\r\n")
                asked = _asked(raw)
                writer.write(self._answer_to(asked)(asked))
                await self._note(asked)
        except (asyncio.IncompleteReadError, OSError):
            return  # the client is gone
        finally:
            self._writers.discard(writer)
            writer.close()

    def _answer_to(self, asked: Asked) -> Answer:
        """Action names are in any case, as in Asterisk."""
        action = asked.get("Action", "").lower()
        return next((answer for name, answer in self.answers.items() if name.lower() == action), success)

    async def _note(self, asked: Asked) -> None:
        async with self._news:
            self.asked.append(asked)
            self._news.notify_all()
