"""The table that is drawn for people says what the program decides."""

from __future__ import annotations

import pytest

from services.access.matrix import lines
from services.access.policy import ANYBODYS, Act, Whose, reach
from services.access.rights import RIGHTS, Right, Role
from tests.unit.services.access.test_policy import person

LINES = {line.what: line.reach for line in lines()}


def test_every_right_and_every_act_has_one_line() -> None:
    assert list(LINES) == [*Right, *Act]


@pytest.mark.parametrize("role", Role)
def test_each_role_reaches_what_the_policy_says(role: Role) -> None:
    assert {act: LINES[act].get(role, frozenset()) for act in Act} == {act: reach(person(role), act) for act in Act}
    assert {right for right in Right if LINES[right].get(role)} == RIGHTS[role]


def test_a_line_reads_as_a_person_would_say_it() -> None:
    assert LINES[Act.TICKET_CLOSE][Role.junior_agent] == {Whose.OWN, Whose.NOBODYS, Whose.TRAY}
    assert LINES[Act.ORDER_ANSWER] == {Role.department_officer: frozenset({Whose.DEPARTMENT})}
    assert LINES[Right.PEOPLE] == {Role.administrator: ANYBODYS}
