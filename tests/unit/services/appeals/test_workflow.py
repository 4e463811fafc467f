"""What may become of a supplementary appeal (SPEC A5): the table is complete, and an end is an end."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from services.appeals.clocked import WITHIN, deadline
from services.appeals.model import Added, Appeal, Draft, State
from services.appeals.workflow import TRANSITIONS, Action, settled
from services.errors import NotAllowed

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
OPEN = Appeal(
    id=1, ticket_id=2, call_id=None, text="还没修好", state=State.OPEN, version=3, author_id=4, made_at=AT, while_open=True
)


def test_every_state_has_its_row_and_only_an_open_one_leads_on() -> None:
    assert set(TRANSITIONS) == set(State)
    assert {state for state, steps in TRANSITIONS.items() if steps} == {State.OPEN}
    assert set(TRANSITIONS[State.OPEN]) == set(Action)


@pytest.mark.parametrize(("state", "action"), list(product(State, Action)))
def test_a_step_is_in_the_table_or_refused(state: State, action: Action) -> None:
    before = replace(OPEN, state=state)
    if action not in TRANSITIONS[state]:
        with pytest.raises(NotAllowed):
            settled(before, action, by=5, at=AT)
        return
    after = settled(before, action, by=5, at=AT, answer="好", paper=6)
    assert (after.state, after.version, after.settled_by, after.settled_at) == (TRANSITIONS[state][action], 4, 5, AT)
    assert (after.answer, after.paper_id) == ("好", 6)


def test_an_appeal_is_answered_within_a_day() -> None:
    clock = deadline(AT)
    assert (clock.rule, clock.starts_at, clock.ends_at - clock.starts_at) == ("A5", AT, WITHIN)
    assert clock.warns_at == clock.due_at == clock.ends_at - timedelta(hours=2)


def test_what_is_asked_again_is_told_from_what_is_asked_anew() -> None:
    first = Added(text="还没修好", draft=Draft(7, 1))
    assert first.digest(2) == replace(first).digest(2)
    others = [first.digest(3), replace(first, text="x").digest(2), replace(first, draft=Draft(7, 2)).digest(2)]
    others += [replace(first, draft=None).digest(2), replace(first, call="a-1.1").digest(2)]
    assert len({first.digest(2), *others}) == 6
