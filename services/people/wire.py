"""Defines the shapes of accounts, of the person who is logged in, and of their phone, on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from services.access.policy import Whose
from services.access.rights import Right, Role
from services.people.policy import Step
from services.web.shapes import Id, Text80, Wire
from services.words import Language

Login = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{1,31}$")]


Password = Annotated[str, StringConstraints(min_length=1, max_length=256)]


NewPassword = Annotated[str, StringConstraints(min_length=10, max_length=256)]


ExtensionText = Annotated[str, StringConstraints(pattern=r"^[0-9]{3,6}$")]


Queues = Annotated[list[Annotated[str, StringConstraints(min_length=1, max_length=32)]], Field(min_length=1, max_length=20)]


def _once(roles: list[Role]) -> list[Role]:
    """In the order of the roles' own list, each once."""
    return [role for role in Role if role in roles]


Roles = Annotated[list[Role], Field(min_length=1, max_length=len(Role)), AfterValidator(_once)]


class LoginBody(Wire):
    login: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    password: Password


class Me(Wire):
    id: int
    login: str
    name: str
    roles: list[Role]
    rights: list[Right]
    extension: str | None
    phone_kind: Literal["browser", "sip"]
    language: Language
    must_change: bool
    department: int | None
    server_time: datetime
    version: str
    centre: str = Field(description="the centre's name, as its config has it")


class PolicyRow(Wire):
    """``what``: a right, or an act with a thing. ``reach``: of whose things each role may do it; a role that may not is left out.

    A right that is not about anybody's things reaches them all.
    """

    what: str
    reach: dict[Role, list[Whose]]


class Policy(Wire):
    roles: list[Role]
    rows: list[PolicyRow]


class MeBody(Wire):
    language: Language


class PasswordBody(Wire):
    old: Password
    new: NewPassword


class Phone(Wire):
    """What the browser's softphone needs; given to the extension's own person only, never cached or logged."""

    ws_url: str
    uri: str
    extension: str
    password: str
    realm: str
    ring_limit: int = Field(description="seconds; the switch rings no phone longer")


class Person(Wire):
    id: int
    login: str
    name: str
    roles: list[Role]
    extension: str | None
    phone_kind: Literal["browser", "sip"]
    language: Language
    active: bool
    queues: list[str] | None = Field(description="the queues that the person answers; null: every one there is")
    department: int | None = Field(description="the service department that the person works for; null: the centre")
    agent: bool = Field(description="has a desk: takes calls, with an extension")
    may: list[Step] = Field(description="what who asks can do with the account; one's own password is changed otherwise")


class PersonBody(Wire):
    login: Login
    name: Text80
    roles: Roles
    extension: ExtensionText | None = None
    phone_kind: Literal["browser", "sip"] = "browser"
    language: Language = "zh-CN"
    queues: Queues | None = Field(default=None, description="names of queues; null: every one there is, now and later")
    department: Id | None = Field(default=None, description="a department officer's own")


class PersonPatch(Wire):
    name: Text80 | None = None
    roles: Roles | None = None
    extension: ExtensionText | None = None
    phone_kind: Literal["browser", "sip"] | None = None
    language: Language | None = None
    active: bool | None = None
    queues: Queues | None = None
    department: Id | None = None


class PersonMade(Wire):
    """``password`` is random, told this once and kept nowhere; the person must choose another at the first login."""

    person: Person
    password: str
