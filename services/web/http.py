"""Typed routes: a decorated method is the route, its signature the description, ``build`` the one place that enforces both.

    class LexiconRoutes:
        def __init__(self, lexicon: Lexicon) -> None: ...

        @route("GET", "/api/lexicon", right=Right.LEXICON_READ)
        async def show(self, asked: Asked) -> wire.Lexicon:
            \"\"\"All classes and terms (SPEC S2, S3).\"\"\"

        @route("PATCH", "/api/tickets/{ticket_id}", right=Right.TICKETS_WRITE, raises=(Conflict,))
        async def change(self, asked: Asked, ticket_id: Id, body: wire.TicketPatch) -> wire.Ticket: ...

A parameter named like a part of the path is that part; ``query`` is a model of the query string; ``body`` a model of the JSON
body; the answer is what is returned (``None``: 204; a ``web.StreamResponse`` with ``produces=``: sent as it is). For every
route, in this order: origin, session, right, path and query, body. Errors are raised as ``services.errors`` and become HTTP
in ``problems``. What of a customer's data is hidden from who asks is masked here, in every answer but that of a route which is
``in_clear``.
"""

from __future__ import annotations

import asyncio
import inspect
import typing
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Any, Protocol, TypeVar

from aiohttp import web
from multidict import CIMultiDict
from pydantic import BaseModel, TypeAdapter

from services.access import masks
from services.access.actor import LoggedIn
from services.access.masks import CLEAR, Personal
from services.access.rights import Right
from services.errors import DatabaseAway, Forbidden, NotLoggedIn, TingsuError, WorldFailed
from services.web.problems import MustChangePassword
from services.web.reading import read_body, read_path, read_query
from services.web.security import Security

REQUEST_ID = web.RequestKey("id", str)
PERSON = web.RequestKey("person", int)
PART = 64 * 1024  # bytes
BODY_LIMIT = 256 * 1024  # bytes; a ticket with the longest texts, escaped, is half of it
AWAY_S = 2.0  # one whose network is cut refuses nothing, it never answers: where we can do without the database we wait no longer
LINK_HEADER = "Tingsu-Link"
"""The token of a link to one order, in place of a session's cookie: other sites' pages cannot send it, and no log has it."""

STRANGERS_BODY = 4 * 1024  # bytes; from who is not logged in: the longest login and password, all of it escaped


Streamed = web.StreamResponse
"""An answer that is sent as it is, not as JSON."""


class Door(Enum):
    """Who gets in without a right: given instead of one."""

    PUBLIC = "nobody need be logged in"
    LOGGED_IN = "anybody who is logged in"


@dataclass(slots=True)
class Asked:
    """One request, as handlers see it. ``answer_headers`` go onto the answer; ``id`` is the request's id in the log."""

    request: web.Request
    id: str
    who: LoggedIn | None
    peer: str
    answer_headers: CIMultiDict[str] = field(default_factory=CIMultiDict)

    async def parts(self) -> AsyncIterator[bytes]:
        """A body that is no JSON, in pieces of PART bytes, as it comes."""
        async for part in self.request.content.iter_chunked(PART):
            yield part

    @property
    def by(self) -> LoggedIn:
        """The person who asks; only a PUBLIC route can meet nobody."""
        if self.who is None:
            raise NotLoggedIn
        return self.who


@dataclass(frozen=True)
class Route:
    """What the decorator was told and what the signature says."""

    method: str
    path: str
    rights: frozenset[Right] | Door
    call: Callable[..., Awaitable[Any]]
    status: int
    raises: tuple[type[TingsuError], ...]
    produces: tuple[str, ...]
    websocket: bool
    body_limit: int
    before_password_change: bool
    long_answer: bool
    without_database: bool
    in_clear: bool

    @property
    def name(self) -> str:
        """Unique among all routes: the OpenAPI operationId."""
        return self.call.__qualname__.replace("Routes.", "_").replace(".", "_").lower()

    @cached_property
    def hints(self) -> dict[str, Any]:
        return typing.get_type_hints(self.call, include_extras=True)

    @cached_property
    def body(self) -> type[BaseModel] | None:
        return self.hints.get("body")

    @cached_property
    def query(self) -> type[BaseModel] | None:
        return self.hints.get("query")

    @cached_property
    def path_kinds(self) -> dict[str, TypeAdapter[Any]]:
        names = [part[1:-1] for part in self.path.split("/") if part.startswith("{")]
        return {name: TypeAdapter(self.hints[name]) for name in names}

    @cached_property
    def answer(self) -> TypeAdapter[Any] | None:
        """None for nothing (204) and for what is not JSON."""
        kind = self.hints["return"]
        if kind is type(None) or (inspect.isclass(kind) and issubclass(kind, web.StreamResponse)):
            return None
        return TypeAdapter(kind)

    @property
    def tag(self) -> str:
        return self.path.split("/")[2]


Handler = TypeVar("Handler", bound=Callable[..., Awaitable[Any]])


