"""Lists what each role may do, in one table. The route layer enforces it (``services.web.http``) and no other place does.

Deny by default: a right that is not in a role's row is not there. Ownership ("own calls") is decided where the thing is
known, by the room's actions; the two rights say which of the two questions applies.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from functools import cache


class Role(StrEnum):
    """SPEC sections 2 to 11, the administrator of the system, and whoever works for a service department."""

    administrator = "administrator"
    junior_agent = "junior_agent"
    text_entry_clerk = "text_entry_clerk"
    recording_extractor = "recording_extractor"
    senior_agent = "senior_agent"
    surveyor = "surveyor"
    data_administrator = "data_administrator"
    qa_inspector = "qa_inspector"
    statistician = "statistician"
    shift_leader = "shift_leader"
    manager = "manager"
    department_officer = "department_officer"


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
    TICKETS_LEAD = "tickets.lead"  # the same with anybody's, and the senior agents' tray
    SUGGESTIONS = "suggestions"  # the data administrator's tray
    HOTLINE = "hotline"  # the manager hotline: its tray and its decisions
    ORDERS_READ = "orders.read"  # every work order
    ORDERS_WRITE = "orders.write"  # dispatch, chase and withdraw, about one's own cases
    ORDERS_REVIEW = "orders.review"  # the second review; one's own papers leave without one
    ORDERS_ARBITRATE = "orders.arbitrate"  # have the last word on whose an order is
    ORDERS_REMIND = "orders.remind"  # nudge a department about an order
    ORDERS_ANSWER = "orders.answer"  # for a department: what was sent to one's own
    ORDERS_LINK = "orders.link"  # the one order that one came to by a link: no role has it
    DEPARTMENTS_READ = "departments.read"
    DEPARTMENTS_WRITE = "departments.write"
    CUSTOMERS_READ = "customers.read"
    CUSTOMERS_WRITE = "customers.write"
    PERSONAL_READ = "personal.read"  # numbers, names and addresses of customers in clear; without it they are masked
    PERSONAL_ASK = "personal.ask"  # have those of one thing shown; each time is audited
    LEXICON_READ = "lexicon.read"
    LEXICON_WRITE = "lexicon.write"
    LISTS_EXPORT = "lists.export"  # take rows of a list that one may read away as a file; each is audited
    OVERSEE = "oversee"  # where every open case stands, and how juniors and departments do
    POLICY = "policy"  # see what each role may do
    PEOPLE = "people"  # see and change accounts
    AUDIT = "audit"
    INBOX = "inbox"  # what rang for oneself
    SYSTEM = "system"  # what works and what does not
    REPAIR = "system.repair"  # have what was set aside done again


CENTRE = frozenset(
    {
        Right.BOARD,
        Right.INBOX,
        Right.SYSTEM,
        Right.LEXICON_READ,
        Right.TICKETS_READ,
        Right.CUSTOMERS_READ,
        Right.ORDERS_READ,
        Right.DEPARTMENTS_READ,
    }
)
"""What everybody of the centre may; people of the departments are not of it."""

AGENT = CENTRE | {
    Right.DESK,
    Right.PERSONAL_READ,
    Right.TICKETS_WRITE,
    Right.ORDERS_WRITE,
    Right.CALLS_READ_OWN,
    Right.RECORDINGS_LISTEN_OWN,
}
"""Clerks and extractors do a junior agent's duty too (SPEC T6, X2)."""

SENIOR = AGENT | {
    Right.TICKETS_LEAD,
    Right.ORDERS_REVIEW,
    Right.ORDERS_REMIND,
    Right.OVERSEE,
    Right.CALLS_READ,
    Right.RECORDINGS_LISTEN,
}

RIGHTS: dict[Role, frozenset[Right]] = {
    Role.administrator: CENTRE
    | {
        Right.PEOPLE,
        Right.POLICY,
        Right.AUDIT,
        Right.REPAIR,
        Right.LISTS_EXPORT,
        Right.LEXICON_WRITE,
        Right.CUSTOMERS_WRITE,
        Right.PERSONAL_READ,
        Right.DEPARTMENTS_WRITE,
        Right.CALLS_READ,
        Right.RECORDINGS_LISTEN,
    },
    Role.junior_agent: AGENT,
    Role.text_entry_clerk: AGENT,
    Role.recording_extractor: AGENT | {Right.CALLS_READ, Right.RECORDINGS_LISTEN},
    Role.senior_agent: SENIOR,
    Role.surveyor: CENTRE | {Right.PERSONAL_READ, Right.ORDERS_REMIND, Right.CALLS_READ, Right.RECORDINGS_LISTEN},
    Role.data_administrator: CENTRE | {Right.PERSONAL_READ, Right.SUGGESTIONS, Right.LEXICON_WRITE, Right.DEPARTMENTS_WRITE},
    Role.qa_inspector: CENTRE | {Right.PERSONAL_ASK, Right.CALLS_READ, Right.RECORDINGS_LISTEN, Right.POLICY},
    Role.statistician: CENTRE | {Right.CALLS_READ, Right.LISTS_EXPORT},
    Role.shift_leader: CENTRE | {Right.PERSONAL_ASK, Right.CALLS_READ, Right.RECORDINGS_LISTEN, Right.OVERSEE},
    Role.manager: SENIOR | {Right.ORDERS_ARBITRATE, Right.LISTS_EXPORT, Right.HOTLINE},
    Role.department_officer: frozenset({Right.INBOX, Right.ORDERS_ANSWER}),
}

BY_LINK = frozenset({Right.ORDERS_LINK})
"""What one may who came by a link to one order."""


def rights_of(roles: Iterable[Role]) -> frozenset[Right]:
    """The rights of a person with these roles: those of each role together."""
    return _together(frozenset(roles))


@cache
def _together(roles: frozenset[Role]) -> frozenset[Right]:
    """Each set of roles is put together once: a list asks hundreds of times what its reader may do."""
    return frozenset().union(*(RIGHTS[role] for role in roles))
