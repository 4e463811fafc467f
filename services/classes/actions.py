"""Lets the centre edit its classes and the words that point to them (SPEC S2, S3): the whole in place of the old, on record."""

from __future__ import annotations

from dataclasses import dataclass

from services.access import audit
from services.access.actor import LoggedIn
from services.classes import store
from services.classes.model import Lexicon
from services.now import Clock
from services.store.db import Pool, connection, transaction


@dataclass(frozen=True, slots=True)
class Classes:
    """The use-cases of this room."""

    pool: Pool
    clock: Clock

    async def all(self) -> Lexicon:
        async with connection(self.pool) as taken:
            return await store.lexicon(taken)

    async def replace(self, new: Lexicon, *, by: LoggedIn) -> Lexicon:
        """Puts ``new``, which has been checked, in place of what is kept and returns it. Tickets keep the classes that they
        have.
        """
        detail = {"classes": str(len(new.categories)), "terms": str(len(new.terms))}
        async with transaction(self.pool) as taken:
            await store.replace_lexicon(taken, new)
            await audit.write(taken, self.clock.now(), by=by.id, action="lexicon.replace", about="lexicon", detail=detail)
            return await store.lexicon(taken)
