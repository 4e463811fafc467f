"""Who may hear that a thing has changed."""

from __future__ import annotations

import pytest

from services.access.actor import LoggedIn, Person
from services.access.rights import Role
from services.announcing import ROOMS, may_hear
from services.bells import Change, Kind

AGENT, QA = (Role.junior_agent,), (Role.qa_inspector,)


def person(*roles: Role, number: int = 1) -> LoggedIn:
    made = Person(
        id=number, login="x", name="X", roles=roles, extension=None, phone_kind="browser", phone_secret_n=1, language="en",
        must_change=False, active=True,
    )  # fmt: skip
    return LoggedIn(person=made, session=b"")


def test_every_kind_of_thing_has_a_rule() -> None:
    assert set(ROOMS) == set(Kind)


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("thing", ["7", None])
def test_who_has_no_right_to_such_things_hears_nothing_of_any(kind: Kind, thing: str | None) -> None:
    assert not may_hear(person(), Change(kind, thing, 1), {"7": (1, None)})


@pytest.mark.parametrize(
    ("roles", "owners", "heard"),
    [
        (QA, {}, True),
        (QA, {"7": (2,)}, True),
        (AGENT, {"7": (1,)}, True),
        (AGENT, {"7": (2, 1)}, True),
        (AGENT, {"7": (2, None)}, True),  # its ticket is nobody's: somebody must be able to take it
        (AGENT, {"7": (2,)}, False),
        (AGENT, {}, False),
    ],
)
def test_a_call_is_heard_of_by_whose_it_is_and_by_who_may_see_all(
    roles: tuple[Role, ...], owners: dict[str, tuple[int | None, ...]], heard: bool
) -> None:
    assert may_hear(person(*roles), Change(Kind.CALL, "7", 1), owners) is heard


def test_that_any_call_may_have_changed_says_nothing_of_one_and_is_heard_by_whoever_may_see_some() -> None:
    assert may_hear(person(*AGENT), Change(Kind.CALL), {})


def test_a_ticket_is_heard_of_by_everybody_who_reads_tickets() -> None:
    assert may_hear(person(*AGENT), Change(Kind.TICKET, "7", 1), {"7": (2,)})
