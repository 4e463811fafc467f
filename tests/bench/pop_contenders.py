"""The two contenders of G3, each a process of its own: ours with everything behind it, and the straight pipe.

``python -m tests.bench.pop_contenders ours|pipe AMI_PORT AGENTS [DATABASE_URL FOLDER]``. Says one line of JSON on stdout when it
serves: where, and each agent's cookie. Ends when its stdin does.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

from aiohttp import web

from cti.monitor import Monitor
from cti.settings import AmiSettings
from cti.switch_time import SwitchTime
from services.clock import SystemClock
from services.store import db
from tests.harness.fake_switch import SECRET, USER
from tests.harness.office import QUEUE, office

FIRST = 2001
"""The first agent's extension."""


async def ours(port: int, agents: int, url: str, folder: str) -> None:
    """Monitor, journal, drain, pops, presence, board, websockets: the process as it runs, with a real database."""
    pool = await db.open_pool(url, size=10)
    clock = SystemClock()
    async with office(pool, clock, Path(folder)) as desk:
        tokens = {}
        for number in range(agents):
            extension = str(FIRST + number)
            tokens[extension] = await _token(desk, extension)
        settings = AmiSettings(host="127.0.0.1", port=port, user=USER, secret=SECRET, queues=(QUEUE,))
        monitor = Monitor(settings, desk.follow.on_change, SwitchTime(clock))
        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(monitor.run(), name="monitor")
            _say(desk.url, "/api/live", {ext: f"tingsu_session={token}" for ext, token in tokens.items()})
            await _stdin_ends()
            watching.cancel()
    await pool.close()


async def _token(desk, extension: str) -> str:  # type: ignore[no-untyped-def]
    """A session of the agent at the extension, hired if this is the first round."""
    login = f"a{extension}"
    person = await desk.pool.fetchval("select id from person where login = $1", login)
    if person is None:
        await desk.hire(login, extension=extension)
        return str(desk.tokens[login])
    async with db.transaction(desk.pool) as connection:
        return str(await desk.sessions.begin(connection, person))


async def pipe(port: int, agents: int) -> None:
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
    writer.write(f"Action: Login\r\nActionID: 1\r\nUsername: {USER}\r\nSecret: {SECRET}\r\n\r\n".encode())
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
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    name, ami_port, count, *rest = sys.argv[1:]
    asyncio.run(ours(int(ami_port), int(count), *rest) if name == "ours" else pipe(int(ami_port), int(count)))
