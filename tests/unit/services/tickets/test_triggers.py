"""The four triggers of the manager hotline (SPEC A4), as one pure function."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from services.tickets.levels import Trigger
from services.tickets.triggers import LIMITS, Facts, Proposal, proposals

NOTHING = Facts(open=True)
ALL = Facts(open=True, asked_again=2, overdue=("V3", "N2"), repeats=1, not_accepted=True)


def test_nothing_on_record_proposes_nothing() -> None:
    assert proposals(NOTHING) == ()


def test_each_trigger_says_what_it_is_made_of_in_the_order_of_the_rule() -> None:
    assert proposals(ALL) == (
        Proposal(Trigger.UNFINISHED, times=2),
        Proposal(Trigger.OVERDUE, rules=["N2", "V3"]),
        Proposal(Trigger.REPEAT, times=1),
        Proposal(Trigger.NOT_ACCEPTED),
    )


@pytest.mark.parametrize("facts", [NOTHING, ALL])
def test_a_case_that_is_not_open_goes_nowhere(facts: Facts) -> None:
    assert proposals(replace(facts, open=False)) == ()


@pytest.mark.parametrize("which", list(product([False, True], repeat=4)))
def test_each_trigger_fires_by_itself(which: tuple[bool, ...]) -> None:
    asked, late, repeated, refused = which
    facts = Facts(open=True, asked_again=int(asked), overdue=("O1",) if late else (), repeats=int(repeated), not_accepted=refused)
    assert {one.trigger for one in proposals(facts)} == {trigger for trigger, fires in zip(Trigger, which, strict=True) if fires}


def test_only_the_clocks_that_are_a_cases_time_limit_count() -> None:
    assert proposals(Facts(open=True, overdue=("A3", "A5"))) == ()
    assert set(LIMITS) == {"N2", "V3", "O1"}
