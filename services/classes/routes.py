"""Classes and the words that point to them (SPEC S2, S3)."""

from __future__ import annotations

import asyncio

from services.access import audit
from services.access.rights import Right
from services.classes import store, wire
from services.classes.model import Category, Lexicon, Term, check
from services.now import Clock
from services.store import db
from services.web.http import Asked, route

LEXICON_BYTES = 10_000_000  # as many classes and terms as the description allows, each of the longest, all of it escaped


class LexiconRoutes:
    def __init__(self, pool: db.Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    @route("GET", "/api/lexicon", right=Right.LEXICON_READ, long_answer=True)
    async def show(self, asked: Asked) -> wire.Lexicon:
        """All classes and terms."""
        async with db.connection(self._pool) as connection:
            found = await store.lexicon(connection)
        return await asyncio.to_thread(_wire, found)

    @route("PUT", "/api/lexicon", right=Right.LEXICON_WRITE, body_limit=LEXICON_BYTES, long_answer=True)
    async def replace(self, asked: Asked, body: wire.Lexicon) -> wire.Lexicon:
        """The whole in place of the old; tickets keep the classes they have. The three kinds stay."""
        new = await asyncio.to_thread(_checked, body)
        async with db.transaction(self._pool) as connection:
            await store.replace_lexicon(connection, new)
            detail = {"classes": str(len(new.categories)), "terms": str(len(new.terms))}
            await audit.write(
                connection, self._clock.now(), by=asked.by.id, action="lexicon.replace", about="lexicon", detail=detail
            )
            written = await store.lexicon(connection)
        return await asyncio.to_thread(_wire, written)


def _checked(body: wire.Lexicon) -> Lexicon:
    """Ten thousand terms take a while: in a thread, like ``_wire``."""
    categories = [Category(**category.model_dump()) for category in body.categories]
    new = Lexicon(categories, [Term(**term.model_dump()) for term in body.terms])
    check(new)
    return new


def _wire(lexicon: Lexicon) -> wire.Lexicon:
    return wire.Lexicon(
        categories=[
            wire.Category.model_validate({name: getattr(each, name) for name in Category.__slots__})
            for each in lexicon.categories
        ],
        terms=[wire.LexiconTerm.model_validate({name: getattr(each, name) for name in Term.__slots__}) for each in lexicon.terms],
    )
