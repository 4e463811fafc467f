"""Finds who comes by a link to one order, which a mail to a department had in it: no account, no session, no cookie.

The page sends the token as a header with everything it asks, so two links open in one browser are two, and one who is logged in
stays that. A link is looked up by the SHA-256 of its token, as sessions are: nothing secret is compared. It is for one order
(``LoggedIn.order``), and what it may do with that stands in ``policy`` beside everything else.

Who guesses is slowed down by address, like who guesses passwords (``throttle``), a right token included while that lasts. Tries
at the same moment can slip through between look and note; of 2^256 tokens that is nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from services.access import throttle
from services.access.actor import LoggedIn
from services.access.sessions import TOKEN_LENGTH, hash_of, person_of
from services.access.throttle import ThrottleLimits
from services.errors import Gone, NotLoggedIn
from services.now import Clock
from services.store import db
from services.store.queries import load_queries

QUERIES = load_queries(Path(__file__).parent / "links.sql")


class NoSuchLink(NotLoggedIn):
    """There is no such link."""

    code = "link_unknown"


class LinkOver(Gone):
    """The link opens nothing any more: the order was answered or withdrawn, or the link is too old."""

    code = "link_over"


@dataclass(frozen=True, slots=True)
class Links:
    """Implements ``services.web.http.Links``."""

    pool: db.Pool
    clock: Clock
    limits: ThrottleLimits

    async def who(self, token: str, *, peer: str) -> LoggedIn:
        """Who comes by this link. Raises NoSuchLink, LinkOver, Throttled."""
        now, hashed = self.clock.now(), hash_of(token)
        async with db.transaction(self.pool) as taken:
            await throttle.check_guesser(taken, now, peer=peer, limits=self.limits)
            row = await QUERIES.find.fetchrow(taken, hash=hashed) if len(token) == TOKEN_LENGTH else None
            if row is None:
                await throttle.guessed(taken, now, peer=peer, limits=self.limits)
        if row is None:
            raise NoSuchLink
        person = person_of(row)
        if person is None or row["over_at"] is not None or row["ends_at"] <= now:
            raise LinkOver
        return LoggedIn(person=person, session=hashed, order=row["order_id"])
