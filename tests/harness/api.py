"""The HTTP door on a real port and a real database, with one account of each role, and a browser-like client."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
import argon2

from services.clock import Clock
from services.customers.actions import Customers
from services.people.actions import People
from services.people.model import Person
from services.people.passwords import Passwords
from services.people.rights import Role
from services.people.sessions import SessionLimits, Sessions
from services.people.store import NewPerson
from services.people.throttle import ThrottleLimits
from services.store import db
from services.web import schemas
from services.web.all_routes import route_classes
from services.web.audit import AuditRoutes
from services.web.customers import CustomerRoutes
from services.web.openapi import document
from services.web.people import PeopleRoutes
from services.web.security import Security, origins_for
from services.web.server import Limits, application, bind, serving
from services.web.session import SessionRoutes
from services.web.static import Desk
from services.web.system import SystemRoutes

PASSWORD = "correct horse battery"
CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=64)
"""A hash of a tenth of a millisecond: what argon2 costs is not what these tests are about."""


@dataclass(slots=True)
class Api:
    """A served API. ``accounts`` maps each role to a person whose password is PASSWORD."""

    url: str
    pool: db.Pool
    people: People
    accounts: dict[Role, Person]

    @contextlib.asynccontextmanager
    async def client(self, login: str | None = None, password: str = PASSWORD) -> AsyncIterator[aiohttp.ClientSession]:
        """A browser of its own; logged in if a login is given."""
        jar = aiohttp.CookieJar(unsafe=True)  # unsafe: cookies for an address without a name
        async with aiohttp.ClientSession(self.url, cookie_jar=jar, headers={"Origin": self.url}) as session:
            if login:
                async with session.post("/api/login", json={"login": login, "password": password}) as answer:
                    assert answer.status == 200, await answer.text()
            yield session

    def as_role(self, role: Role) -> contextlib.AbstractAsyncContextManager[aiohttp.ClientSession]:
        return self.client(self.accounts[role].login)


Extra = Callable[[db.Pool, People], Sequence[object]]


def no_extra(_: db.Pool, __: People) -> Sequence[object]:
    """Only the routes of accounts, customers, audit and system."""
    return ()


@contextlib.asynccontextmanager
async def serve(
    pool: db.Pool, clock: Clock, *, extra: Extra = no_extra, throttle: ThrottleLimits | None = None, limits: Limits | None = None
) -> AsyncIterator[Api]:
    """``extra`` makes the instances of further route classes."""
    people = People(pool, clock, Sessions(pool, clock, SessionLimits()), Passwords(CHEAP), throttle or ThrottleLimits())
    accounts = {
        role: await people.create(
            NewPerson(login=role.replace("_", "-"), name=f"{role} 测", role=role, extension=extension),
            PASSWORD,
            by=None,
            must_change=False,
        )
        for role, extension in ((Role.administrator, None), (Role.junior_agent, "1001"), (Role.qa_inspector, None))
    }
    listening = bind("127.0.0.1", 0)
    port = listening.getsockname()[1]
    security = Security(origins_for("", "127.0.0.1", port), ("ws://127.0.0.1:8088/ws",))
    sources = [
        SessionRoutes(people, security, clock, "0.0-test"),
        PeopleRoutes(people),
        CustomerRoutes(Customers(pool, clock)),
        AuditRoutes(pool),
        *extra(pool, people),
    ]
    served = {type(source) for source in sources} | {SystemRoutes}
    description = document([kind for kind in route_classes() if kind in served], "0.0-test")
    app = application([*sources, SystemRoutes(_well, description)], people.sessions, security, Desk(None))
    async with serving(app, listening, limits or Limits()):
        yield Api(f"http://127.0.0.1:{port}", pool, people, accounts)


async def _well() -> schemas.System:
    return schemas.System(version="0.0-test", parts=[], model="none", demonstration_model=True, vocabulary=None)


async def body_of(answer: aiohttp.ClientResponse) -> Any:
    """The JSON body; an error's must be a Problem."""
    body = await answer.json()
    if answer.status >= 400:
        schemas.Problem.model_validate(body)
    return body
