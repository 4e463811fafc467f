"""Logs people in and out; creates and changes accounts and passwords. Each is audited in its own transaction.

Nobody chooses a password for somebody else: a new account's, and one that replaces a forgotten one, is made at random here and
told to the caller alone, once. Only its hash is kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from services.access import audit, throttle
from services.access.actor import LoggedIn, Person
from services.access.browsers import KnownBrowsers
from services.access.passwords import Passwords, check_strength, make_password
from services.access.rights import Role
from services.access.sessions import Sessions
from services.access.throttle import LOGIN, ThrottleLimits
from services.bells import Channel, ring
from services.errors import Invalid, NotAllowed, NotLoggedIn, WrongField
from services.now import Clock
from services.people import store
from services.people.model import NewPerson
from services.people.policy import may_reset
from services.store import db
from services.words import Language

FIRST_LOGIN = "admin"
CHANGEABLE = frozenset({"name", "roles", "extension", "phone_kind", "language", "active", "queues", "department"})


class WrongPassword(NotLoggedIn):
    """Login or password is wrong."""

    code = "wrong_login"


class LastAdministrator(NotAllowed):
    """Somebody must be able to manage accounts: this is the last active administrator."""

    code = "last_administrator"


class OwnPassword(NotAllowed):
    """Change your own password with the present one: who only found your desk cannot."""

    code = "own_password"


@dataclass(slots=True)
class People:
    """A change of who sits where, or of what somebody with a phone is, rings (``bells.Channel.PHONES_CHANGED``).

    The switch's files and the queue's members follow it: a role taken away must not keep its phone in the queue.

    ``away`` hears of who must not go on as they were before: who logs out with no other desk open (``has_desk``, which can leave
    a session out), and who has a browser phone and logs in with none: what was asked for at a desk that is gone is over.
    """

    pool: db.Pool
    clock: Clock
    sessions: Sessions
    passwords: Passwords
    limits: ThrottleLimits = field(default_factory=ThrottleLimits)
    hotlines: Collection[str] = ()  # numbers that callers dial: nobody's extension
    queues: Collection[str] = ()  # the names that there are
    away: Callable[[int], None] = lambda person: None
    has_desk: Callable[[int, bytes | None], bool] = lambda person, but: False
    browsers: KnownBrowsers = field(default_factory=KnownBrowsers)

    async def log_in(self, login: str, password: str, *, peer: str, browser: str = "") -> tuple[str, Person]:
        """A new session's token and the person. Raises WrongPassword (whatever was wrong) or Throttled.

        ``browser``: what ``browsers.make`` gave it at an earlier log-in.
        """
        known = self.browsers.name(browser, login)
        async with db.transaction(self.pool) as connection:
            now = self.clock.now()
            attempt = await throttle.begin(connection, now, login=login, peer=peer, limits=self.limits, known=known)
        async with db.connection(self.pool) as connection:
            found = await store.by_login(connection, login) if LOGIN.fullmatch(login) else None
        right = await self.passwords.matches(found[1] if found else None, password)
        if not right or found is None or not found[0].active:
            await self._note_failed(found[0] if found else None, peer)
            raise WrongPassword
        person, stored = found
        renewed = await self.passwords.hash(password) if self.passwords.outdated(stored) else None
        async with db.transaction(self.pool) as connection:
            if renewed:
                await store.set_password(connection, person.id, renewed, must_change=person.must_change)
            await throttle.succeeded(connection, attempt)
            await self._audit(connection, person.id, "login", person.id, {"peer": peer})
            token = await self.sessions.begin(connection, person.id)
        if person.phone_kind == "browser" and not self.has_desk(person.id, None):
            self.away(person.id)
        return token, person

    async def log_out(self, who: LoggedIn) -> None:
        async with db.transaction(self.pool) as connection:
            await self.sessions.end(connection, who.session, who.id)
            await self._audit(connection, who.id, "logout", who.id)
        if not self.has_desk(who.id, who.session):
            self.away(who.id)

    async def everybody(self) -> list[Person]:
        async with db.connection(self.pool) as connection:
            return await store.everybody(connection)

    async def create(self, new: NewPerson, *, by: int | None, must_change: bool = True) -> tuple[Person, str]:
        """The account and its random password, which is nowhere else. ``must_change``: somebody else gets to see it."""
        self._check_extension(new.extension)
        self._check_queues(new.queues)
        password = make_password()
        hashed = await self.passwords.hash(password)
        async with db.transaction(self.pool) as connection:
            await _check_department(connection, new.roles, new.department)
            person = await store.insert(connection, new, hashed, must_change=must_change, at=self.clock.now())
            await self._audit(
                connection, by, "person.create", person.id, {"login": person.login, "roles": ", ".join(person.roles)}
            )
            if person.extension:
                await ring(connection, Channel.PHONES_CHANGED, str(person.id))
        return person, password

    async def change(self, person_id: int, wanted: Mapping[str, Any], *, by: int | None) -> Person:
        """Change the named fields. Changed roles or a closed account ends all of the person's sessions.

        Who gets an extension, or is opened again, gets a SIP secret that nobody has had: not even the extension's last holder.
        """
        async with db.transaction(self.pool) as connection:
            administrators = await store.lock_administrators(connection)
            before = await store.lock(connection, person_id)
            after = _changed(before, wanted)
            if after.extension != before.extension:
                self._check_extension(after.extension)
            if after.queues != before.queues:
                self._check_queues(after.queues)
            if (after.department, after.roles) != (before.department, before.roles):
                await _check_department(connection, after.roles, after.department)
            if after.extension and (after.extension, after.active) != (before.extension, before.active):
                after = replace(after, phone_secret_n=await store.next_secret(connection, after.extension))
            _keep_an_administrator(administrators, after)
            await store.save(connection, after)
            ends = set(after.roles) != set(before.roles) or after.department != before.department or not after.active
            if ends:
                await self.sessions.end_all(connection, person_id)
            if _phone_of(before) != _phone_of(after):
                await ring(connection, Channel.PHONES_CHANGED, str(person_id))
            await self._audit(connection, by, "person.change", person_id, _told(before, after))
        if ends:
            self.away(person_id)
        return after

    async def reset_password(self, person_id: int, *, by: int | None) -> tuple[Person, str]:
        """A random password in place of a forgotten one, to be changed at the next login; ends all of the person's sessions."""
        if not may_reset(by, person_id):
            raise OwnPassword
        password = make_password()
        hashed = await self.passwords.hash(password)
        async with db.transaction(self.pool) as connection:
            person = await store.lock(connection, person_id)
            await store.set_password(connection, person_id, hashed, must_change=True)
            await self.sessions.end_all(connection, person_id)
            await throttle.forget(connection, person.login)
            await self._audit(connection, by, "person.reset", person_id)
        self.away(person_id)
        return person, password

    async def change_own_password(self, who: LoggedIn, old: str, new: str, *, peer: str) -> None:
        """Ends the person's other sessions. The old password is throttled like a login: a found desk is no oracle."""
        login = who.person.login
        async with db.transaction(self.pool) as connection:
            attempt = await throttle.begin(connection, self.clock.now(), login=login, peer=peer, limits=self.limits)
            stored = await store.password_of(connection, who.id)
        if not await self.passwords.matches(stored, old):
            raise Invalid((WrongField("old", "wrong_password", "your present password"),))
        async with db.transaction(self.pool) as connection:
            await throttle.succeeded(connection, attempt)  # whatever is wrong with the new one: this was no guess
        await asyncio.to_thread(check_strength, new, (login, who.person.name))
        if old == new:
            raise Invalid((WrongField("new", "same_password", "another password than the present one"),))
        hashed = await self.passwords.hash(new)
        async with db.transaction(self.pool) as connection:
            await store.set_password(connection, who.id, hashed, must_change=False)
            await self.sessions.end_all(connection, who.id, but=who.session)
            await self._audit(connection, who.id, "person.password", who.id)

    async def choose_language(self, who: LoggedIn, language: Language) -> Person:
        async with db.transaction(self.pool) as connection:
            await store.set_language(connection, who.id, language)
        return replace(who.person, language=language)

    async def first_administrator(self, language: Language, name: str) -> str | None:
        """Where there is no administrator, make one with a random password and return it; else None."""
        async with db.connection(self.pool) as connection:
            if await store.any_administrator(connection):
                return None
        new = NewPerson(login=FIRST_LOGIN, name=name, roles=(Role.administrator,), language=language)
        _, password = await self.create(new, by=None, must_change=False)
        return password

    def _check_extension(self, extension: str | None) -> None:
        """A call to a hotline's number goes to the reception: a phone of that number could not be in the switch beside it."""
        if extension in self.hotlines:
            raise Invalid((WrongField("extension", "hotline", "another than the hotline's own number", extension or ""),))

    def _check_queues(self, wanted: Iterable[str] | None) -> None:
        if unknown := [name for name in wanted or () if name not in self.queues]:
            there = ", ".join(self.queues)
            raise Invalid((WrongField("queues", "no_such_queue", f"of the queues that there are: {there}", ", ".join(unknown)),))

    async def _note_failed(self, person: Person | None, peer: str) -> None:
        about = f"person:{person.id}" if person else "person:unknown"
        async with db.transaction(self.pool) as connection:
            await audit.write(connection, self.clock.now(), by=None, action="login.failed", about=about, detail={"peer": peer})

    async def _audit(
        self, connection: db.Connection, by: int | None, action: str, about: int, detail: Mapping[str, str] | None = None
    ) -> None:
        await audit.write(connection, self.clock.now(), by=by, action=action, about=f"person:{about}", detail=detail)


