from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from services.web.http import REQUEST_ID, Asked
from services.web.problems import RangeNotSatisfiable
from services.web.ranges import Content, parse_range, send
from services.web.server import bind, serving

BYTES = bytes(range(100))


@pytest.mark.parametrize(
    ("header", "part"),
    [
        (None, None),
        ("bytes=0-", (0, 100)),
        ("bytes=0-0", (0, 1)),
        ("bytes=90-200", (90, 100)),
        ("bytes=-10", (90, 100)),
        ("bytes=-1000", (0, 100)),
        (" bytes=5-9 ", (5, 10)),
    ],
)
def test_one_range_is_understood(header: str | None, part: tuple[int, int] | None) -> None:
    assert parse_range(header, 100) == part


@pytest.mark.parametrize(
    "header",
    ["bytes=100-", "bytes=-", "bytes=-0", "bytes=9-5", "bytes=0-1,5-6", "lines=1-2", "bytes=a-b", "bytes=" + "9" * 40 + "-", ""],
)
def test_anything_else_is_not_satisfiable(header: str) -> None:
    with pytest.raises(RangeNotSatisfiable):
        parse_range(header, 100)


async def read(start: int, end: int) -> AsyncIterator[bytes]:
    for at in range(start, end, 30):
        yield BYTES[at : min(end, at + 30)]


@pytest.mark.parametrize(
    ("headers", "status", "body"),
    [
        ({}, 200, BYTES),
        ({"Range": "bytes=10-49"}, 206, BYTES[10:50]),
        ({"Range": "bytes=10-49", "If-Range": '"v1"'}, 206, BYTES[10:50]),
        ({"Range": "bytes=10-49", "If-Range": '"old"'}, 200, BYTES),
        ({"If-None-Match": '"v1"'}, 304, b""),
    ],
)
async def test_the_bytes_asked_for_are_sent(headers: dict[str, str], status: int, body: bytes) -> None:
    async def handle(request: web.Request) -> web.StreamResponse:
        request[REQUEST_ID] = "x"
        return await send(Asked(request, "x", None, ""), Content(size=100, content_type="audio/flac", etag="v1", read=read))

    app = web.Application()
    app.router.add_get("/", handle)
    listening = bind("127.0.0.1", 0)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
    async with serving(app, listening), aiohttp.ClientSession() as client, client.get(url, headers=headers) as answer:
        assert (answer.status, await answer.read()) == (status, body)
        assert answer.headers.get("Content-Range") == ("bytes 10-49/100" if status == 206 else None)
