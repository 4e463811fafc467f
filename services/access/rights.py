"""Lists what each role may do, in one table. The route layer enforces it (``services.web.http``) and no other place does.

Deny by default: a right that is not in a role's row is not there. Ownership ("own calls") is decided where the thing is
known, by the room's actions; the two rights say which of the two questions applies.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Role(StrEnum):
    administrator = "administrator"
    junior_agent = "junior_agent"
    qa_inspector = "qa_inspector"


class Right(StrEnum):
    """A thing one may do. The desk shows and hides by these, the server decides by them."""

    DESK = "desk"  # be an agent: ready and paused, a phone, pops
    BOARD = "board"  # see who is doing what now
    CALLS_READ = "calls.read"  # every call
    CALLS_READ_OWN = "calls.read_own"  # calls one took part in
    RECORDINGS_LISTEN = "recordings.listen"  # every recording; each listening is audited
    RECORDINGS_LISTEN_OWN = "recordings.listen_own"  # recordings of calls one took part in
    TICKETS_READ = "tickets.read"
    TICKETS_WRITE = "tickets.write"  # create, change, confirm, discard, close: one's own
    CUSTOMERS_READ = "customers.read"
    CUSTOMERS_WRITE = "customers.write"
    LEXICON_READ = "lexicon.read"
    LEXICON_WRITE = "lexicon.write"
    PEOPLE = "people"  # see and change accounts
    AUDIT = "audit"
    SYSTEM = "system"  # what works and what does not
    REPAIR = "system.repair"  # have what was set aside done again


EVERYBODY = frozenset({Right.BOARD, Right.SYSTEM, Right.LEXICON_READ, Right.TICKETS_READ, Right.CUSTOMERS_READ})

RIGHTS: dict[Role, frozenset[Right]] = {
    Role.administrator: EVERYBODY
    | {
        Right.PEOPLE,
        Right.AUDIT,
        Right.REPAIR,
        Right.LEXICON_WRITE,
        Right.CUSTOMERS_WRITE,
        Right.CALLS_READ,
        Right.RECORDINGS_LISTEN,
    },
    Role.junior_agent: EVERYBODY | {Right.DESK, Right.TICKETS_WRITE, Right.CALLS_READ_OWN, Right.RECORDINGS_LISTEN_OWN},
    Role.qa_inspector: EVERYBODY | {Right.CALLS_READ, Right.RECORDINGS_LISTEN},
}


def rights_of(roles: Iterable[Role]) -> frozenset[Right]:
    """The rights of a person with these roles: those of each role together."""
    return frozenset().union(*(RIGHTS[role] for role in roles))
