"""Holds all that we believe about the switch as one value: calls, agents, queues. Pure: a recorded day replays in seconds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection

from cti import events
from cti.agents import Roster
from cti.board import CallBoard
from cti.changes import Change
from cti.errors import IllegalMove
from cti.ids import Extension, extension_of
from cti.queues import Queues


class Picture:
    """``illegal`` counts the moves that the board refused, by the event and their text; each left the board as it was."""

    def __init__(self, agent_of: Callable[[str], Extension | None] = extension_of, trunks: Collection[str] = ()) -> None:
        self.board = CallBoard(agent_of, trunks)
        self.roster = Roster(agent_of)
        self.queues = Queues()
        self.illegal: Counter[str] = Counter()

    def apply(self, event: events.Event) -> list[Change]:
        """Changes that follow from this event: of calls, then of queues, then of agents. Never raises, whatever the switch
        says.
        """
        try:
            out = self.board.apply(event)
        except IllegalMove as error:
            self.illegal[f"{type(event).__name__}: {error}"] += 1
            out = []  # queues and agents hear of the event all the same: it may be the board that has missed something
        followed = [change for one in out for change in self.roster.follow(one)] if out else out
        return [*out, *self.queues.apply(event), *followed, *self.roster.apply(event)]
