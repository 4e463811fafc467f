"""The peer of G14, a process of its own: ``python -m tests.bench.bare_handler DATABASE_URL``.

An aiohttp handler that runs statements on an asyncpg pool and answers with their rows as JSON: no session, no rights, no shapes.
The first line of stdin is what it runs, pickled: name to statements with their values. Says one line of JSON when it serves, and
ends when stdin does.
"""

from __future__ import annotations

import asyncio
import datetime
import json
import os
import pickle
import sys
from typing import Any

import asyncpg
from aiohttp import web

WRITES = {
    "create": (
        "insert into ticket (state, description, received_at, changed_at, kind) values ('draft', $1, now(), now(), 'complaint')"
        " returning id",
        "insert into ticket_journal (ticket_id, seq, at, action, changes) values ($1, 1, now(), 'create', '{}')",
    ),
}


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime.datetime) else str(value)


async def serve(url: str) -> None:
    """Reads are ``GET /name``, in one transaction each, as ours are; writes ``POST /create``."""
    wanted: dict[str, list[tuple[str, list[Any]]]] = pickle.loads(bytes.fromhex(sys.stdin.readline()))
    pool = await asyncpg.create_pool(url, min_size=1, max_size=10)

    async def read(request: web.Request) -> web.Response:
        async with pool.acquire() as taken, taken.transaction():
            rows = [await taken.fetch(sql, *values) for sql, values in wanted[request.match_info["name"]]]
        return web.Response(
            text=json.dumps([[dict(row) for row in each] for each in rows], default=_plain), content_type="application/json"
        )

    async def create(request: web.Request) -> web.Response:
        body = await request.json()
        ticket, journal = WRITES["create"]
        async with pool.acquire() as taken, taken.transaction():
            number = await taken.fetchval(ticket, body["fields"]["description"])
            await taken.execute(journal, number)
        return web.json_response({"id": number}, status=201)

    app = web.Application()
    app.add_routes([web.get("/{name}", read), web.post("/create", create)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    where = runner.addresses[0]
    print(json.dumps({"url": f"http://{where[0]}:{where[1]}"}), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()
    await pool.close()


if __name__ == "__main__":
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    asyncio.run(serve(sys.argv[1]))
