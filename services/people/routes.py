"""Serves log-in and log-out, what people may change of themselves, their browser phone, and the administrator's accounts."""

from __future__ import annotations

from services.access import matrix
from services.access.actor import Person
from services.access.rights import Right, Role
from services.errors import Conflict, NotAllowed, Throttled
from services.now import Clock
from services.people import policy, wire
from services.people.actions import OwnPassword, People, WrongPassword
from services.people.model import NewPerson
from services.people.phones import sip_secret
from services.web.http import Asked, Door, route
from services.web.security import Security
from services.web.shapes import Id


class SessionRoutes:
    """``version`` is what ``tingsu version`` prints; told to the logged-in only, and so is the centre's name."""

    def __init__(self, people: People, security: Security, clock: Clock, *, version: str, centre: str) -> None:
        self._people = people
        self._security = security
        self._clock = clock
        self._version = version
        self._centre = centre

    @route("POST", "/api/login", right=Door.PUBLIC, raises=(WrongPassword, Throttled))
    async def login(self, asked: Asked, body: wire.LoginBody) -> wire.Me:
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
    async def me(self, asked: Asked) -> wire.Me:
        """Who is logged in, with what rights, and what time it is here."""
        return self._me(asked.by.person)

    @route("PATCH", "/api/me", right=Door.LOGGED_IN)
    async def change_me(self, asked: Asked, body: wire.MeBody) -> wire.Me:
        """Choose the language of the desk."""
        return self._me(await self._people.choose_language(asked.by, body.language))

    @route("POST", "/api/me/password", right=Door.LOGGED_IN, before_password_change=True, raises=(Throttled,))
    async def change_password(self, asked: Asked, body: wire.PasswordBody) -> None:
        """Choose another password; ends the person's other sessions."""
        await self._people.change_own_password(asked.by, body.old, body.new, peer=asked.peer)

    def _me(self, person: Person) -> wire.Me:
        return wire.Me(
            id=person.id,
            login=person.login,
            name=person.name,
            roles=list(person.roles),
            rights=sorted(person.rights),
            extension=person.extension,
            phone_kind=person.phone_kind,
            language=person.language,
            must_change=person.must_change,
            department=person.department,
            server_time=self._clock.now(),
            version=self._version,
            centre=self._centre,
        )


class PolicyRoutes:
    """What each role may do, and with whose things, as the program itself decides it."""

    @route("GET", "/api/policy", right=Right.POLICY)
    async def show(self, asked: Asked) -> wire.Policy:
        """Every right and every act: of whose things each role may do it. Made from the tables that decide it."""
        return wire.Policy(roles=list(Role), rows=[_row(line) for line in matrix.lines()])


def _row(line: matrix.Line) -> wire.PolicyRow:
    return wire.PolicyRow(what=line.what, reach={role: sorted(whose) for role, whose in line.reach.items()})


class PeopleRoutes:
    """List, create, change; nobody is ever deleted (the journals name them), accounts are closed."""

    def __init__(self, people: People) -> None:
        self._people = people

    @route("GET", "/api/people", right=Right.PEOPLE)
    async def show(self, asked: Asked) -> list[wire.Person]:
        """Everybody, closed accounts too."""
        return [_shown(asked, person) for person in await self._people.everybody()]

    @route("POST", "/api/people", right=Right.PEOPLE, status=201, raises=(Conflict,))
    async def create(self, asked: Asked, body: wire.PersonBody) -> wire.PersonMade:
        """A new account with a random password, told in this answer only; the person must choose another at the first login."""
        person, password = await self._people.create(
            NewPerson(**body.model_dump() | {"roles": tuple(body.roles), "queues": _some(body.queues)}), by=asked.by.id
        )
        return wire.PersonMade(person=_shown(asked, person), password=password)

    @route("PATCH", "/api/people/{person_id}", right=Right.PEOPLE, raises=(Conflict,))
    async def change(self, asked: Asked, person_id: Id, body: wire.PersonPatch) -> wire.Person:
        """Change the fields that are sent; ``extension`` null takes the phone away, ``queues`` null gives every queue,
        ``department`` null is the centre. May end the person's sessions.
        """
        wanted = body.model_dump(exclude_unset=True)
        sent = {
            name: value for name, value in wanted.items() if value is not None or name in {"extension", "queues", "department"}
        }
        sent |= {"roles": tuple(sent["roles"])} if "roles" in sent else {}
        sent |= {"queues": _some(body.queues)} if "queues" in sent else {}
        return _shown(asked, await self._people.change(person_id, sent, by=asked.by.id))

    @route("POST", "/api/people/{person_id}/password", right=Right.PEOPLE, raises=(OwnPassword,))
    async def reset(self, asked: Asked, person_id: Id) -> wire.PersonMade:
        """A new random password, told in this answer only, to be changed at the next login. Ends the person's sessions."""
        person, password = await self._people.reset_password(person_id, by=asked.by.id)
        return wire.PersonMade(person=_shown(asked, person), password=password)


def _some(queues: list[str] | None) -> tuple[str, ...] | None:
    """Each once; None: every one there is."""
    return None if queues is None else tuple(dict.fromkeys(queues))


def _shown(asked: Asked, person: Person) -> wire.Person:
    return wire.Person(
        id=person.id,
        login=person.login,
        name=person.name,
        roles=list(person.roles),
        extension=person.extension,
        phone_kind=person.phone_kind,
        language=person.language,
        active=person.active,
        queues=None if person.queues is None else list(person.queues),
        department=person.department,
        agent=Right.DESK in person.rights,
        may=policy.possible(asked.by, person.id),
    )


class PhoneRoutes:
    """``ws_url`` is the switch's own websocket: the phone goes on while we are down (SPEC C10)."""

    def __init__(self, key: bytes, ws_url: str, ring_limit: int) -> None:
        self._key = key
        self._ws_url = ws_url
        self._ring_limit = ring_limit

    @route("GET", "/api/phone", right=Right.DESK, raises=(NotAllowed,), without_database=True)
    async def show(self, asked: Asked) -> wire.Phone:
        """Address and secret of one's own browser phone. 409 without an extension, or with a SIP telephone."""
        person = asked.by.person
        if not person.extension or person.phone_kind != "browser":
            raise NotAllowed("you have no browser phone")
        return wire.Phone(
            ws_url=self._ws_url,
            uri=f"sip:{person.extension}@tingsu",
            extension=person.extension,
            password=sip_secret(self._key, person.extension, person.phone_secret_n),
            realm="tingsu",
            ring_limit=self._ring_limit,
        )
