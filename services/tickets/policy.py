"""Decides who may take which step with which ticket, from what its state allows and what ``access.policy`` grants."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal

from services.access import policy
from services.access.actor import LoggedIn
from services.access.policy import Act, Whose, owned
from services.access.rights import Right
from services.store.db import Connection
from services.tickets import workflow
from services.tickets.levels import Level
from services.tickets.model import Place, Ticket
from services.tickets.store import QUERIES
from services.tickets.workflow import HANDS, Action

ACTS = {
    Action.CHANGE: Act.TICKET_CHANGE,
    Action.CONFIRM: Act.TICKET_CONFIRM,
    Action.DISCARD: Act.TICKET_DISCARD,
    Action.RESTORE: Act.TICKET_RESTORE,
    Action.CLOSE: Act.TICKET_CLOSE,
    Action.ACKNOWLEDGE: Act.TICKET_CHANGE,
    Action.REPEAT: Act.TICKET_CHANGE,
    Action.NOT_ACCEPT: Act.TICKET_CHANGE,
    Action.ACCEPT: Act.TICKET_CHANGE,
    Action.DISPATCH: Act.ORDER_WRITE,
    **dict.fromkeys(HANDS, Act.TICKET_HAND),
    Action.TAKE: Act.TICKET_TAKE,
    Action.DECIDE: Act.TICKET_DECIDE,
    Action.CONCLUDE: Act.TICKET_DECIDE,
    Action.REOPEN: Act.TICKET_DECIDE,
}
"""What persons do to the ticket itself; ``fill`` is the transcript's, ``dispatch`` is done by an order that leaves."""

ListStep = Literal["create", "export"]
WITH_ALL: Mapping[ListStep, Act] = {"create": Act.TICKET_CREATE, "export": Act.TICKET_EXPORT}

TRAYS = {
    Level.JUNIOR: Right.TICKETS_WRITE,
    Level.SENIOR: Right.TICKETS_LEAD,
    Level.MANAGER: Right.HOTLINE,
    Level.DATA: Right.SUGGESTIONS,
}
"""Who takes from the tray of each level."""


def relation(who: LoggedIn, level: Level, owner: int | None) -> Whose:
    """Whose a case is for this person: what nobody has lies in its level's tray."""
    whose = owned(who, owner)
    if whose is Whose.OWN or level is Level.JUNIOR:
        return whose
    if not who.may(TRAYS[level]):
        return Whose.ABOVE if level is Level.MANAGER else Whose.OTHERS
    return Whose.TRAY if whose is Whose.NOBODYS else whose


async def owners(connection: Connection, tickets: Collection[str]) -> Mapping[str, Collection[int | None]]:
    """Whose each of these tickets is; None: nobody's."""
    rows = await QUERIES.owners.fetch(connection, tickets=[int(ticket) for ticket in tickets])
    return {str(row["id"]): (row["owner_id"],) for row in rows}


def whose(who: LoggedIn, ticket: Ticket | Place) -> Whose:
    """``relation`` of this ticket."""
    return relation(who, ticket.level, ticket.owner_id)


def may(who: LoggedIn, action: Action, ticket: Ticket | Place) -> bool:
    """Whether this person may take that step with that ticket, whatever its state."""
    suggested = action is Action.CLOSE and ticket.level is Level.DATA  # by the data administrator alone (SPEC A3)
    return policy.may(who, Act.SUGGESTION_CLOSE if suggested else ACTS[action], whose(who, ticket))


def possible(who: LoggedIn, ticket: Ticket | Place) -> list[Action]:
    """The steps that this person can take with the ticket as it stands, in the workflow's order."""
    return [action for action in workflow.possible(ticket) if action in ACTS and may(who, action, ticket)]


def of_list(who: LoggedIn) -> list[ListStep]:
    """What this person can do with the list."""
    return [step for step, act in WITH_ALL.items() if policy.may(who, act, Whose.OTHERS)]


def may_take_away(who: LoggedIn) -> bool:
    """As a file: only what one may see here, too."""
    return all(policy.may(who, act, Whose.OTHERS) for act in (Act.TICKET_SEE, Act.TICKET_EXPORT))
