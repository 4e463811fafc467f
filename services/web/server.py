"""Runs the HTTP server: one port, bounded in every direction, started and stopped as one part of the process."""

from __future__ import annotations

import contextlib
import secrets
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from services.errors import TingsuError, WorldFailed
from services.web.http import PERSON, REQUEST_ID, Links, Sessions, build
from services.web.problems import answer, problem_of, problem_of_http
from services.web.security import Security
from services.web.shapes import Health, Problem
from services.web.static import Desk
from services.words import reason, said

ALWAYS: web.AppKey[Mapping[str, str]] = web.AppKey("always")
"""What every answer carries, one to what is no HTTP too."""

log = structlog.get_logger(__name__)

Next = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds, each with its consequence: the connection is closed."""

    idle_s: float = 30.0  # between requests, and for the first request's headers: a slow sender holds a socket no longer
    line_bytes: int = 8_190
    headers: int = 100
    backlog: int = 256
    shutdown_s: float = 5.0  # requests in flight may finish


def application(
    sources: Sequence[object], sessions: Sessions, security: Security, desk: Desk, *, links: Links | None = None
) -> web.Application:
    """The whole door: routes, the desk's files, headers on every answer, errors mapped once, one log line per request.

    ``links``: who finds those that come by a link; None: nobody comes by one.
    """
    app = _with_headers(security)
    app.add_routes(build(sources, sessions, security, links))
    app.add_routes(desk.routes())
    return app


def waiting(security: Security, desk: Desk) -> web.Application:
    """The door of a backend that stands by: the desk's files, and one answer to everything else."""

    async def refuse(request: web.Request) -> web.StreamResponse:
        raise StandingBy

    async def health(request: web.Request) -> web.StreamResponse:
        return answer(503, Health(ok=False, state="waiting"))

    app = _with_headers(security)
    app.add_routes([web.get("/api/health", health), web.route("*", "/api/{rest:.*}", refuse), *desk.routes()])
    return app


class StandingBy(WorldFailed):
    """Another server leads; this one stands by and takes over when that one ends."""

    code = "waiting"


def _with_headers(security: Security) -> web.Application:
    app = web.Application(middlewares=[_outermost])
    headers = security.headers()
    app[ALWAYS] = {**headers, "Cache-Control": "no-store"}

    async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
        for name, value in headers.items():
            response.headers[name] = value
        if request.path.startswith("/api/"):
            response.headers.setdefault("Cache-Control", "no-store")
        response.headers["X-Request-Id"] = request.get(REQUEST_ID, "-")

    app.on_response_prepare.append(add_headers)
    return app


@web.middleware
async def _outermost(request: web.Request, handler: Next) -> web.StreamResponse:
    request[REQUEST_ID] = secrets.token_hex(8)
    began = time.monotonic()
    response = await _answered(request, handler)
    _log_access(request, response.status, time.monotonic() - began)
    return response


async def _answered(request: web.Request, handler: Next) -> web.StreamResponse:
    try:
        return await handler(request)
    except TingsuError as error:
        return problem_of(error)
    except web.HTTPException as error:
        return problem_of_http(error)
    except ConnectionResetError:
        raise  # the browser went away in the middle of an answer
    except Exception as error:  # the last line of defence: a 500 without a word of what happened, and all of it in the log
        log.error("http.failed", request=request[REQUEST_ID], route=_route_of(request), error=type(error).__name__, exc_info=True)
        return answer(500, Problem(code="failed", message="something went wrong here; the log knows more", fields=[]))


def _route_of(request: web.Request) -> str:
    """The route's template, for the log: a path may hold a number, and a query anything."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else "-"


def _log_access(request: web.Request, status: int, took_s: float) -> None:
    log.info(
        "http.answered",
        request=request[REQUEST_ID],
        method=request.method,
        route=_route_of(request),
        status=status,
        ms=round(took_s * 1000, 1),
        person=request.get(PERSON),
    )


@contextlib.asynccontextmanager
async def serving(app: web.Application, listening: socket.socket, limits: Limits = Limits()) -> AsyncIterator[None]:  # frozen
    """Serve on a bound socket for as long as the block lasts, then let requests finish within ``limits.shutdown_s``."""
    runner = _Runner(
        app,
        handle_signals=False,
        access_log=None,
        keepalive_timeout=limits.idle_s,
        max_line_size=limits.line_bytes,
        max_field_size=limits.line_bytes,
        max_headers=limits.headers,
        auto_decompress=False,  # a compressed body is refused (reading.py): no bomb is ever unpacked
        lingering_time=2.0,
        shutdown_timeout=limits.shutdown_s,
    )
    await runner.setup()
    try:
        await web.SockSite(runner, listening, backlog=limits.backlog).start()
        yield
    finally:
        await runner.cleanup()


class _Line(RequestHandler):
    """One connection. What is no HTTP never reaches a route: aiohttp answers it, and would say what runs here."""

    __slots__ = ("_always",)

    def __init__(self, manager: _Lines, **options: Any) -> None:
        super().__init__(manager, **options)
        self._always = manager.always

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        super().handle_error(request, status, exc, message)  # for its log line; raises when something has been sent already
        code, told = ("failed", "something went wrong here") if status >= 500 else ("bad_request", "this is no request")
        response = answer(status, Problem(code=code, message=told))
        response.headers.update(self._always)
        response.force_close()
        return response


class _Lines(web.Server):
    """``always``: the headers of every answer."""

    def __init__(self, like: web.Server, always: Mapping[str, str]) -> None:
        super().__init__(like.request_handler, request_factory=like.request_factory, loop=like._loop, **like._kwargs)
        self.always = always

    def __call__(self) -> _Line:
        return _Line(self, loop=self._loop, **self._kwargs)


class _Runner(web.AppRunner):
    async def _make_server(self) -> web.Server:
        return _Lines(await super()._make_server(), self.app.get(ALWAYS, {}))


class PortTaken(WorldFailed):
    """The port cannot be listened on."""

    code = "port_taken"


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 asks the machine for a free one (``bound.getsockname()[1]``). Raises PortTaken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise PortTaken(
            said("cannot listen on {host}:{port} ([web] host and port): {why}", host=host, port=port, why=reason(error))
        ) from None
    bound.setblocking(False)
    return bound
