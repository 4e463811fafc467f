"""Which clocks run for a ticket: A3, A7, N2 and O1."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.clocks.model import Start
from services.tickets.actions import draft
from services.tickets.clocked import Turn, running, turn
from services.tickets.levels import TO_A_SENIOR_AT_ONCE, Level
from services.tickets.model import State

RECEIVED = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
CONFIRMED = RECEIVED + timedelta(minutes=4)
DRAFT = draft(received_at=RECEIVED, now=RECEIVED, created_by=1, owner=1)
OPEN = replace(DRAFT, state=State.OPEN, confirmed_at=CONFIRMED)
COMPLAINT, SUGGESTION, ENQUIRY = (replace(OPEN, kind=kind) for kind in ("complaint", "suggestion", "enquiry"))
NONE: frozenset[str] = frozenset()


def test_a_complaint_is_dispatched_within_an_hour_of_its_receipt_not_of_its_confirmation() -> None:
    assert running(COMPLAINT) == {"N2": Start(RECEIVED, "receipt"), "O1": Start(RECEIVED, "receipt")}


def test_o1_a_complaint_is_answered_within_the_norm_also_once_it_is_dispatched() -> None:
    dispatched = replace(COMPLAINT, dispatched_at=CONFIRMED)
    assert running(dispatched) == {"O1": Start(RECEIVED, "receipt")}
    assert turn(COMPLAINT, dispatched) == Turn({}, frozenset({"N2"}), NONE)
    assert turn(dispatched, replace(dispatched, state=State.CLOSED)) == Turn({}, frozenset({"O1"}), NONE)


def test_a_suggestion_is_handed_over_once_it_is_confirmed() -> None:
    assert running(SUGGESTION) == {"A3": Start(CONFIRMED, "confirmed")}


@pytest.mark.parametrize("state", [state for state in State if state is not State.OPEN])
@pytest.mark.parametrize("kind", ["complaint", "suggestion"])
def test_nothing_runs_before_and_after(state: State, kind: str) -> None:
    assert running(replace(OPEN, state=state, kind=kind)) == {}


def test_an_enquiry_has_no_clock() -> None:
    assert running(ENQUIRY) == {}


def test_confirming_begins_and_closing_settles() -> None:
    begun = turn(replace(DRAFT, kind="complaint"), COMPLAINT)
    receipt = Start(RECEIVED, "receipt")
    assert begun == Turn({"N2": receipt, "O1": receipt}, NONE, NONE)
    assert turn(COMPLAINT, replace(COMPLAINT, state=State.CLOSED)) == Turn(
        {}, frozenset({"O1"}), frozenset({"N2"})
    )  # on the spot


def test_what_turns_out_to_be_of_another_kind_has_its_clocks() -> None:
    assert turn(COMPLAINT, SUGGESTION) == Turn({"A3": Start(CONFIRMED, "confirmed")}, NONE, frozenset({"N2", "O1"}))
    assert turn(SUGGESTION, ENQUIRY) == Turn({}, NONE, frozenset({"A3"}))


def test_a_change_of_words_leaves_the_clocks_alone() -> None:
    assert turn(COMPLAINT, replace(COMPLAINT, description="another")) == Turn({}, NONE, NONE)
    assert turn(DRAFT, replace(DRAFT, state=State.DISCARDED)) == Turn({}, NONE, NONE)


def test_a3_is_met_by_arrival_in_the_data_administrators_tray() -> None:
    handed = replace(SUGGESTION, level=Level.DATA, owner_id=None)
    assert turn(SUGGESTION, handed) == Turn({}, frozenset({"A3"}), NONE)
    assert turn(handed, replace(handed, owner_id=7)) == Turn({}, NONE, NONE)
    assert turn(handed, replace(handed, state=State.CLOSED)) == Turn({}, NONE, NONE)


def test_a3_stops_where_the_manager_hotline_has_the_suggestion() -> None:
    assert turn(SUGGESTION, replace(SUGGESTION, level=Level.MANAGER)) == Turn({}, NONE, frozenset({"A3"}))


@pytest.mark.parametrize("tier", sorted(TO_A_SENIOR_AT_ONCE))
def test_a7_runs_from_the_receipt_until_a_senior_has_the_case(tier: str) -> None:
    case = replace(COMPLAINT, tier=tier)
    receipt = Start(RECEIVED, "receipt")
    assert running(case) == {"N2": receipt, "O1": receipt, "A7": receipt}
    tray = replace(case, level=Level.SENIOR, owner_id=None)
    assert turn(case, tray) == Turn({}, NONE, NONE), "in the tray nobody has it yet"
    had = replace(tray, owner_id=2, senior_at=CONFIRMED)
    assert turn(tray, had) == Turn({}, frozenset({"A7"}), NONE)
    assert turn(had, replace(had, owner_id=None)) == Turn({}, NONE, NONE), "given back, it has been a senior's"


def test_a7_is_nobody_elses() -> None:
    for tier in ("normal", None):
        assert "A7" not in running(replace(COMPLAINT, tier=tier))
    assert "A7" not in running(replace(SUGGESTION, tier="big")), "a suggestion goes to the data administrator"


def test_what_the_manager_opens_again_is_dispatched_within_an_hour_of_that() -> None:
    again = CONFIRMED + timedelta(days=3)
    reopened = replace(COMPLAINT, level=Level.MANAGER, reopened_at=again)
    assert running(reopened) == {"N2": Start(again, "reopened"), "O1": Start(again, "reopened")}
    assert running(replace(SUGGESTION, level=Level.MANAGER, reopened_at=again)) == {}
