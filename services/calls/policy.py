"""Whose a call is, for its list, page, sound and words, and for the ticket that quotes them; what follows is ``access.policy``'s.

A call is one's own if one spoke in it, or if the ticket made of it is in one's hands: it is one's own, or nobody's yet, for
somebody must be able to take it.
"""

from __future__ import annotations

from services.access import policy
from services.access.actor import LoggedIn
from services.access.policy import Act, Whose
from services.calls.store import QUERIES
from services.store.db import Connection


async def may(connection: Connection, who: LoggedIn, act: Act, call: str) -> bool:
    """Whether this person may do that with that call, whatever way was taken to it."""
    reach = policy.reach(who, act)
    if Whose.OTHERS in reach or Whose.OWN not in reach:  # whose it is changes nothing: not asked
        return Whose.OTHERS in reach
    return bool(await QUERIES.is_own.fetchval(connection, call=call, person=who.id))


def only_own(who: LoggedIn) -> int | None:
    """Whose own calls a list is cut down to; None: all are shown. The lists' queries say "own" as ``is_own`` does, by a test."""
    return None if policy.may(who, Act.CALL_SEE, Whose.OTHERS) else who.id
