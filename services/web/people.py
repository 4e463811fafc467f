"""Accounts, for the administrator."""

from __future__ import annotations

from services.access.actor import Person
from services.access.rights import Right
from services.errors import Conflict
from services.people import wire as people_wire
from services.people.actions import OwnPassword, People
from services.people.store import NewPerson
from services.web.http import Asked, route
from services.web.shapes import Id


class PeopleRoutes:
    """List, create, change; nobody is ever deleted (the journals name them), accounts are closed."""

    def __init__(self, people: People) -> None:
        self._people = people

    @route("GET", "/api/people", right=Right.PEOPLE)
    async def show(self, asked: Asked) -> list[people_wire.Person]:
        """Everybody, closed accounts too."""
        return [wire(person) for person in await self._people.everybody()]

    @route("POST", "/api/people", right=Right.PEOPLE, status=201, raises=(Conflict,))
    async def create(self, asked: Asked, body: people_wire.PersonBody) -> people_wire.PersonMade:
        """A new account with a random password, told in this answer only; the person must choose another at the first login."""
        person, password = await self._people.create(NewPerson(**body.model_dump()), by=asked.by.id)
        return people_wire.PersonMade(person=wire(person), password=password)

    @route("PATCH", "/api/people/{person_id}", right=Right.PEOPLE, raises=(Conflict,))
    async def change(self, asked: Asked, person_id: Id, body: people_wire.PersonPatch) -> people_wire.Person:
        """Change the fields that are sent; ``extension`` null takes the phone away. May end the person's sessions."""
        wanted = body.model_dump(exclude_unset=True)
        sent = {name: value for name, value in wanted.items() if value is not None or name == "extension"}
        return wire(await self._people.change(person_id, sent, by=asked.by.id))

    @route("POST", "/api/people/{person_id}/password", right=Right.PEOPLE, raises=(OwnPassword,))
    async def reset(self, asked: Asked, person_id: Id) -> people_wire.PersonMade:
        """A new random password, told in this answer only, to be changed at the next login. Ends the person's sessions."""
        person, password = await self._people.reset_password(person_id, by=asked.by.id)
        return people_wire.PersonMade(person=wire(person), password=password)


def wire(person: Person) -> people_wire.Person:
    return people_wire.Person(
        id=person.id,
        login=person.login,
        name=person.name,
        role=person.role,
        extension=person.extension,
        phone_kind=person.phone_kind,
        language=person.language,
        active=person.active,
    )
