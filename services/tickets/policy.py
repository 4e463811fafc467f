"""Decides who may take which step with which ticket, from what its state allows and what ``access.policy`` grants."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal

from services.access import policy
from services.access.actor import LoggedIn
from services.access.policy import Act, Whose, owned
from services.store.db import Connection
from services.tickets.model import State, Ticket
from services.tickets.store import QUERIES
from services.tickets.workflow import TRANSITIONS, Action

ACTS = {
    Action.CHANGE: Act.TICKET_CHANGE,
    Action.CONFIRM: Act.TICKET_CONFIRM,
    Action.DISCARD: Act.TICKET_DISCARD,
    Action.RESTORE: Act.TICKET_RESTORE,
    Action.CLOSE: Act.TICKET_CLOSE,
    Action.DISPATCH: Act.ORDER_WRITE,
}
"""What persons do to the ticket itself; ``fill`` is the transcript's, ``dispatch`` is done by an order that leaves."""

ListStep = Literal["create", "export"]
WITH_ALL: Mapping[ListStep, Act] = {"create": Act.TICKET_CREATE, "export": Act.TICKET_EXPORT}


async def owners(connection: Connection, tickets: Collection[str]) -> Mapping[str, Collection[int | None]]:
    """Whose each of these tickets is; None: nobody's."""
    rows = await QUERIES.owners.fetch(connection, tickets=[int(ticket) for ticket in tickets])
    return {str(row["id"]): (row["owner_id"],) for row in rows}


def may(who: LoggedIn, action: Action, ticket: Ticket) -> bool:
    """Whether this person may take that step with that ticket, whatever its state."""
    return policy.may(who, ACTS[action], owned(who, ticket.owner_id))


def possible(who: LoggedIn, ticket: Ticket) -> list[Action]:
    """The steps that this person can take with the ticket as it stands, in the workflow's order."""
    return steps(who, ticket.state, ticket.owner_id)


def steps(who: LoggedIn, state: State, owner: int | None) -> list[Action]:
    """The same of a ticket of which no more is known: a row of a list."""
    whose = owned(who, owner)
    return [action for action in TRANSITIONS[state] if action in ACTS and policy.may(who, ACTS[action], whose)]


def of_list(who: LoggedIn) -> list[ListStep]:
    """What this person can do with the list."""
    return [step for step, act in WITH_ALL.items() if policy.may(who, act, Whose.OTHERS)]


def may_take_away(who: LoggedIn) -> bool:
    """As a file: only what one may see here, too."""
    return all(policy.may(who, act, Whose.OTHERS) for act in (Act.TICKET_SEE, Act.TICKET_EXPORT))