def route(
    method: str,
    path: str,
    *,
    right: Right | Iterable[Right] | Door,
    status: int = 200,
    raises: Iterable[type[TingsuError]] = (),
    produces: str | tuple[str, ...] = "application/json",
    websocket: bool = False,
    body_limit: int | None = None,
    before_password_change: bool = False,
    long_answer: bool = False,
    without_database: bool = False,
    in_clear: bool = False,
) -> Callable[[Handler], Handler]:
    """Make a method a route. ``right``: any one of several opens it. ``raises``: its own errors, beside those every route has.

    ``body_limit``: bytes; without it BODY_LIMIT, and from strangers a little only. ``long_answer``: thousands of rows are made
    into text beside the loop (rows.py). ``without_database``: it opens while the database is away too, to sessions that are
    remembered. ``in_clear``: it has decided itself who reads personal data of it, or has none.
    """

    def mark(call: Handler) -> Handler:
        rights = right if isinstance(right, Door) else frozenset({right} if isinstance(right, Right) else right)
        most = body_limit or (STRANGERS_BODY if right is Door.PUBLIC else BODY_LIMIT)
        kinds = (produces,) if isinstance(produces, str) else produces
        options = (status, tuple(raises), kinds, websocket, most, before_password_change, long_answer, without_database, in_clear)
        call.__route__ = Route(method, path, rights, call, *options)  # type: ignore[attr-defined]
        return call

    return mark


def routes_of(source: object) -> list[Route]:
    """The routes of a class (or of an instance's class), in the order written."""
    kind = source if inspect.isclass(source) else type(source)
    return [found for member in list(vars(kind).values()) if isinstance(found := getattr(member, "__route__", None), Route)]


class Links(Protocol):
    """Finds who comes by a link. Raises what there is to say of one that opens nothing."""

    async def who(self, token: str, *, peer: str) -> LoggedIn: ...


class Sessions(Protocol):
    """Finds the person behind a cookie's token; None if there is nobody."""

    async def who(self, token: str) -> LoggedIn | None: ...
    def remembered(self, token: str) -> LoggedIn | None:
        """The same from memory, while the database is away."""


def build(sources: Sequence[object], sessions: Sessions, security: Security, links: Links | None = None) -> list[web.RouteDef]:
    """aiohttp's routes for the instances of route classes."""
    found = []
    for source in sources:
        for one in routes_of(source):
            found.append(web.route(one.method, one.path, _Enforced(one, source, sessions, security, links).handle))
    return found


@dataclass(frozen=True, slots=True)
class _Enforced:
    """One route with its instance: the checks in their order, then the call."""

    route: Route
    source: object
    sessions: Sessions
    security: Security
    links: Links | None

    async def handle(self, request: web.Request) -> web.StreamResponse:
        route = self.route
        self.security.check_origin(request, websocket=route.websocket)
        asked = Asked(request, request[REQUEST_ID], None, self.security.peer_of(request))
        if route.rights is not Door.PUBLIC:
            asked.who = await self._admit(request)
        arguments = read_path(request, route.path_kinds)
        if route.query:
            arguments["query"] = read_query(request, route.query)
        if route.body:
            arguments["body"] = await read_body(request, route.body, route.body_limit)
        result = await route.call(self.source, asked, **arguments)
        return await self._answer(asked, result)

    async def _admit(self, request: web.Request) -> LoggedIn:
        who = await self._who_asks(request)
        if who is None:
            raise NotLoggedIn
        request[PERSON] = who.id
        if who.person.must_change and not self.route.before_password_change:
            raise MustChangePassword
        if not (who.may(*self.route.rights) if isinstance(self.route.rights, frozenset) else who.order is None):
            raise Forbidden  # who came by a link is not logged in
        return who

    async def _who_asks(self, request: web.Request) -> LoggedIn | None:
        if self.links is not None and (link := request.headers.get(LINK_HEADER)):
            return await self.links.who(link, peer=self.security.peer_of(request))
        token = request.cookies.get(self.security.cookie, "")
        return await self._who(token) if token else None

    async def _who(self, token: str) -> LoggedIn | None:
        if not self.route.without_database:
            return await self.sessions.who(token)
        try:
            async with asyncio.timeout(AWAY_S):
                return await self.sessions.who(token)
        except WorldFailed as away:
            return self._remembered(token, away)
        except TimeoutError:
            return self._remembered(token, DatabaseAway())

    def _remembered(self, token: str, away: WorldFailed) -> LoggedIn:
        who = self.sessions.remembered(token)
        if who is None:
            raise away
        return who

    async def _answer(self, asked: Asked, result: Any) -> web.StreamResponse:
        if isinstance(result, web.StreamResponse):
            return result
        if self.route.answer is None:
            return web.Response(status=204, headers=asked.answer_headers)
        dump = self.route.answer.dump_json
        hidden = CLEAR if self.route.in_clear else masks.hidden_from(asked.who)
        if hidden:
            body = await asyncio.to_thread(self._masked, self.route.answer, result, hidden)
        else:
            body = await asyncio.to_thread(dump, result) if self.route.long_answer else dump(result)
        return web.Response(status=self.route.status, body=body, content_type="application/json", headers=asked.answer_headers)

    @staticmethod
    def _masked(answer: TypeAdapter[Any], result: Any, hidden: frozenset[Personal]) -> bytes:
        """Fields by their shapes first, then whatever is left in texts; a text at a time, so that others get their turn."""
        return masks.everywhere(answer.dump_json(result, context=hidden).decode()).encode()
