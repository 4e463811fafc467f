"""Serves classes and the words that point to them over HTTP (SPEC S2, S3)."""

from __future__ import annotations

import asyncio

from services.access.rights import Right
from services.classes import wire
from services.classes.actions import Classes
from services.classes.model import Category, Lexicon, Term, check
from services.web.http import Asked, route

LEXICON_BYTES = 10_000_000  # as many classes and terms as the description allows, each of the longest, all of it escaped


class LexiconRoutes:
    def __init__(self, classes: Classes) -> None:
        self._classes = classes

    @route("GET", "/api/lexicon", right=Right.LEXICON_READ, long_answer=True)
    async def show(self, asked: Asked) -> wire.Lexicon:
        """All classes and terms."""
        return await asyncio.to_thread(_wire, await self._classes.all())

    @route("PUT", "/api/lexicon", right=Right.LEXICON_WRITE, body_limit=LEXICON_BYTES, long_answer=True)
    async def replace(self, asked: Asked, body: wire.Lexicon) -> wire.Lexicon:
        """The whole in place of the old; tickets keep the classes they have. The three kinds stay."""
        new = await asyncio.to_thread(_checked, body)
        return await asyncio.to_thread(_wire, await self._classes.replace(new, by=asked.by))


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
