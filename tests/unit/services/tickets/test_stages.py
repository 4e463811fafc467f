"""The stages of a case (SPEC O6), derived from what is on record."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.tickets.actions import draft
from services.tickets.model import State, Ticket
from services.tickets.stages import Milestones, Stage, Standing, stages

T0 = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
DRAFT = draft(received_at=T0, now=T0, created_by=1, owner=1)
OPEN = replace(DRAFT, state=State.OPEN, confirmed_at=T0 + timedelta(minutes=3))


def later(**by: float) -> datetime:
    return T0 + timedelta(**by)


def standing(ticket: Ticket, milestones: Milestones = Milestones()) -> dict[Stage, Standing]:  # noqa: B008  it is frozen
    return {one.stage: one.standing for one in stages(ticket, milestones)}


def test_a_draft_was_received_and_waits_to_be_registered() -> None:
    found = standing(DRAFT)
    assert found[Stage.RECEIVE] == "done"
    assert found[Stage.TRACK] == "current"
    assert set(list(found.values())[2:]) == {"ahead"}


def test_whoever_confirms_lets_the_severity_stand_and_the_first_who_sets_one_assesses() -> None:
    by_default, by_hand = stages(OPEN, Milestones()), stages(OPEN, Milestones(assessed_at=later(minutes=9)))
    assert [one.at for one in (by_default[3], by_hand[3])] == [OPEN.confirmed_at, later(minutes=9)]


def test_a_case_settled_on_the_spot_passes_by_the_department() -> None:
    closed = replace(OPEN, state=State.CLOSED, acknowledged_at=later(minutes=4), closing="confirmed")
    end = later(minutes=8)
    found = stages(closed, Milestones(answered_at=later(minutes=7), closed_at=end, communicated_at=end))
    assert [one.stage for one in found if one.standing != "done"] == [Stage.INVESTIGATE]
    assert found[4].standing == "passed"
    assert found[7].at == end


def test_a_department_answers_before_the_centre_does() -> None:
    sent = replace(OPEN, dispatched_at=later(minutes=20))
    milestones = Milestones(returned_at=later(hours=5), answered_at=later(hours=6))
    found = {one.stage: one for one in stages(sent, milestones)}
    assert (found[Stage.INVESTIGATE].at, found[Stage.RESPOND].at) == (later(minutes=20), later(hours=5))
    assert found[Stage.COMMUNICATE].standing == "current"


def test_a_case_that_is_open_again_is_not_closed_any_more() -> None:
    found = standing(OPEN, Milestones(answered_at=later(minutes=7), closed_at=later(minutes=9)))
    assert (found[Stage.CLOSE], found[Stage.COMMUNICATE]) == ("ahead", "current")


moments = st.none() | st.integers(0, 10_000).map(lambda minutes: later(minutes=minutes))


@given(
    st.sampled_from(State),
    st.builds(Milestones, **{one.name: moments for one in fields(Milestones)}),
    st.tuples(moments, moments, moments),
)
def test_every_stage_is_told_once_in_order_and_at_most_one_is_current(
    state: State, milestones: Milestones, times: tuple[datetime | None, ...]
) -> None:
    confirmed, acknowledged, dispatched = times
    ticket = replace(DRAFT, state=state, confirmed_at=confirmed, acknowledged_at=acknowledged, dispatched_at=dispatched)
    found = stages(ticket, milestones)
    assert [one.stage for one in found] == list(Stage)
    assert all((one.standing == "done") == (one.at is not None) for one in found)
    assert sum(one.standing == "current" for one in found) <= (state in {State.DRAFT, State.OPEN})
    after_last = [one.standing for one in found[max(n for n, one in enumerate(found) if one.at) + 1 :]]
    assert "done" not in after_last
    unwanted = "passed" if state in {State.DRAFT, State.OPEN} else "ahead"
    assert unwanted not in after_last
