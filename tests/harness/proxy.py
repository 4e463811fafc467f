"""Stands as a TCP door in front of another one, with faults on demand: late, cut, reset, half-open, or in pieces of any size.

For the links that must survive them: AMI above all. Faults may be switched while connections are open.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import TracebackType

Cutter = Callable[[bytes], Iterator[bytes]]

_RST = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 s: close() sends RST, not FIN
_READ = 65_536
_APART = 0.004  # seconds between two pieces, so that the reader sees each alone and not the kernel's sum of them


def whole(data: bytes) -> Iterator[bytes]:
    """As it came."""
    yield data


def one_byte_each(data: bytes) -> Iterator[bytes]:
    """The finest cut there is."""
    for n in range(len(data)):
        yield data[n : n + 1]


def inside_characters(data: bytes) -> Iterator[bytes]:
    """A cut after the first byte of every UTF-8 character that has more than one."""
    start = 0
    for n, byte in enumerate(data):
        if byte >= 0xC0:  # the first byte of two, three or four
            yield data[start : n + 1]
            start = n + 1
    if start < len(data):
        yield data[start:]


class _Pair:
    """One client's connection and ours onward."""

    def __init__(self, near: asyncio.StreamWriter, far: asyncio.StreamWriter) -> None:
        self.near, self.far = near, far

    def close(self) -> None:
        for writer in (self.near, self.far):
            writer.close()

    def reset(self) -> None:
        for writer in (self.near, self.far):
            sock: socket.socket = writer.get_extra_info("socket")
            with suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST)
            writer.transport.abort()


class Proxy:
    """``async with Proxy(port) as door:`` then connect to ``127.0.0.1:door.port``.

    ``delay``: seconds each piece is late, both ways. ``cutter``: how bytes towards the client are cut. ``refusing``: new
    connections are closed at once. ``accepted``: connections so far. ``split``: pieces sent so far.
    """

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self._to = (host, port)
        self._pairs: set[_Pair] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self.delay = 0.0
        self.cutter: Cutter = whole
        self.refusing = False
        self.accepted = 0
        self.split = 0
        self.port = 0

    async def __aenter__(self) -> Proxy:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._flowing.set()
        self._server.close()
        self.cut()
        await self._server.wait_closed()

    @property
    def connected(self) -> int:
        """Connections open now."""
        return len(self._pairs)

    def cut(self) -> None:
        """Close every connection in good order (FIN)."""
        for pair in self._pairs:
            pair.close()

    def reset(self) -> None:
        """Break every connection (RST), as a crashed peer's kernel does."""
        for pair in self._pairs:
            pair.reset()

    def freeze(self) -> None:
        """Half-open: connections stay, nothing passes, as with a pulled cable."""
        self._flowing.clear()

    def thaw(self) -> None:
        """What was held back passes on."""
        self._flowing.set()

    async def _accept(self, near_reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        self.accepted += 1
        try:
            if self.refusing:
                raise ConnectionRefusedError
            far_reader, far = await asyncio.open_connection(*self._to)
        except OSError:
            near.close()
            return
        for writer in (near, far):
            writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pair = _Pair(near, far)
        self._pairs.add(pair)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pump(far_reader, near, self._cut_up), name="proxy: to the client")
                both.create_task(self._pump(near_reader, far, whole), name="proxy: from the client")
        except* OSError:
            pass  # a broken connection is what this proxy is for
        finally:
            self._pairs.discard(pair)
            pair.close()

    def _cut_up(self, data: bytes) -> Iterator[bytes]:
        for piece in self.cutter(data):
            self.split += 1
            yield piece

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, cutter: Cutter) -> None:
        """Until either end is gone; then the other direction ends too, for AMI and HTTP know no half-closed talk."""
        while data := await reader.read(_READ):
            for n, piece in enumerate(cutter(data)):
                await self._flowing.wait()
                if self.delay or n:
                    await asyncio.sleep(self.delay or _APART)
                writer.write(piece)
                await writer.drain()
        raise ConnectionAbortedError
