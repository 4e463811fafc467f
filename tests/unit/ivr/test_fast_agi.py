"""What panoramisk's own FastAGI makes of a real switch, and why ours is another: each fault on the library itself, or these tests
would be void one day. That ours has none of them: tests/unit/ivr/test_server.py and test_agi.py."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from panoramisk.fast_agi import Application, Request

from tests.harness import patience
from tests.harness.agi_peer import AgiPeer, header_block

PLAIN = """
from panoramisk.fast_agi import Application
async def serve(port):
    door = Application(loop=asyncio.get_running_loop())
    async with await asyncio.start_server(door.handler, "127.0.0.1", 0) as server:
        port.set_result(server.sockets[0].getsockname()[1])
        await server.serve_forever()
"""
OURS = """
from ivr.server import AgiServer
from ivr.settings import IvrSettings
async def serve(port):
    door = AgiServer(IvrSettings(port=0), {})
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(door.run(), name="door")
        await door.bound.wait()
        port.set_result(door.port)
"""
BEATING = """
import asyncio
async def main():
    port = asyncio.get_running_loop().create_future()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(serve(port), name="serve")
        print(await port, flush=True)
        while True:
            print("beat", flush=True)
            await asyncio.sleep(0.02)
asyncio.run(main())
"""
"""A door in a process of its own, and a sign of life from its event loop fifty times a second."""


class Door:
    """The child: ``port``, and its signs of life."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self.port = port
        self._process = process

    async def beats(self, times: int = 25) -> bool:
        """True once so many signs of life have come; False when half a second (or a patience) passes without one."""
        assert self._process.stdout
        try:
            for _ in range(times):
                async with asyncio.timeout(patience.seconds(0.5)):
                    await self._process.stdout.readline()
        except TimeoutError:
            return False
        return True


@asynccontextmanager
async def door(code: str) -> AsyncIterator[Door]:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code + BEATING, stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout
        yield Door(process, int(await process.stdout.readline()))
    finally:
        process.kill()  # a frozen loop hears no other signal
        await process.wait()


async def scan(port: int, opening: bytes) -> None:
    peer = await AgiPeer.connect(port, opening)
    peer.writer.close()
    await peer.writer.wait_closed()


@pytest.mark.parametrize("opening", [b"", header_block()[:100]], ids=["nothing", "half a header block"])
async def test_plain_panoramisk_is_frozen_for_ever_by_a_peer_that_connects_and_closes(opening: bytes) -> None:
    async with door(PLAIN) as plain:
        assert await plain.beats()
        await scan(plain.port, opening)
        assert not await plain.beats(500)


@pytest.mark.parametrize("opening", [b"", header_block()[:100]], ids=["nothing", "half a header block"])
async def test_our_door_is_not(opening: bytes) -> None:
    async with door(OURS) as ours:
        assert await ours.beats()
        await scan(ours.port, opening)
        assert await ours.beats()


@asynccontextmanager
async def script() -> AsyncIterator[tuple[Request, AgiPeer]]:
    """What a script of panoramisk's is handed, and the switch's side of it."""
    handed: asyncio.Future[Request] = asyncio.get_running_loop().create_future()
    over = asyncio.Event()

    async def reception(request: Request) -> None:
        handed.set_result(request)
        await over.wait()

    application = Application(loop=asyncio.get_running_loop())
    application.add_route("reception", reception)
    server = await asyncio.start_server(application.handler, "127.0.0.1", 0)
    peer = await AgiPeer.connect(server.sockets[0].getsockname()[1])
    try:
        yield await handed, peer
    finally:
        over.set()
        await peer.closed()
        server.close()
        await server.wait_closed()


async def test_plain_panoramisk_takes_a_hang_up_for_the_answer_and_every_answer_for_the_next() -> None:
    async with script() as (request, peer):
        await peer.send(b"HANGUP\n200 result=1\n200 result=2\n")
        assert (await request.send_command("FIRST"))["error"] == "AGIResultHangup"
        assert (await request.send_command("SECOND"))["result"] == ("1", "")


async def test_plain_panoramisk_reads_a_usage_text_as_the_answers_to_come() -> None:
    async with script() as (request, peer):
        await peer.send(b"520-Invalid command syntax.\nUsage: STREAM FILE\nSend the file.\n520 End of proper usage.\n")
        assert (await request.send_command("STREAM FILE"))["error"] == "AGIUsageError"
        with pytest.raises(ValueError):
            await request.send_command("ANSWER")


async def test_plain_panoramisk_does_not_tell_a_time_out_from_no_keys() -> None:
    async with script() as (request, peer):
        await peer.send(b"200 result= (timeout)\n200 result=\n")
        assert await request.send_command("GET DATA") == await request.send_command("GET DATA")


async def test_plain_panoramisk_swallows_the_cancellation_of_a_script() -> None:
    begun, application = asyncio.Event(), Application(loop=asyncio.get_running_loop())

    async def reception(request: Request) -> None:
        begun.set()
        await asyncio.Event().wait()

    async def attend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.set_result(asyncio.current_task())
        await application.handler(reader, writer)

    application.add_route("reception", reception)
    serving: asyncio.Future[asyncio.Task[None] | None] = asyncio.get_running_loop().create_future()
    server = await asyncio.start_server(attend, "127.0.0.1", 0)
    peer = await AgiPeer.connect(server.sockets[0].getsockname()[1])
    await begun.wait()
    task = await serving
    assert task
    task.cancel()
    await asyncio.wait([task])
    assert not task.cancelled()
    await peer.closed()
    server.close()
    await server.wait_closed()
