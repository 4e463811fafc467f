"""Who may see a call, hear its sound and read its words: decided here, wherever they are shown (list, page, player, ticket).

A call is one's own if one spoke in it, or if the ticket made of it is in one's hands: it is one's own, or nobody's yet, for
somebody must be able to take it.
"""

from __future__ import annotations

from enum import StrEnum

from services.access.actor import LoggedIn
from services.access.rights import Right
from services.calls.store import QUERIES
from services.store.db import Connection


class Part(StrEnum):
    """What there is of a call."""

    CALL = "call"
    WORDS = "words"
    SOUND = "sound"


RIGHTS = {
    Part.CALL: (Right.CALLS_READ, Right.CALLS_READ_OWN),
    Part.WORDS: (Right.CALLS_READ, Right.CALLS_READ_OWN),
    Part.SOUND: (Right.RECORDINGS_LISTEN, Right.RECORDINGS_LISTEN_OWN),
}
"""Part -> the right to everybody's, the right to one's own."""


async def may(connection: Connection, who: LoggedIn, part: Part, call: str) -> bool:
    """Whether this person may have that part of that call, whatever way was taken to it."""
    everybodys, own = RIGHTS[part]
    if who.may(everybodys):
        return True
    return who.may(own) and bool(await QUERIES.is_own.fetchval(connection, call=call, person=who.id))


def only_own(who: LoggedIn) -> int | None:
    """Whose own calls a list is cut down to; None: all are shown. The lists' queries say "own" as ``is_own`` does, by a test."""
    return None if who.may(Right.CALLS_READ) else who.id