async def _check_department(connection: db.Connection, roles: Collection[Role], department: int | None) -> None:
    """Who works for a service department says for which one, and is nothing else; nobody else does."""
    officer = Role.department_officer in roles
    if officer is (department is None) or (officer and len(roles) > 1):
        wanted = "the department of a department officer, who has no other role; of nobody else's"
        raise Invalid((WrongField("department", "department_and_role", wanted),))
    if department is not None and not await store.is_department(connection, department):
        raise Invalid((WrongField("department", "unknown_department", "a department that there is", str(department)),))


def _changed(before: Person, wanted: Mapping[str, Any]) -> Person:
    return replace(before, **{name: value for name, value in wanted.items() if name in CHANGEABLE})


def _phone_of(person: Person) -> tuple[object, ...]:
    """The part of an account from which the switch's files, the queue and the board are made."""
    seen = (person.roles, person.name, person.language, person.queues) if person.extension else ()
    return person.extension, person.phone_kind, person.phone_secret_n, person.active, *seen


def _keep_an_administrator(administrators: frozenset[int], after: Person) -> None:
    stays = after.active and Role.administrator in after.roles
    if not stays and administrators == {after.id}:
        raise LastAdministrator


def _told(before: Person, after: Person) -> dict[str, str]:
    """The detail for the audit: each changed field, from what to what (accounts hold no customer's data)."""
    return {
        name: f"{_word(getattr(before, name))} -> {_word(getattr(after, name))}"
        for name in sorted(CHANGEABLE)
        if getattr(before, name) != getattr(after, name)
    }


def _word(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
