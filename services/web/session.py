"""Logging in and out, and what a person may change of themselves."""

from __future__ import annotations

from services.access.actor import Person
from services.errors import Throttled
from services.now import Clock
from services.people import wire as people_wire
from services.people.actions import People, WrongPassword
from services.web.http import Asked, Door, route
from services.web.security import Security


class SessionRoutes:
    """``version`` is what ``tingsu version`` prints; told to the logged-in only."""

    def __init__(self, people: People, security: Security, clock: Clock, version: str) -> None:
        self._people = people
        self._security = security
        self._clock = clock
        self._version = version

    @route("POST", "/api/login", right=Door.PUBLIC, raises=(WrongPassword, Throttled))
    async def login(self, asked: Asked, body: people_wire.LoginBody) -> people_wire.Me:
        """Begin a session: sets the cookie. One answer for every wrong pair, after the same work."""
        browser = asked.request.cookies.get(self._security.browser_cookie, "")
        token, person = await self._people.log_in(body.login, body.password, peer=asked.peer, browser=browser)
        max_age = int(self._people.sessions.limits.absolute.total_seconds())
        self._security.give_cookie(asked.answer_headers, token, max_age)
        self._security.know_browser(asked.answer_headers, self._people.browsers.make(person.login))
        return self._me(person)

    @route("POST", "/api/logout", right=Door.LOGGED_IN, before_password_change=True)
    async def logout(self, asked: Asked) -> None:
        """End this session, its websockets too."""
        await self._people.log_out(asked.by)
        self._security.take_cookie(asked.answer_headers)

    @route("GET", "/api/me", right=Door.LOGGED_IN, before_password_change=True, without_database=True)
    async def me(self, asked: Asked) -> people_wire.Me:
        """Who is logged in, with what rights, and what time it is here."""
        return self._me(asked.by.person)

    @route("PATCH", "/api/me", right=Door.LOGGED_IN)
    async def change_me(self, asked: Asked, body: people_wire.MeBody) -> people_wire.Me:
        """Choose the language of the desk."""
        return self._me(await self._people.choose_language(asked.by, body.language))

    @route("POST", "/api/me/password", right=Door.LOGGED_IN, before_password_change=True, raises=(Throttled,))
    async def change_password(self, asked: Asked, body: people_wire.PasswordBody) -> None:
        """Choose another password; ends the person's other sessions."""
        await self._people.change_own_password(asked.by, body.old, body.new, peer=asked.peer)

    def _me(self, person: Person) -> people_wire.Me:
        return people_wire.Me(
            id=person.id,
            login=person.login,
            name=person.name,
            role=person.role,
            rights=sorted(person.rights),
            extension=person.extension,
            phone_kind=person.phone_kind,
            language=person.language,
            must_change=person.must_change,
            server_time=self._clock.now(),
            version=self._version,
        )
