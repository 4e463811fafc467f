"""What is offered to each person with an order, as it stands: written once more and apart from the tables, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from services.access.actor import LoggedIn, Person
from services.access.rights import Role
from services.orders.model import Order, State
from services.orders.policy import Stands, offered
from services.tickets import model
from services.tickets.actions import draft
from services.tickets.levels import Level

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
OWNER, OTHER, OFFICER, DEPARTMENT = 1, 2, 3, 7
CALM = Stands(paper_waits=False, asked_by=None, in_time=True)
ASKED = replace(CALM, asked_by=OFFICER)
UNDER_WAY = replace(CALM, paper_waits=True)


def who(role: Role, number: int = OWNER, department: int | None = None) -> LoggedIn:
    made = Person(
        id=number, login="x", name="X", roles=(role,), extension=None, phone_kind="browser", phone_secret_n=1, language="en",
        must_change=False, active=True, department=department,
    )  # fmt: skip
    return LoggedIn(person=made, session=b"")


TICKET = replace(draft(received_at=NOW, now=NOW, created_by=None, owner=OWNER), state=model.State.OPEN)
AUTHOR, JUNIOR, SENIOR = who(Role.junior_agent), who(Role.junior_agent, OTHER), who(Role.senior_agent, OTHER)
MANAGER, INSPECTOR = who(Role.manager, OTHER), who(Role.qa_inspector, OTHER)
THEIRS, ANOTHERS = who(Role.department_officer, OFFICER, DEPARTMENT), who(Role.department_officer, OFFICER, DEPARTMENT + 1)


def order(state: State, refusals: int = 0) -> Order:
    return Order(
        id=1, number="W1", ticket_id=1, department_id=DEPARTMENT, leads=True, second_of=None, state=state, version=1,
        author_id=OWNER, made_at=NOW, task="x", urgent=False, hours=24, issued_at=NOW, refusals=refusals,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("person", "state", "stands", "steps"),
    [
        (AUTHOR, State.ISSUED, CALM, ["chase", "withdraw"]),
        (AUTHOR, State.ISSUED, UNDER_WAY, []),
        (SENIOR, State.ISSUED, CALM, ["chase", "withdraw", "remind"]),
        (SENIOR, State.ISSUED, UNDER_WAY, ["withdraw", "remind"]),
        (JUNIOR, State.ISSUED, CALM, []),
        (INSPECTOR, State.ISSUED, ASKED, []),
        (SENIOR, State.ACCEPTED, ASKED, ["chase", "withdraw", "remind", "grant", "deny"]),
        (AUTHOR, State.ACCEPTED, ASKED, ["chase", "withdraw"]),
        (SENIOR, State.RETURNED, ASKED, ["settle", "redo", "withdraw", "deny"]),
        (AUTHOR, State.RETURNED, CALM, ["settle", "withdraw"]),
        (SENIOR, State.REFUSED, CALM, ["uphold", "redirect", "withdraw"]),
        (AUTHOR, State.REFUSED, CALM, ["withdraw"]),
        (SENIOR, State.DONE, CALM, ["second"]),
        (AUTHOR, State.DONE, CALM, []),
        (THEIRS, State.ISSUED, CALM, ["accept", "refuse", "extension", "return"]),
        (THEIRS, State.ACCEPTED, CALM, ["extension", "return"]),
        (THEIRS, State.ACCEPTED, ASKED, ["return"]),
        (THEIRS, State.ACCEPTED, replace(CALM, in_time=False), ["return"]),
        (ANOTHERS, State.ISSUED, CALM, []),
    ],
)
def test_what_is_offered(person: LoggedIn, state: State, stands: Stands, steps: Sequence[str]) -> None:
    assert set(offered(person, TICKET, order(state), 2, stands)) == set(steps)


def test_what_lies_above_one_goes_to_no_other_department() -> None:
    """SPEC O8: that is another order about the case; whether it is the first department's is every reviewer's to say."""
    above = replace(TICKET, owner_id=None, level=Level.MANAGER)
    assert offered(SENIOR, above, order(State.REFUSED), 2, CALM) == ["uphold"]
    assert set(offered(MANAGER, above, order(State.REFUSED), 2, CALM)) == {"uphold", "redirect", "withdraw"}


def test_nobody_is_offered_to_grant_their_own_request() -> None:
    assert "grant" not in offered(SENIOR, TICKET, order(State.ACCEPTED), 2, replace(CALM, asked_by=OTHER))


def test_a_case_that_gets_no_orders_gets_no_second_one() -> None:
    assert offered(SENIOR, replace(TICKET, state=model.State.CLOSED), order(State.DONE), 2, CALM) == []


def test_after_so_many_refusals_it_is_the_arbiters_to_say_whose_it_is() -> None:
    refused = order(State.REFUSED, refusals=2)
    assert offered(SENIOR, TICKET, refused, 2, CALM) == []
    assert set(offered(MANAGER, TICKET, refused, 2, CALM)) == {"uphold", "redirect", "withdraw"}
