"""Decides whether a case is to go to the manager hotline (SPEC A4): four triggers, each with why. Pure.

They propose and hand nothing over: a person does that, with the customer on the line where there is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.tickets.levels import Trigger

LIMITS = ("N2", "V3", "O1")
"""The clocks whose end is the time limit of a case: its dispatch, its orders, the authority's answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is on record of a case. ``asked_again``: how often the customer asked while it was open. ``overdue``: its clocks that
    are over. ``repeats``: how many earlier cases it repeats, one after the other. ``not_accepted``: a correct answer.
    """

    open: bool
    asked_again: int = 0
    overdue: Sequence[str] = ()
    repeats: int = 0
    not_accepted: bool = False


@dataclass(frozen=True, slots=True)
class Proposal:
    """A trigger, and what it is made of: how often, or which clocks."""

    trigger: Trigger
    times: int = 0
    rules: Sequence[str] = ()


def proposals(facts: Facts) -> tuple[Proposal, ...]:
    """Why the case is to go to the manager hotline; empty if there is no reason, or the case is not open."""
    if not facts.open:
        return ()
    rules = [rule for rule in LIMITS if rule in facts.overdue]
    found = {
        Trigger.UNFINISHED: Proposal(Trigger.UNFINISHED, times=facts.asked_again) if facts.asked_again else None,
        Trigger.OVERDUE: Proposal(Trigger.OVERDUE, rules=rules) if rules else None,
        Trigger.REPEAT: Proposal(Trigger.REPEAT, times=facts.repeats) if facts.repeats else None,
        Trigger.NOT_ACCEPTED: Proposal(Trigger.NOT_ACCEPTED) if facts.not_accepted else None,
    }
    return tuple(one for one in found.values() if one)
