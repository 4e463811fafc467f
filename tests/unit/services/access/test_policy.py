"""What each role may do with whose things, written once more and apart from the table, as a person in that role would say it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from services.access.actor import LoggedIn, Person
from services.access.policy import MINE, POLICY, Act, Whose, may, reach
from services.access.rights import Role
from services.tickets import workflow
from services.tickets.actions import draft
from services.tickets.levels import Level
from services.tickets.model import State
from services.tickets.policy import ACTS, possible, relation
from services.tickets.workflow import Action

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
OTHERS_STEPS = {Action.FILL, Action.APPEAL}
"""Done by the transcript, and by what a customer adds."""
NOBODY: frozenset[Whose] = frozenset()
EVERYBODY = frozenset(Whose) - {Whose.LINKED}
NOT_ABOVE = EVERYBODY - {Whose.ABOVE}
IN_A_TRAY = frozenset({Whose.NOBODYS, Whose.TRAY})
HANDS = {
    Act.TICKET_CHANGE,
    Act.TICKET_CONFIRM,
    Act.TICKET_DISCARD,
    Act.TICKET_RESTORE,
    Act.TICKET_CLOSE,
    Act.TICKET_HAND,
    Act.ORDER_WRITE,
    Act.APPEAL_SETTLE,
}
NOT_FROM_BELOW = HANDS | {Act.ORDER_SECOND}
"""What is not done by who is below whoever has the case; a second dispatch is a reviewer's, and an order about the case."""
TRAYS = {Act.TICKET_TAKE}
MANAGERS = {Act.TICKET_DECIDE}
SUGGESTIONS = {Act.SUGGESTION_CLOSE}
LINES = {Act.APPEAL_ADD}
"""What whoever has the customer on the line does, whosever the case is."""
SENIORS = {Act.ORDER_REVIEW, Act.ORDER_SECOND, Act.ORDER_DECIDE}
DEPARTMENTS = {Act.ORDER_ANSWER}
REMINDERS = {Act.ORDER_REMIND}
BELLS = {Act.NOTICE_SEE}
EXPORTS = {Act.CALL_EXPORT, Act.TICKET_EXPORT, Act.CUSTOMER_EXPORT}
ADMINISTRATORS = {Act.CUSTOMER_CREATE, Act.CUSTOMER_CHANGE, Act.CUSTOMER_IMPORT, Act.AUDIT_SEE}
OVERSIGHT = {Act.DEPARTMENT_FIGURES}
ASKERS = {Act.PERSONAL_SHOW}
"""What whoever is shown everything in clear need not ask for."""
EARS = {Act.CALL_SEE, Act.CALL_WORDS, Act.CALL_LISTEN}


def person(role: Role, number: int = 1) -> LoggedIn:
    made = Person(
        id=number, login="x", name="X", roles=(role,), extension=None, phone_kind="browser", phone_secret_n=1, language="en",
        must_change=False, active=True,
    )  # fmt: skip
    return LoggedIn(person=made, session=b"")


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("act", sorted(BELLS))
def test_everybody_hears_their_own_bell_and_nobody_elses(role: Role, act: Act) -> None:
    assert reach(person(role), act) == {Whose.OWN}


@pytest.mark.parametrize("act", sorted(set(Act) - BELLS))
def test_an_agent_has_a_hand_and_an_ear_on_their_own_and_on_what_nobody_has_taken(act: Act) -> None:
    barred = SENIORS | DEPARTMENTS | REMINDERS | OVERSIGHT | EXPORTS | ADMINISTRATORS | MANAGERS | SUGGESTIONS | ASKERS
    wanted = NOBODY if act in barred else MINE if act in HANDS | EARS else EVERYBODY
    assert reach(person(Role.junior_agent), act) == (IN_A_TRAY if act in TRAYS else wanted)


@pytest.mark.parametrize("act", sorted(set(Act) - BELLS))
def test_a_senior_has_a_hand_on_every_case_and_order_but_those_above(act: Act) -> None:
    wanted = NOT_ABOVE if act in NOT_FROM_BELOW else IN_A_TRAY if act in TRAYS else EVERYBODY
    barred = DEPARTMENTS | EXPORTS | ADMINISTRATORS | MANAGERS | SUGGESTIONS | ASKERS
    assert reach(person(Role.senior_agent), act) == (NOBODY if act in barred else wanted)


@pytest.mark.parametrize("act", sorted(set(Act) - BELLS))
def test_the_manager_may_take_lists_away_and_decide_besides(act: Act) -> None:
    wanted = NOT_ABOVE if act in NOT_FROM_BELOW else IN_A_TRAY if act in TRAYS else EVERYBODY
    assert reach(person(Role.manager), act) == (NOBODY if act in DEPARTMENTS | ADMINISTRATORS | SUGGESTIONS | ASKERS else wanted)


@pytest.mark.parametrize("act", sorted(set(Act) - BELLS))
def test_the_administrator_keeps_customers_and_cases_stay_whose_they_are(act: Act) -> None:
    barred = (
        HANDS
        | LINES
        | TRAYS
        | MANAGERS
        | SENIORS
        | DEPARTMENTS
        | REMINDERS
        | OVERSIGHT
        | SUGGESTIONS
        | ASKERS
        | {Act.TICKET_CREATE}
    )
    assert reach(person(Role.administrator), act) == (NOBODY if act in barred else EVERYBODY)


