"""One person at the desk's HTTP door: what the browser does, without the browser."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, Self, cast

import aiohttp

LIMIT = 20.0  # s for an answer
POLL = 0.2  # s between two looks at something that takes its time


class Refusal(Exception):
    """The server said no: HTTP status and the problem's code."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code


class Desk:
    """A session of one person. ``async with await Desk.log_in(url, login, password) as desk``."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._http = aiohttp.ClientSession(
            base_url=url,
            cookie_jar=aiohttp.CookieJar(unsafe=True),  # the demonstration's host is an address, not a name
            headers={"Origin": url},
            timeout=aiohttp.ClientTimeout(total=LIMIT),
        )
        self.me: dict[str, Any] = {}

    @classmethod
    async def log_in(cls, url: str, login: str, password: str) -> Self:
        """Raises Refusal."""
        desk = cls(url)
        try:
            desk.me = await desk.post("/api/login", login=login, password=password)
        except BaseException:
            await desk.close()
            raise
        return desk

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.close()

    async def get(self, path: str, **query: str | int) -> Any:
        return await self._ask("GET", path, params={name: str(value) for name, value in query.items()})

    async def post(self, path: str, **body: Any) -> Any:
        return await self._ask("POST", path, json=body)

    async def put(self, path: str, **body: Any) -> Any:
        return await self._ask("PUT", path, json=body)

    async def patch(self, path: str, **body: Any) -> Any:
        return await self._ask("PATCH", path, json=body)

    async def import_customers(self, content: bytes) -> dict[str, Any]:
        """A file by its titles, until it is in the table. Raises Refusal."""
        job = await self._ask("POST", "/api/customer-imports", data=content)
        if job["look"]:
            job = await self.post(f"/api/customer-imports/{job['id']}/start", columns=job["look"]["columns"], write=True)
        while job["state"] in ("waiting", "reading", "writing"):
            await asyncio.sleep(POLL)
            job = await self.get(f"/api/customer-imports/{job['id']}")
        if not job["written"]:
            raise Refusal(409, job["state"], job["refusal"])
        return cast(dict[str, Any], job)

    async def download(self, path: str) -> bytes:
        """A file, such as a recording. Raises Refusal."""
        async with self._http.get(path) as answer:
            if answer.status >= 400:
                raise Refusal(answer.status, "?", "")
            return await answer.read()

    async def _ask(self, method: str, path: str, **how: Any) -> Any:
        async with self._http.request(method, path, **how) as answer:
            if answer.status == 204:
                return None
            said = await answer.json(content_type=None)
            if answer.status >= 400:
                raise Refusal(answer.status, said.get("code", "?"), said.get("message", ""))
            return said

    @contextlib.asynccontextmanager
    async def live(self, since: int = 0) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """The websocket, resumed after message ``since``."""
        async with self._http.ws_connect("/api/live", heartbeat=LIMIT) as socket:
            await socket.send_json({"type": "resume", "since": since})
            yield socket
