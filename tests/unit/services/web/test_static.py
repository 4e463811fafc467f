from __future__ import annotations

import gzip
import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

from services.web.server import bind, serving
from services.web.static import FOR_EVER, NO_DESK, Desk


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[aiohttp.ClientSession]:
    """A built desk, and a secret beside it that links point to."""
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<h1>听诉</h1>")
    (folder / "assets" / "index-Ab12Cd34.js").write_text("run()")
    (folder / "assets" / "index-Ab12Cd34.js.gz").write_bytes(gzip.compress(b"run()"))
    (tmp_path / "secret.txt").write_text("geheim")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    app = web.Application()
    app.add_routes(Desk(folder).routes())
    listening = bind("127.0.0.1", 0)
    async with serving(app, listening), aiohttp.ClientSession(f"http://127.0.0.1:{listening.getsockname()[1]}") as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/tickets/12", "/index.html"])
async def test_a_page_of_the_desk_is_the_desk(desk: aiohttp.ClientSession, path: str) -> None:
    async with desk.get(path) as answer:
        assert await answer.text() == "<h1>听诉</h1>"
        assert answer.headers["Cache-Control"] == "no-cache"


async def test_a_file_with_a_hash_is_kept_for_ever_and_sent_compressed(desk: aiohttp.ClientSession) -> None:
    async with desk.get("/assets/index-Ab12Cd34.js") as answer:
        assert await answer.text() == "run()"
        assert answer.headers["Content-Encoding"] == "gzip"
        assert answer.headers["Cache-Control"] == FOR_EVER
        assert answer.content_type == "text/javascript"
        etag = answer.headers["ETag"]
    async with desk.get("/assets/index-Ab12Cd34.js", headers={"If-None-Match": etag}) as answer:
        assert answer.status == 304


@pytest.mark.parametrize("path", ["/link.txt", "/missing.js", "/assets/missing.css", "/api", "/api/x", "/..%2fsecret.txt"])
async def test_nothing_else_is_there(desk: aiohttp.ClientSession, path: str) -> None:
    async with desk.get(path) as answer:
        assert answer.status == 404
        assert "geheim" not in await answer.text()


def test_what_builds_a_missing_desk_is_there_to_be_made() -> None:
    (target,) = re.findall(r"`make (\w+)`", NO_DESK)
    assert f"\n{target}:" in (Path(__file__).parents[4] / "Makefile").read_text()