@pytest.mark.parametrize("act", sorted(set(Act) - BELLS))
def test_the_data_administrator_has_a_hand_on_suggestions_and_on_nothing_else(act: Act) -> None:
    hand = (
        frozenset({Whose.OWN, Whose.TRAY})
        if act in {Act.TICKET_CHANGE, Act.TICKET_CLOSE, Act.TICKET_HAND, Act.APPEAL_SETTLE, *SUGGESTIONS}
        else NOBODY
    )
    hand = frozenset({Whose.TRAY}) if act in TRAYS else hand
    seen = {Act.TICKET_SEE, Act.ORDER_SEE, Act.CUSTOMER_SEE, Act.PERSONAL_SEE}
    assert reach(person(Role.data_administrator), act) == (EVERYBODY if act in seen else hand)


@pytest.mark.parametrize("act", sorted(set(Act) - BELLS))
def test_who_works_for_a_department_sees_and_answers_its_own_orders_and_nothing_else(act: Act) -> None:
    wanted = frozenset({Whose.DEPARTMENT}) if act in DEPARTMENTS | OVERSIGHT | ASKERS | {Act.ORDER_SEE} else NOBODY
    assert reach(person(Role.department_officer), act) == wanted


@pytest.mark.parametrize("act", sorted(set(Act) - BELLS))
def test_who_supervises_hears_and_sees_all_and_changes_nothing(act: Act) -> None:
    barred = (
        HANDS
        | LINES
        | TRAYS
        | MANAGERS
        | SENIORS
        | DEPARTMENTS
        | REMINDERS
        | OVERSIGHT
        | SUGGESTIONS
        | EXPORTS
        | ADMINISTRATORS
        | {Act.TICKET_CREATE, Act.PERSONAL_SEE}
    )
    assert reach(person(Role.qa_inspector), act) == (NOBODY if act in barred else EVERYBODY)


def test_every_act_stands_in_the_table() -> None:
    assert set(POLICY) == set(Act)
    assert set(ACTS) == set(Action) - OTHERS_STEPS


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize(("owner", "mine"), [(1, True), (None, True), (2, False)])
def test_what_can_be_done_with_a_ticket_is_what_its_state_and_its_owner_allow(
    state: State, owner: int | None, mine: bool
) -> None:
    ticket = draft(received_at=NOW, now=NOW, created_by=None, owner=owner)
    ticket = replace(ticket, state=state)
    of_an_answer = {Action.NOT_ACCEPT, Action.ACCEPT}
    steps = set(workflow.possible(ticket)) - OTHERS_STEPS - of_an_answer - {Action.REOPEN} if mine else set()
    assert set(possible(person(Role.junior_agent), ticket)) == steps
    assert possible(person(Role.qa_inspector), ticket) == []


def whose_is(role: Role, level: Level, owner: int | None) -> Whose:
    return relation(person(role), level, owner)


def test_whoever_handed_a_case_over_reads_it_and_changes_nothing() -> None:
    junior = person(Role.junior_agent)
    for owner in (None, 2):
        case = replace(draft(received_at=NOW, now=NOW, created_by=1, owner=owner), state=State.OPEN, level=Level.SENIOR)
        assert possible(junior, case) == []
        assert may(junior, Act.TICKET_SEE, relation(junior, case.level, case.owner_id))


def test_a_tray_is_for_people_of_its_level_to_take_from() -> None:
    trays = {level: {role for role in Role if may(person(role), Act.TICKET_TAKE, whose_is(role, level, None))} for level in Level}
    agents = {Role.junior_agent, Role.text_entry_clerk, Role.recording_extractor, Role.senior_agent, Role.manager}
    assert trays == {
        Level.JUNIOR: agents,
        Level.SENIOR: {Role.senior_agent, Role.manager},
        Level.MANAGER: {Role.manager},
        Level.DATA: {Role.data_administrator},
    }


def test_a_senior_has_no_hand_on_what_the_manager_hotline_has() -> None:
    case = replace(draft(received_at=NOW, now=NOW, created_by=1, owner=2), state=State.OPEN, level=Level.MANAGER)
    assert possible(person(Role.senior_agent), case) == []
    assert Action.CHANGE in possible(person(Role.manager, 3), case)


def test_an_answer_is_not_accepted_and_then_accepted_and_a_customer_is_told_once() -> None:
    ticket = replace(draft(received_at=NOW, now=NOW, created_by=None, owner=1), state=State.OPEN, answer="x")
    who = person(Role.junior_agent)
    assert {Action.NOT_ACCEPT, Action.ACKNOWLEDGE} <= set(possible(who, ticket))
    marked = possible(who, replace(ticket, not_accepted_at=NOW, acknowledged_at=NOW))
    assert Action.ACCEPT in marked
    assert not {Action.NOT_ACCEPT, Action.ACKNOWLEDGE} & set(marked)
