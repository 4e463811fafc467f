"""Serves the centre's reasons and text blocks over HTTP."""

from __future__ import annotations

import asyncio

from services.access.rights import Right
from services.errors import NotFound, Stale
from services.phrases import wire
from services.phrases.actions import Phrases, Standing
from services.phrases.model import Edition, Phrase
from services.web.http import Asked, route

BYTES = 8_000_000  # as many phrases as the description allows, each of the longest, all of it escaped


class PhraseRoutes:
    def __init__(self, phrases: Phrases) -> None:
        self._phrases = phrases

    @route("GET", "/api/phrases", right=Right.LEXICON_READ, long_answer=True)
    async def show(self, asked: Asked) -> wire.Phrases:
        """All reasons and text blocks."""
        return await asyncio.to_thread(_wire, await self._phrases.all())

    @route("PUT", "/api/phrases", right=Right.LEXICON_WRITE, body_limit=BYTES, long_answer=True, raises=(Stale,))
    async def replace(self, asked: Asked, body: wire.PhrasesBody) -> wire.Phrases:
        """The whole in place of the old, if ``number`` is still in force. A phrase can become inactive, never go."""
        new = await asyncio.to_thread(lambda: Edition([Phrase(**one.model_dump()) for one in body.phrases]))
        return await asyncio.to_thread(_wire, await self._phrases.replace(body.number, new, by=asked.by))

    @route("GET", "/api/phrases/editions", right=Right.LEXICON_READ)
    async def editions(self, asked: Asked) -> list[wire.PhraseEdition]:
        """Who changed them when, the newest first."""
        shown = await self._phrases.editions()
        return [wire.PhraseEdition(number=one.number, at=one.at, by=one.by) for one in shown]

    @route("POST", "/api/phrases/back", right=Right.LEXICON_WRITE, long_answer=True, raises=(Stale, NotFound))
    async def go_back(self, asked: Asked, body: wire.PhrasesBack) -> wire.Phrases:
        """As they were in an older edition: the undo. What came later stays, inactive."""
        return await asyncio.to_thread(_wire, await self._phrases.go_back(body.number, body.to, by=asked.by))


def _wire(standing: Standing) -> wire.Phrases:
    phrases = [
        wire.Phrase.model_validate({name: getattr(one, name) for name in Phrase.__slots__}) for one in standing.edition.phrases
    ]
    return wire.Phrases(number=standing.number, phrases=phrases)
