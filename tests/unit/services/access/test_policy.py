"""What each role may do with whose things, written once more and apart from the table, as a person in that role would say it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from services.access.actor import LoggedIn, Person
from services.access.policy import MINE, POLICY, Act, Whose, may, owned, reach
from services.access.rights import Role
from services.tickets.actions import draft
from services.tickets.model import State
from services.tickets.policy import ACTS, possible
from services.tickets.workflow import TRANSITIONS, Action

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
NOBODY: frozenset[Whose] = frozenset()
EVERYBODY = frozenset(Whose)
HANDS = {
    Act.TICKET_CHANGE,
    Act.TICKET_CONFIRM,
    Act.TICKET_DISCARD,
    Act.TICKET_RESTORE,
    Act.TICKET_CLOSE,
    Act.ORDER_WRITE,
}
SENIORS = {Act.ORDER_REVIEW, Act.ORDER_SECOND, Act.ORDER_DECIDE}
DEPARTMENTS = {Act.ORDER_ANSWER}
REMINDERS = {Act.ORDER_REMIND}
BELLS = {Act.NOTICE_SEE}
EXPORTS = {Act.CALL_EXPORT, Act.TICKET_EXPORT, Act.CUSTOMER_EXPORT}
ADMINISTRATORS = {Act.CUSTOMER_CREATE, Act.CUSTOMER_CHANGE, Act.CUSTOMER_IMPORT, Act.AUDIT_SEE}
OVERSIGHT = {Act.DEPARTMENT_FIGURES}
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
    barred = SENIORS | DEPARTMENTS | REMINDERS | OVERSIGHT | EXPORTS | ADMINISTRATORS
    wanted = NOBODY if act in barred else MINE if act in HANDS | EARS else EVERYBODY
    assert reach(person(Role.junior_agent), act) == wanted


@pytest.mark.parametrize("act", sorted(set(Act) - BELLS))
def test_a_senior_has_a_hand_on_every_case_and_order(act: Act) -> None:
    wanted = NOBODY if act in DEPARTMENTS | EXPORTS | ADMINISTRATORS else EVERYBODY
    assert reach(person(Role.senior_agent), act) == wanted


@pytest.mark.parametrize("act", sorted(set(Act) - BELLS))
def test_the_manager_may_take_lists_away_besides(act: Act) -> None:
    assert reach(person(Role.manager), act) == (NOBODY if act in DEPARTMENTS | ADMINISTRATORS else EVERYBODY)


@pytest.mark.parametrize("act", sorted(set(Act) - BELLS))
def test_the_administrator_keeps_customers_and_cases_stay_whose_they_are(act: Act) -> None:
    wanted = NOBODY if act in HANDS | SENIORS | DEPARTMENTS | REMINDERS | OVERSIGHT | {Act.TICKET_CREATE} else EVERYBODY
    assert reach(person(Role.administrator), act) == wanted


@pytest.mark.parametrize("act", sorted(set(Act) - BELLS))
def test_who_works_for_a_department_sees_and_answers_its_own_orders_and_nothing_else(act: Act) -> None:
    wanted = frozenset({Whose.DEPARTMENT}) if act in DEPARTMENTS | OVERSIGHT | {Act.ORDER_SEE} else NOBODY
    assert reach(person(Role.department_officer), act) == wanted


@pytest.mark.parametrize("act", sorted(set(Act) - BELLS))
def test_who_supervises_hears_and_sees_all_and_changes_nothing(act: Act) -> None:
    barred = HANDS | SENIORS | DEPARTMENTS | REMINDERS | OVERSIGHT | EXPORTS | ADMINISTRATORS | {Act.TICKET_CREATE}
    assert reach(person(Role.qa_inspector), act) == (NOBODY if act in barred else EVERYBODY)


def test_every_act_stands_in_the_table() -> None:
    assert set(POLICY) == set(Act)
    assert set(ACTS) == set(Action) - {Action.FILL}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize(("owner", "mine"), [(1, True), (None, True), (2, False)])
def test_what_can_be_done_with_a_ticket_is_what_its_state_and_its_owner_allow(
    state: State, owner: int | None, mine: bool
) -> None:
    ticket = draft(received_at=NOW, now=NOW, created_by=None, owner=owner)
    ticket = replace(ticket, state=state)
    steps = set(TRANSITIONS[state]) - {Action.FILL} if mine else set()
    assert set(possible(person(Role.junior_agent), ticket)) == steps
    assert possible(person(Role.qa_inspector), ticket) == []


def test_a_thing_is_ones_own_anothers_or_nobodys() -> None:
    who = person(Role.junior_agent)
    assert [owned(who, owner) for owner in (1, 2, None)] == [Whose.OWN, Whose.OTHERS, Whose.NOBODYS]
    assert [may(who, Act.TICKET_CLOSE, whose) for whose in Whose] == [True, True, False, False, False]
