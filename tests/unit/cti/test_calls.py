"""The table says all there is to say: the tests are made from it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cti.calls import FINAL, MAX_AGE, TRANSITIONS, Call, CallState, Step
from cti.errors import IllegalMove
from cti.ids import CallId

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
LATER = START + timedelta(seconds=1)


BEGINNINGS = {CallState.ARRIVED, CallState.DIALLED}


def test_every_state_is_reachable_and_every_row_leads_to_the_end() -> None:
    assert set(TRANSITIONS) == set(CallState)
    assert {after for steps in TRANSITIONS.values() for after in steps.values()} | BEGINNINGS == set(CallState)
    assert {CallState.ENDED} == FINAL
    assert all(Step.HANG_UP in steps for state, steps in TRANSITIONS.items() if state not in FINAL)


def test_every_state_that_is_not_final_has_an_age_limit() -> None:
    assert set(MAX_AGE) == set(CallState) - FINAL


def test_every_step_is_used() -> None:
    assert {step for steps in TRANSITIONS.values() for step in steps} == set(Step)


@pytest.mark.parametrize("step", Step)
@pytest.mark.parametrize("state", CallState)
def test_a_call_moves_by_the_table_and_no_other_way(state: CallState, step: Step) -> None:
    call = Call(CallId("t-1.1"), "PJSIP/trunk-00000001", "138", "Zhang", START, state=state)
    if step in TRANSITIONS[state]:
        call.step(step, LATER)
        assert (call.state, call.since) == (TRANSITIONS[state][step], LATER)
    else:
        with pytest.raises(IllegalMove, match=f"{step} is not possible while {state}"):
            call.step(step, LATER)
        assert (call.state, call.since) == (state, START)
