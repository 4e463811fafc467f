"""The workflow table (SPEC A2): complete, and every move that is not in it is refused and changes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import product

import pytest

from services.errors import Invalid, NotAllowed
from services.tickets.actions import draft
from services.tickets.model import State, Ticket, by_agent, fill
from services.tickets.workflow import CASES, FINAL, TRANSITIONS, Action, advance, check_codes, check_complete, missing, wants

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
EMPTY = draft(received_at=AT, now=AT, created_by=1, owner=1)


def ticket(**fields: str) -> Ticket:
    return fill(EMPTY, by_agent(fields))[0]


def test_every_state_has_its_row() -> None:
    assert set(TRANSITIONS) == set(State)


@pytest.mark.parametrize(("state", "action"), list(product(State, Action)))
def test_a_move_is_in_the_table_or_refused(state: State, action: Action) -> None:
    before = replace(EMPTY, state=state, version=4)
    if action in TRANSITIONS[state]:
        after = advance(before, action)
        assert (after.state, after.version) == (TRANSITIONS[state][action], 5)
    else:
        with pytest.raises(NotAllowed):
            advance(before, action)


def test_every_state_can_be_reached_from_a_draft_and_final_ones_lead_nowhere() -> None:
    reached, frontier = {State.DRAFT}, [State.DRAFT]
    while frontier:
        new = set(TRANSITIONS[frontier.pop()].values()) - reached
        reached |= new
        frontier += new
    assert reached == set(State)
    assert {state for state in State if not TRANSITIONS[state]} == FINAL


def test_a_case_is_never_a_draft_again() -> None:
    assert all(after in CASES for state in CASES for after in TRANSITIONS[state].values())


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({}, {"kind", "description"}),
        ({"kind": "complaint"}, {"business", "description", "nature"}),
        ({"kind": "suggestion", "description": "x"}, {"suggestion"}),
        ({"kind": "enquiry", "description": " \n "}, {"description"}),
        ({"kind": "enquiry", "description": "x"}, set()),
        ({"kind": "complaint", "business": "data", "nature": "tariff", "description": "x"}, set()),
    ],
)
def test_mandatory_fields_go_by_kind_and_are_named_all_at_once(fields: dict[str, str], wanted: set[str]) -> None:
    assert {wrong.field for wrong in missing(ticket(**fields))} == wanted


def test_a_closed_complaint_has_its_answer() -> None:
    closed = replace(ticket(kind="complaint", business="data", nature="tariff", description="x"), state=State.CLOSED)
    with pytest.raises(Invalid) as refused:
        check_complete(closed)
    assert [wrong.field for wrong in refused.value.fields] == ["answer"]
    check_complete(replace(closed, answer="refunded"))


def test_the_next_step_wants_what_it_will_be_refused_without() -> None:
    draft = ticket(kind="complaint")
    assert wants(draft) == ["business", "description", "kind", "nature"]
    assert wants(replace(draft, state=State.OPEN)) == ["answer", "business", "description", "kind", "nature"]
    assert wants(replace(ticket(kind="suggestion"), state=State.OPEN)) == ["description", "kind", "suggestion"]


def test_a_class_outside_the_centres_list_is_refused() -> None:
    with pytest.raises(Invalid):
        check_codes({"business": "telex"}, {"business": {"data"}})
    check_codes({"business": None, "description": "telex"}, {"business": {"data"}})


def test_filling_says_what_changed_and_who_did_it() -> None:
    before = ticket(description="a")
    after, changes = fill(before, by_agent({"description": "b", "address": "", "kind": None}))
    assert changes == {"description": ("a", "b")}
    assert after.sources["address"].by == "agent"
