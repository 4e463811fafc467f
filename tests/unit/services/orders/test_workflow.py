"""The table of a work order (SPEC A5, A6, N2–N5, O8): complete; every move that is not in it is refused and changes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from services.errors import NotAllowed
from services.orders.model import Order, Outgoing, Paper, State, Verb, Wording
from services.orders.policy import ACTS
from services.orders.workflow import (
    LEAVING,
    OPEN,
    PAPERS,
    TRANSITIONS,
    Action,
    Binding,
    advance,
    final,
    left,
    refused,
    rewritten,
    turned,
    upheld,
)

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ORDER = Order(
    id=1, number=None, ticket_id=1, department_id=1, leads=True, second_of=None, state=State.PROPOSED, version=1, author_id=1,
    made_at=AT, task="查一查", urgent=False, hours=24,
)  # fmt: skip
PAPER = Outgoing(
    id=1, order_id=1, verb=Verb.DISPATCH, version=1, state=Paper.WAITING, author_id=1, task="去查", urgent=True, hours=8,
    until=None, reason="", written_at=AT,
)  # fmt: skip


def test_every_state_has_its_row() -> None:
    assert set(TRANSITIONS) == set(State)
    assert set(PAPERS) == set(Paper)
    assert set(LEAVING) == set(Verb)


@pytest.mark.parametrize(("state", "action"), list(product(State, Action)))
def test_a_move_is_in_the_table_or_refused(state: State, action: Action) -> None:
    before = replace(ORDER, state=state, version=4)
    if action in TRANSITIONS[state]:
        after = advance(before, action)
        assert (after.state, after.version) == (TRANSITIONS[state][action], 5)
    else:
        with pytest.raises(NotAllowed):
            advance(before, action)


def test_every_state_can_be_reached_from_a_proposal_and_the_last_ones_lead_nowhere() -> None:
    reached, frontier = {State.PROPOSED}, [State.PROPOSED]
    while frontier:
        new = set(TRANSITIONS[frontier.pop()].values()) - reached
        reached |= new
        frontier += new
    assert reached == set(State)
    assert set(State) - OPEN == {State.DONE, State.WITHDRAWN, State.DROPPED}


def test_what_has_left_is_never_a_proposal_again_and_never_dropped() -> None:
    ever = {after for state in set(State) - {State.PROPOSED} for after in TRANSITIONS[state].values()}
    assert not ever & {State.PROPOSED, State.DROPPED}


def test_whoever_takes_a_step_is_asked_for_all_but_what_follows_from_a_paper() -> None:
    assert set(ACTS) == set(Action) - {Action.ISSUE, Action.DROP}


def test_a_dispatch_that_leaves_makes_the_order_what_it_says_and_begins_its_time() -> None:
    after = left(ORDER, PAPER, AT + timedelta(hours=8), AT)
    assert (after.state, after.task, after.urgent, after.hours) == (State.ISSUED, "去查", True, 8)
    assert (after.issued_at, after.due_at, after.ended_at) == (AT, AT + timedelta(hours=8), None)


def test_a_chase_leaves_the_order_where_it_is_and_a_withdrawal_ends_it() -> None:
    accepted = replace(ORDER, state=State.ACCEPTED, issued_at=AT, due_at=AT)
    chased = left(accepted, replace(PAPER, verb=Verb.CHASE, hours=None), AT + timedelta(days=1), AT)
    assert (chased.state, chased.due_at, chased.issued_at, chased.hours) == (State.ACCEPTED, AT + timedelta(days=1), AT, 24)
    withdrawn = left(accepted, replace(PAPER, verb=Verb.WITHDRAW, hours=None), AT, AT)
    assert (withdrawn.state, withdrawn.ended_at) == (State.WITHDRAWN, AT)


def test_after_so_many_refusals_the_final_arbiter_decides_and_then_it_is_the_departments() -> None:
    order = replace(ORDER, state=State.ISSUED)
    for count in (1, 2):
        order = refused(order)
        assert (order.refusals, final(order, 2)) == (count, count == 2)
        order = upheld(order, 2)
        assert (order.state, order.binding) == (State.ISSUED, count == 2)
    with pytest.raises(Binding):
        refused(order)


@pytest.mark.parametrize(("state", "step"), list(product(Paper, ("leave", "send_back", "drop", "write"))))
def test_a_paper_moves_by_its_table_alone(state: Paper, step: str) -> None:
    before = replace(PAPER, state=state)
    if step in PAPERS[state]:
        assert turned(before, step).state is PAPERS[state][step]
    else:
        with pytest.raises(NotAllowed):
            turned(before, step)


def test_a_paper_written_anew_is_another_version_that_waits_again() -> None:
    later = AT + timedelta(minutes=5)
    after = rewritten(replace(PAPER, state=Paper.SENT_BACK, version=3), Wording("再查", False, "补充", 12), later)
    assert (after.state, after.version, after.task, after.hours, after.written_at) == (Paper.WAITING, 4, "再查", 12, later)
