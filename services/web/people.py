"""Accounts, for the administrator."""

from __future__ import annotations

from services.errors import Conflict
from services.people.actions import People
from services.people.model import Person
from services.people.rights import Right
from services.people.store import NewPerson
from services.web import schemas
from services.web.http import Asked, route


class PeopleRoutes:
    """List, create, change; nobody is ever deleted (the journals name them), accounts are closed."""

    def __init__(self, people: People) -> None:
        self._people = people

    @route("GET", "/api/people", right=Right.PEOPLE)
    async def show(self, asked: Asked) -> list[schemas.Person]:
        """Everybody, closed accounts too."""
        return [wire(person) for person in await self._people.everybody()]

    @route("POST", "/api/people", right=Right.PEOPLE, status=201, raises=(Conflict,))
    async def create(self, asked: Asked, body: schemas.PersonBody) -> schemas.Person:
        """A new account; the person must choose another password at the first login."""
        new = NewPerson(**body.model_dump(exclude={"password"}))
        return wire(await self._people.create(new, body.password, by=asked.by.id))

    @route("PATCH", "/api/people/{person_id}", right=Right.PEOPLE, raises=(Conflict,))
    async def change(self, asked: Asked, person_id: schemas.Id, body: schemas.PersonPatch) -> schemas.Person:
        """Change the fields that are sent; ``extension`` null takes the phone away. May end the person's sessions."""
        wanted = body.model_dump(exclude_unset=True, exclude={"password"})
        sent = {name: value for name, value in wanted.items() if value is not None or name == "extension"}
        return wire(await self._people.change(person_id, sent, body.password, by=asked.by.id))


def wire(person: Person) -> schemas.Person:
    return schemas.Person(
        id=person.id,
        login=person.login,
        name=person.name,
        role=person.role,
        extension=person.extension,
        phone_kind=person.phone_kind,
        language=person.language,
        active=person.active,
    )
