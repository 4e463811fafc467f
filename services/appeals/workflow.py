"""Decides what may become of a supplementary appeal (SPEC A5). No other place decides that.

It is answered, or it leads to a chase or a withdrawal of an order; whoever wrote it down by mistake drops it. As long as one is
open its case cannot be closed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from services.appeals.model import Appeal, State
from services.errors import NotAllowed


class Action(StrEnum):
    """What is done with an appeal."""

    ANSWER = "answer"
    CHASE = "chase"
    WITHDRAW = "withdraw"
    DROP = "drop"


TRANSITIONS: Mapping[State, Mapping[Action, State]] = {
    State.OPEN: {
        Action.ANSWER: State.ANSWERED,
        Action.CHASE: State.CHASED,
        Action.WITHDRAW: State.WITHDRAWN,
        Action.DROP: State.DROPPED,
    },
    State.ANSWERED: {},
    State.CHASED: {},
    State.WITHDRAWN: {},
    State.DROPPED: {},
}


def settled(appeal: Appeal, action: Action, *, by: int, at: datetime, answer: str = "", paper: int | None = None) -> Appeal:
    """The appeal once that is done; NotAllowed (and nothing changed) if it is not open any more."""
    try:
        state = TRANSITIONS[appeal.state][action]
    except KeyError:
        raise NotAllowed(f"{action} is not possible while {appeal.state}") from None
    after = replace(appeal, state=state, version=appeal.version + 1, answer=answer)
    return replace(after, paper_id=paper, settled_by=by, settled_at=at)
