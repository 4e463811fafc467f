"""Answers the IVR's questions: who is this caller to us, and what did the caller choose (SPEC A7, C1, C2)."""

from __future__ import annotations

from collections.abc import Callable

from cti.ids import MAIN, CallId, Node
from ivr.backoffice import Reception
from services.calls.facts import Fact, MenuChosen
from services.calls.network_text import printable
from services.customers.numbers import ANYWHERE, Numbering
from services.now import Clock
from services.pops.remembered import Memory


class BackOffice:
    """Implements ``ivr.backoffice.BackOffice``: answers from the database, else from the cache, else as for anybody."""

    def __init__(
        self,
        memory: Memory,
        clock: Clock,
        *,
        language: str,
        priority_of: Callable[[str], int],
        note: Callable[[Fact], None],
        numbering: Numbering = ANYWHERE,
        node: Node = MAIN,
    ) -> None:
        self._memory = memory
        self._clock = clock
        self._language = language
        self._priority_of = priority_of
        self._note = note
        self._numbering = numbering
        self._node = node

    async def receive(self, call: CallId, number: str) -> Reception:
        """Priority by the customer's tier; the centre's own language."""
        customer = await self._memory.customer(self._numbering.read(number))
        return Reception(self._priority_of(customer.tier if customer else "normal"), self._language)

    async def chosen(self, call: CallId, path: str, notice: str) -> None:
        """Remembered through the journal: never waits."""
        path = printable(path)[:20]
        self._note(MenuChosen(at=self._clock.now(), call=call, path=path, notice=printable(notice), node=self._node))
