"""Defines a person who works here, and a person who is logged in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from services.access.rights import BY_LINK, Right, Role, rights_of
from services.words import Language

PhoneKind = Literal["browser", "sip"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An account; it may do what any of its ``roles`` may.

    ``phone_secret_n`` is the number of the extension's SIP secret; the secret itself is nowhere. ``queues``: those the person
    answers; None for every one. ``department``: the service department that one works for, if not for the centre.
    """

    id: int
    login: str
    name: str
    roles: tuple[Role, ...]
    extension: str | None
    phone_kind: PhoneKind
    phone_secret_n: int
    language: Language
    must_change: bool
    active: bool
    queues: tuple[str, ...] | None = None
    department: int | None = None

    @property
    def rights(self) -> frozenset[Right]:
        return rights_of(self.roles)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedIn:
    """The person who asks, as the database had them at this request, and their session (SHA-256 of its token).

    ``order``: who came by a link to this one order, and may do nothing else; then ``person`` is the account of its department for
    links, and ``session`` the link's.
    """

    person: Person
    session: bytes
    order: int | None = None

    @property
    def id(self) -> int:
        return self.person.id

    @property
    def rights(self) -> frozenset[Right]:
        """The person's; of who came by a link, the link's."""
        return BY_LINK if self.order is not None else self.person.rights

    def may(self, *rights: Right) -> bool:
        """Whether the person has any one of these rights."""
        return not self.rights.isdisjoint(rights)
