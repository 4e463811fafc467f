"""The workflow table (SPEC A2, A3, A7, M1): complete, and every move that is not in it is refused and changes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import product

import pytest

from services.errors import Invalid, NotAllowed
from services.tickets.actions import draft
from services.tickets.levels import LEVELS, Level
from services.tickets.model import State, Ticket, by_agent, fill
from services.tickets.workflow import (
    CASES,
    CONFIRMED,
    FINAL,
    HANDS,
    TRANSITIONS,
    Action,
    ForDataAdministrator,
    Held,
    advance,
    check_closing,
    check_codes,
    check_complete,
    missing,
    onward,
    possible,
    wants,
)

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
EMPTY = draft(received_at=AT, now=AT, created_by=1, owner=1)


def ticket(**fields: str) -> Ticket:
    return fill(EMPTY, by_agent(fields))[0]


def fitting(state: State, action: Action) -> Ticket:
    """A ticket in that state that has all that the step asks for besides."""
    manager = action in {Action.DECIDE, Action.CONCLUDE}
    return replace(
        EMPTY,
        state=state,
        version=4,
        kind="suggestion" if action is Action.SUGGEST else "complaint",
        level=Level.MANAGER if manager else Level.JUNIOR,
        owner_id=None if action is Action.TAKE else 1,
        answer="x",
        not_accepted_at=AT if action is Action.ACCEPT else None,
    )


def test_every_state_has_its_row() -> None:
    assert set(TRANSITIONS) == set(State)


@pytest.mark.parametrize(("state", "action"), list(product(State, Action)))
def test_a_move_is_in_the_table_or_refused(state: State, action: Action) -> None:
    before = fitting(state, action)
    if action in TRANSITIONS[state]:
        after = advance(before, action)
        assert (after.state, after.version) == (TRANSITIONS[state][action], 5)
    else:
        with pytest.raises(NotAllowed):
            advance(before, action)


def test_every_state_can_be_reached_from_a_draft_and_final_ones_lead_nowhere_but_by_the_manager() -> None:
    reached, frontier = {State.DRAFT}, [State.DRAFT]
    while frontier:
        new = set(TRANSITIONS[frontier.pop()].values()) - reached
        reached |= new
        frontier += new
    assert reached == set(State)
    assert {state for state in State if set(TRANSITIONS[state]) <= {Action.REOPEN, Action.APPEAL}} == FINAL


@pytest.mark.parametrize(("level", "action"), list(product(Level, Action)))
def test_a_step_leads_to_the_level_of_the_table_or_is_refused(level: Level, action: Action) -> None:
    before = replace(fitting(State.OPEN, action), level=level)
    leads = {HANDS[action]: None} if action in HANDS else {}
    if not (set(leads) <= set(LEVELS[level])):
        with pytest.raises(NotAllowed):
            advance(before, action)
    elif action in HANDS:
        after = advance(before, action)
        assert (after.level, after.owner_id) == (LEVELS[level][HANDS[action]], None)
        assert action in possible(before)


def test_every_level_has_its_row_and_can_be_left() -> None:
    assert set(LEVELS) == set(Level)
    assert {after for steps in LEVELS.values() for after in steps.values()} == set(Level)
    assert all(set(steps.values()) - {level} for level, steps in LEVELS.items())


def test_one_of_two_takes_a_case_and_the_other_hears_that_it_is_taken() -> None:
    with pytest.raises(Held):
        advance(replace(EMPTY, state=State.OPEN, owner_id=2), Action.TAKE)
    with pytest.raises(NotAllowed):
        advance(replace(EMPTY, state=State.OPEN, owner_id=None), Action.GIVE_BACK)


def test_a_suggestion_is_the_data_administrators_to_close() -> None:
    suggestion = replace(EMPTY, state=State.OPEN, kind="suggestion")
    with pytest.raises(ForDataAdministrator):
        advance(suggestion, Action.CLOSE)
    assert advance(replace(suggestion, level=Level.DATA), Action.CLOSE).state is State.CLOSED
    with pytest.raises(NotAllowed):
        advance(replace(EMPTY, state=State.OPEN, kind="complaint"), Action.SUGGEST)


def test_at_the_manager_hotline_a_case_is_closed_by_a_decision_and_there_alone() -> None:
    case = replace(EMPTY, state=State.OPEN, kind="complaint")
    for action in (Action.DECIDE, Action.CONCLUDE):
        with pytest.raises(NotAllowed):
            advance(case, action)
    with pytest.raises(NotAllowed):
        advance(replace(case, level=Level.MANAGER), Action.CLOSE)
    assert advance(replace(case, level=Level.MANAGER), Action.CONCLUDE).state is State.CLOSED
    assert advance(replace(case, state=State.CLOSED), Action.REOPEN).level is Level.MANAGER


@pytest.mark.parametrize(
    ("kind", "tier", "level", "step"),
    [
        ("suggestion", None, Level.JUNIOR, Action.SUGGEST),
        ("suggestion", "big", Level.SENIOR, Action.SUGGEST),
        ("complaint", "big", Level.JUNIOR, Action.HAND_OVER),
        ("enquiry", "dedicated_line", Level.JUNIOR, Action.HAND_OVER),
        ("complaint", "important", Level.SENIOR, None),
        ("complaint", "normal", Level.JUNIOR, None),
        ("complaint", None, Level.JUNIOR, None),
    ],
)
def test_what_a_confirmed_case_does_by_itself(kind: str, tier: str | None, level: Level, step: Action | None) -> None:
    assert onward(replace(EMPTY, state=State.OPEN, kind=kind, tier=tier, level=level)) is step


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
    assert wants(replace(draft, state=State.OPEN)) == [
        "answer",
        "business",
        "closing",
        "description",
        "kind",
        "nature",
    ]
    assert wants(replace(ticket(kind="suggestion"), state=State.OPEN)) == ["description", "kind", "suggestion"]


@pytest.mark.parametrize("kind", ["complaint", "enquiry"])
@pytest.mark.parametrize(
    ("closing", "note", "wrong"),
    [
        (None, "", "closing"),
        ("gone_home", "", "closing"),
        ("other", " ", "note"),
        (CONFIRMED, "", None),
        ("unreachable", "", None),
        ("other", "客户出国", None),
    ],
)
def test_a_case_closes_with_the_customers_word_or_the_reason_why_there_is_none(
    kind: str, closing: str | None, note: str, wrong: str | None
) -> None:
    reasons = {"unreachable", "other"}
    if wrong is None:
        check_closing(ticket(kind=kind), closing, note, reasons)
        return
    with pytest.raises(Invalid) as refused:
        check_closing(ticket(kind=kind), closing, note, reasons)
    assert [one.field for one in refused.value.fields] == [wrong]


def test_a_suggestion_settles_nothing_that_its_customer_could_confirm() -> None:
    check_closing(ticket(kind="suggestion"), None, "", set())


def test_severity_and_channel_are_never_empty() -> None:
    before = ticket(severity="major", channel="letter")
    after, changes = fill(before, by_agent({"severity": None, "channel": ""}))
    assert (after.severity, after.channel) == ("ordinary", "telephone")
    assert changes == {"severity": ("major", "ordinary"), "channel": ("letter", "telephone")}


def test_a_class_outside_the_centres_list_is_refused() -> None:
    with pytest.raises(Invalid):
        check_codes({"business": "telex"}, {"business": {"data"}})
    check_codes({"business": None, "description": "telex"}, {"business": {"data"}})


def test_filling_says_what_changed_and_who_did_it() -> None:
    before = ticket(description="a")
    after, changes = fill(before, by_agent({"description": "b", "address": "", "kind": None}))
    assert changes == {"description": ("a", "b")}
    assert after.sources["address"].by == "agent"
