"""Asterisk's side of a FastAGI connection, for tests of the IVR without a switch. Nothing is played: time does not pass.

It answers as Asterisk 22.10.1 does (tried against the real one): result=-1 for a missing file as well as for a hang-up,
CHANNEL STATUS to tell the two apart, the HANGUP line twice and out of order, 511 on a dead channel.
"""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.harness.patience import seconds

UNIQUEID = "tingsu-1795473950.39"
HEADERS: Mapping[str, str] = {
    "network": "yes",
    "network_script": "reception",
    "request": "agi://127.0.0.1:4573/reception",
    "channel": "PJSIP/anonymous-0000000a",
    "language": "zh-CN",
    "type": "PJSIP",
    "uniqueid": UNIQUEID,
    "version": "22.10.1",
    "callerid": "13800138000",
    "calleridname": "王小明",
    "callingpres": "0",
    "callingani2": "0",
    "callington": "0",
    "callingtns": "0",
    "dnid": "10000",
    "rdnis": "unknown",
    "context": "reception",
    "extension": "s",
    "priority": "9",
    "enhanced": "0.0",
    "accountcode": "",
    "threadid": "140412145284800",
}


def header_block(token: str = "", **changed: str) -> bytes:
    """The block that opens a connection; keyword arguments replace or add headers (without their ``agi_``)."""
    arguments = {"arg_1": token} if token else {}
    headers = {**HEADERS, **arguments, **changed}
    return "".join(f"agi_{name}: {value}\n" for name, value in headers.items()).encode() + b"\n"


@dataclass
class AgiPeer:
    """One caller's channel. ``said`` are the files played, ``variables`` what was set, ``limits`` each TIMEOUT(absolute)."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    said: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    limits: list[int] = field(default_factory=list)
    commands: list[list[str]] = field(default_factory=list)
    missing: frozenset[str] = frozenset()
    alive: bool = True

    @classmethod
    async def connect(cls, port: int, opening: bytes | None = None) -> AgiPeer:
        """Call the door and send ``opening`` (the usual header block without a token if None)."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        peer = cls(reader, writer)
        await peer.send(header_block() if opening is None else opening)
        return peer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def closed(self, limit: float = 10.0) -> bytes:
        """Wait until the server has closed; what it still sent before."""
        async with asyncio.timeout(seconds(limit)):
            try:
                rest = await self.reader.read()
            except ConnectionResetError:
                rest = b""
        self.writer.close()
        return rest

    async def command(self) -> list[str] | None:
        """The next command's words (two-word names are two words); None once the server has closed."""
        line = (await self.reader.readline()).decode()
        words = shlex.split(line)
        if words:
            self.commands.append(words)
        return words or None

    async def walk(self, *keys: str | None, hang_up_at: int | None = None) -> None:
        """Answer every command until the server closes. ``keys``: what is pressed during each prompt that can be stopped.

        ``hang_up_at``: the caller leaves while the prompt of that number (from 0) is played.
        """
        pressed = iter(keys)
        while words := await self.command():
            plays = words[0] in ("STREAM", "GET")
            if plays and len(self.said) == hang_up_at:
                self.said.append(words[2])
                return await self._leave()
            await self.send(self._answer(words, pressed) + b"\n")
        self.writer.close()
        return None

    async def _leave(self) -> None:
        """As Asterisk does with AGIEXITONHANGUP: the running command fails, HANGUP is said, the connection ends."""
        await self.send(b"200 result=-1 endpos=800\nHANGUP\nHANGUP\n")
        self.writer.close()

    def _answer(self, words: list[str], pressed: object) -> bytes:
        match words:
            case ["SET", "VARIABLE", "TIMEOUT(absolute)", value]:
                self.limits.append(int(value))
                return b"200 result=1"
            case ["SET", "VARIABLE", name, value]:
                self.variables[name] = value
                return b"200 result=1"
            case ["CHANNEL", "STATUS"]:
                return b"200 result=6"
            case ["STREAM" | "GET", "FILE" | "OPTION", path, escape, *_]:
                return self._play(path, escape, pressed)
            case _:
                return b"510 Invalid or unknown command"

    def _play(self, path: str, escape: str, pressed: object) -> bytes:
        self.said.append(path.rpartition("/")[2])
        if self.said[-1] in self.missing:
            return b"200 result=-1 endpos=0"
        key = next(pressed, None) if escape else None  # type: ignore[call-overload]
        return f"200 result={ord(key) if key else 0} endpos=800".encode()
