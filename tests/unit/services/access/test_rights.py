from __future__ import annotations

import pytest

from services.access.rights import BY_LINK, RIGHTS, Right, Role, rights_of


def test_every_role_has_a_row_and_every_right_is_somebodys() -> None:
    assert set(RIGHTS) == set(Role)
    assert frozenset().union(*RIGHTS.values()) == set(Right) - BY_LINK


def test_an_inspector_listens_and_changes_no_ticket() -> None:
    rights = rights_of((Role.qa_inspector,))
    assert Right.RECORDINGS_LISTEN in rights
    assert not rights & {Right.TICKETS_WRITE, Right.PEOPLE, Right.DESK, Right.CUSTOMERS_WRITE, Right.LEXICON_WRITE}


def test_an_agent_hears_own_calls_only() -> None:
    rights = rights_of((Role.junior_agent,))
    assert {Right.CALLS_READ_OWN, Right.RECORDINGS_LISTEN_OWN} <= rights
    assert not rights & {Right.CALLS_READ, Right.RECORDINGS_LISTEN}


def test_what_only_an_administrator_may_is_nobody_elses() -> None:
    alone = {Right.PEOPLE, Right.AUDIT, Right.REPAIR, Right.CUSTOMERS_WRITE}
    assert [role for role in Role if rights_of((role,)) & alone] == [Role.administrator]
    assert alone <= rights_of((Role.administrator,))


AGENTS = {Role.junior_agent, Role.text_entry_clerk, Role.recording_extractor, Role.senior_agent, Role.manager}
SENIORS = {Role.senior_agent, Role.manager}


@pytest.mark.parametrize(
    ("right", "roles"),
    [
        (Right.DESK, AGENTS),
        (Right.TICKETS_WRITE, AGENTS),
        (Right.ORDERS_WRITE, AGENTS),
        (Right.TICKETS_LEAD, SENIORS),
        (Right.ORDERS_REVIEW, SENIORS),
        (Right.ORDERS_ARBITRATE, {Role.manager}),
        (Right.ORDERS_ANSWER, {Role.department_officer}),
        (Right.LISTS_EXPORT, {Role.administrator, Role.statistician, Role.manager}),
        (Right.LEXICON_WRITE, {Role.administrator, Role.data_administrator}),
        (Right.DEPARTMENTS_WRITE, {Role.administrator, Role.data_administrator}),
    ],
)
def test_whose_a_right_is(right: Right, roles: set[Role]) -> None:
    assert {role for role in Role if right in rights_of((role,))} == roles


def test_who_works_for_a_department_may_answer_its_orders_and_nothing_else() -> None:
    assert rights_of((Role.department_officer,)) == {Right.ORDERS_ANSWER, Right.INBOX}


def test_who_holds_two_roles_may_do_what_either_may() -> None:
    both = rights_of((Role.junior_agent, Role.qa_inspector))
    assert both == rights_of((Role.junior_agent,)) | rights_of((Role.qa_inspector,))
    assert rights_of(()) == frozenset()
