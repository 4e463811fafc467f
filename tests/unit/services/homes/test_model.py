"""Which trays a person has: those of all their roles."""

from __future__ import annotations

from dataclasses import replace

from services.access.rights import Role
from services.homes.model import RIGHTS, Tray, trays
from tests.unit.services.access.test_policy import person


def test_every_tray_is_opened_by_a_right() -> None:
    assert list(RIGHTS) == list(Tray)
    assert all(RIGHTS.values())


def test_every_role_but_those_whose_rooms_are_to_come_has_a_tray() -> None:
    without = {role for role in Role if not trays(person(role))}
    assert without == {Role.statistician}


def test_several_roles_have_the_trays_of_each_in_one_order() -> None:
    one, other = person(Role.junior_agent), person(Role.qa_inspector)
    both = replace(one, person=replace(one.person, roles=(Role.qa_inspector, Role.junior_agent)))
    assert trays(both) == [tray for tray in Tray if tray in {*trays(one), *trays(other)}]
