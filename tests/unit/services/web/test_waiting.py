from __future__ import annotations

import aiohttp

from services.web.security import Security
from services.web.server import bind, serving, waiting
from services.web.static import Desk


async def test_a_door_that_stands_by_says_so_to_everything_it_is_asked() -> None:
    listening = bind("127.0.0.1", 0)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    async with serving(waiting(Security(frozenset({url})), Desk(None)), listening.dup()), aiohttp.ClientSession(url) as http:
        async with http.get("/api/health") as answer:
            assert (answer.status, await answer.json()) == (503, {"ok": False, "state": "waiting"})
        for method, path in (("GET", "/api/me"), ("POST", "/api/login"), ("GET", "/api/live"), ("GET", "/api/no/such")):
            async with http.request(method, path) as answer:
                assert (answer.status, (await answer.json())["code"], answer.headers["Retry-After"]) == (503, "waiting", "2"), (
                    path
                )
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
        async with http.get("/") as answer:
            assert answer.status == 200
    listening.close()


async def test_the_door_serves_afterwards_on_the_same_socket() -> None:
    listening = bind("127.0.0.1", 0)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    app = waiting(Security(frozenset({url})), Desk(None))
    for _ in range(2):
        again = waiting(Security(frozenset({url})), Desk(None))
        async with serving(again, listening.dup()), aiohttp.ClientSession(url) as http, http.get("/api/health") as answer:
            assert answer.status == 503
    async with serving(app, listening), aiohttp.ClientSession(url) as http, http.get("/api/health") as answer:
        assert answer.status == 503
