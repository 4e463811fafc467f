"""The peer of G3, a process of its own: ``python -m tests.bench.straight_pipe AMI_PORT``.

Says one line of JSON on stdout when it serves: where. Ends when its stdin does.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys

from aiohttp import web


async def pipe(port: int) -> None:
    """The least there can be: a stream of bytes, the one event, a dictionary, a frame. No state, no database, no session."""
    sockets: dict[str, web.WebSocketResponse] = {}

    async def accept(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        sockets[request.query["extension"]] = socket
        async for _ in socket:
            pass
        return socket

    app = web.Application()
    app.add_routes([web.get("/", accept)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    where = runner.addresses[0]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"Action: Login\r\nActionID: 1\r\nUsername: bench\r\nSecret: bench\r\n\r\n")
    async with asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(_pump(reader, sockets), name="pump")
        _say(f"http://{where[0]}:{where[1]}", "/", {})
        await _stdin_ends()
        reading.cancel()
    writer.close()
    await runner.cleanup()


async def _pump(reader: asyncio.StreamReader, sockets: dict[str, web.WebSocketResponse]) -> None:
    while True:
        message = await reader.readuntil(b"\r\n\r\n")
        if message.startswith(b"Event: AgentCalled"):
            fields = dict(line.split(": ", 1) for line in message.decode().split("\r\n") if ": " in line)
            extension = fields["Interface"].removeprefix("PJSIP/")
            card = {"type": "pop", "call_id": fields["Linkedid"], "number": fields["CallerIDNum"], "name": fields["CallerIDName"]}
            await sockets[extension].send_str(json.dumps(card))


def _say(url: str, path: str, cookies: dict[str, str]) -> None:
    print(json.dumps({"url": url, "path": path, "cookies": cookies}), flush=True)


async def _stdin_ends() -> None:
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    os.sched_setaffinity(0, {(os.cpu_count() or 1) - 1})
    asyncio.run(pipe(int(sys.argv[1])))
