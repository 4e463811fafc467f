"""Decides whose a call is: for the list, the page, its sound and its words, and for the ticket that quotes them. What follows
from that stands in ``access.policy``.

A call is one's own if one placed it or spoke in it, or if the ticket made of it is in one's hands: it is one's own, or nobody's
yet, for somebody must be able to take it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal

from services.access import policy
from services.access.actor import LoggedIn
from services.access.policy import Act, Whose
from services.calls.store import QUERIES
from services.store.db import Connection


async def may(connection: Connection, who: LoggedIn, act: Act, call: str) -> bool:
    """Whether this person may do that with that call, whatever way was taken to it."""
    reach = policy.reach(who, act)
    if Whose.OTHERS in reach or Whose.OWN not in reach:  # the answer is the same whosever it is: no query
        return Whose.OTHERS in reach
    return bool(await QUERIES.is_own.fetchval(connection, call=call, person=who.id))


async def owners(connection: Connection, calls: Collection[str]) -> Mapping[str, Collection[int | None]]:
    """Whose each of these calls is, as ``is_own`` says it; None among them: nobody's."""
    rows = await QUERIES.owners.fetch(connection, calls=list(calls))
    return {row["call"]: row["owners"] for row in rows}


def only_own(who: LoggedIn) -> int | None:
    """The person to whose own calls a list is cut down; None: all are shown. A test holds that the lists' queries say "own" as
    ``is_own`` does.
    """
    return None if policy.may(who, Act.CALL_SEE, Whose.OTHERS) else who.id


def of_list(who: LoggedIn) -> list[Literal["export"]]:
    """What this person can do with the list of calls."""
    return ["export"] if policy.reach(who, Act.CALL_EXPORT) else []


def may_take_away(who: LoggedIn) -> bool:
    """As a file: those calls that one may see here, too (``only_own``)."""
    return all(policy.reach(who, act) for act in (Act.CALL_SEE, Act.CALL_EXPORT))
