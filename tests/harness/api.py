"""Serves the HTTP door on a real port and a real database, with one account of each role, and a browser-like client."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import argon2

from recordings.archive import Archive
from services.access.actor import LoggedIn, Person
from services.access.links import Links
from services.access.passwords import Passwords
from services.access.rights import RIGHTS, Right, Role
from services.access.sessions import SessionLimits, Sessions, hash_of
from services.access.throttle import ThrottleLimits
from services.calendars.actions import Calendars
from services.calendars.model import Base, Written
from services.customers.importing import Imports
from services.customers.numbers import ANYWHERE
from services.evidence.actions import Limits as Evidence
from services.floor.presence import PresenceSettings
from services.foundations import cache_folder
from services.hosted.debian import PackageSource, PackagesUnavailable
from services.hosted.fonts import find_font
from services.now import Clock
from services.orders.links import Mailing
from services.people.actions import People
from services.people.model import NewPerson
from services.people.store import set_password
from services.prints.press import Press
from services.routes import Parts, sources
from services.store import db
from services.system import wire as system_wire
from services.system.aside import SetAside
from services.web.security import Security, origins_for
from services.web.server import Limits, application, bind, serving
from services.web.shapes import Problem
from services.web.static import Desk, find_desk
from tests.harness.office import QUEUE, ZONE, Office, build

PASSWORD = "correct horse battery"
HOTLINES = ("10000",)
QUEUES = (QUEUE, "seniors")
DESKS = [role for role in Role if Right.DESK in RIGHTS[role]]
EXTENSIONS = {role: str(1001 + 100 * place) for place, role in enumerate(DESKS)}
CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=64)
"""A hash of a tenth of a millisecond: what argon2 costs is not what these tests are about."""


@dataclass(slots=True)
class Api:
    """A served API. ``accounts`` maps each role to a person whose password is PASSWORD."""

    url: str
    pool: db.Pool
    people: People
    accounts: dict[Role, Person]
    archive: Archive
    imports: Imports

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


async def account(people: People, new: NewPerson) -> Person:
    """Somebody whose password is PASSWORD, as if they had chosen it already."""
    person, _ = await people.create(new, by=None, must_change=False)
    async with db.connection(people.pool) as connection:
        await set_password(connection, person.id, await people.passwords.hash(PASSWORD), must_change=False)
    return person


@contextlib.asynccontextmanager
async def serve(
    pool: db.Pool,
    clock: Clock,
    folder: Path,
    *,
    throttle: ThrottleLimits | None = None,
    limits: Limits | None = None,
    always: dict[str, Role] | None = None,
    proxies: frozenset[str] = frozenset(),
    evidence: Evidence | None = None,
    mails: bool = False,
    desk: bool = False,
) -> AsyncIterator[Api]:
    """All routes; behind them everything but a switch. ``always``: tokens that are in force whatever happens to sessions.

    ``mails``: what departments are to hear is mailed too; somebody must send it. ``desk``: the built pages are served beside it.
    """
    people = People(
        pool,
        clock,
        Sessions(pool, clock, SessionLimits()),
        Passwords(CHEAP),
        throttle or ThrottleLimits(),
        HOTLINES,
        queues=QUEUES,
    )
    department = await pool.fetchval(
        "insert into department (code, zh, en, hours) values ('network', '网络', 'Network', 24) returning id"
    )
    accounts = {
        role: await account(
            people,
            NewPerson(
                login=role.replace("_", "-"),
                name=f"{role} 测",
                roles=(role,),
                extension=EXTENSIONS.get(role),
                department=department if role is Role.department_officer else None,
            ),
        )
        for role in Role
    }
    behind = build(pool, clock, folder, PresenceSettings(queues={QUEUE: timedelta(seconds=30)}))
    behind.journal.open()
    await behind.directory.load()
    imports = Imports(pool, clock, ANYWHERE, folder / "imports")
    listening = bind("127.0.0.1", 0)
    port = listening.getsockname()[1]
    security = Security(origins_for("", "127.0.0.1", port), ("ws://127.0.0.1:8088/ws",), proxies)
    door = _AlwaysIn({token: accounts[role] for token, role in (always or {}).items()}, people.sessions)
    archive = Archive.open(str(folder / "store"))
    press = await printing()
    app = application(
        sources(
            replace(
                _parts(behind, people, archive, imports, press), evidence=evidence or Evidence(), mailing=Mailing(leaves=mails)
            ),
            security,
        ),
        door,
        security,
        Desk(find_desk() if desk else None),
        links=Links(pool, clock, throttle or ThrottleLimits()),
    )
    async with serving(app, listening, limits or Limits()), asyncio.TaskGroup() as tasks:
        running = [
            tasks.create_task(behind.journal.run(), name="journal"),
            tasks.create_task(behind.hub.run(), name="hub"),
            tasks.create_task(imports.run(), name="imports"),
        ]
        yield Api(f"http://127.0.0.1:{port}", pool, people, accounts, archive, imports)
        await behind.hub.shutdown()
        for task in running:
            task.cancel()


@dataclass(frozen=True, slots=True)
class _AlwaysIn:
    """Sessions that a fuzzer cannot end by what it does to accounts; everybody else's are real."""

    persons: dict[str, Person]
    real: Sessions

    async def who(self, token: str) -> LoggedIn | None:
        person = self.persons.get(token)
        return LoggedIn(person=person, session=hash_of(token)) if person else await self.real.who(token)

    def remembered(self, token: str) -> LoggedIn | None:
        return self.real.remembered(token)


async def printing() -> Press:
    """What sets documents, by the face that `tingsu run` would fetch; without any where it cannot be had."""
    press = Press(lambda: find_font(source=PackageSource(), cache=cache_folder(), progress=lambda *_: None))
    with contextlib.suppress(PackagesUnavailable):
        await press.find()
    return press


CALENDARS = Base(zone=ZONE, country="CN", calendars=(Written(name="working", week=(("09:00-12:00", "13:00-17:00"),) * 7),))


def _parts(behind: Office, people: People, archive: Archive, imports: Imports, press: Press) -> Parts:
    return Parts(
        pool=behind.pool,
        clock=behind.clock,
        zone=ZONE,
        people=people,
        imports=imports,
        hub=behind.hub,
        floor=behind.floor,
        presence=behind.presence,
        archive=archive,
        cuttings=behind.folder / "sides",
        sip_key=bytes(32),
        ws_url="ws://127.0.0.1:8088/ws",
        ring_limit=25,
        look=_well,
        aside=SetAside(behind.pool, behind.clock, intake_time=behind.clock, drain=behind.drain, sound=dict),
        press=press,
        version="0.0-test",
        calendars=Calendars(behind.pool, behind.clock, CALENDARS),
    )


async def _well() -> system_wire.System:
    return system_wire.System(
        version="0.0-test", parts=[], model="none", demonstration_model=True, vocabulary=None, troubles=[], hotlines=["10000"]
    )


async def body_of(answer: aiohttp.ClientResponse) -> Any:
    """The JSON body; an error's must be a Problem."""
    body = await answer.json()
    if answer.status >= 400:
        Problem.model_validate(body)
    return body
