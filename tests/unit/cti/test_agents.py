from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cti import events
from cti.agents import Roster
from cti.changes import (
    AgentChanged,
    AgentState,
    CallEnded,
    CallOffered,
    CallOutcome,
    Change,
    LegJoined,
    LegLeft,
    OfferEnded,
    OfferOutcome,
)
from cti.ids import CallId, ChannelId, Extension

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
E1, LEG, CALL = Extension("1001"), ChannelId("t-1.2"), CallId("t-1.1")


def seen(
    status: int = 1, *, paused: bool = False, reason: str = "", queue: str = "complaints", interface: str = "PJSIP/1001"
) -> events.Event:
    return events.MemberSeen(AT, queue, interface, status, paused, reason)


OFFERED = CallOffered(at=AT, call=CALL, extension=E1, leg=LEG, queue="complaints")
OFFER_ENDED = OfferEnded(at=AT, call=CALL, extension=E1, leg=LEG, outcome=OfferOutcome.NO_ANSWER, rang_ms=8000)
JOINED = LegJoined(at=AT, call=CALL, extension=E1, leg=LEG)
LEFT = LegLeft(at=AT, call=CALL, leg=LEG)


def states(roster: Roster, *story: events.Event | Change) -> list[str]:
    out: list[str] = []
    for one in story:
        found = roster.apply(one) if isinstance(one, events.MemberSeen | events.MemberGone) else roster.follow(one)
        for change in found:
            assert isinstance(change, AgentChanged)
            out.append(f"{change.state} {change.reason} {change.call or ''}".strip())
    return out


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (0, "away"),
        (1, "ready"),
        (2, "talking"),
        (3, "talking"),
        (4, "away"),
        (5, "away"),
        (6, "ringing"),
        (7, "talking"),
        (8, "talking"),
    ],
)
def test_device_states_of_a_member_who_is_not_paused(status: int, state: str) -> None:
    roster = Roster()
    states(roster, seen(1), seen(status))
    assert roster.agents[E1].state == state


@pytest.mark.parametrize(
    ("status", "reason", "state"),
    [
        (1, "lunch", "paused lunch"),
        (1, "wrap-up", "wrap_up wrap-up"),
        (1, "Auto-Pause", "paused Auto-Pause"),
        (1, "", "paused"),
        (2, "lunch", "talking lunch"),
    ],
)
def test_a_paused_member(status: int, reason: str, state: str) -> None:
    assert states(Roster(), seen(status, paused=True, reason=reason)) == [state]


def test_an_unreachable_phone_is_away_though_paused_and_keeps_the_reason() -> None:
    roster = Roster()
    assert states(roster, seen(1, paused=True, reason="lunch"), seen(5, paused=True, reason="lunch")) == [
        "paused lunch",
        "away lunch",
    ]


def test_a_call_from_ring_to_wrap_up() -> None:
    story = [seen(), OFFERED, seen(6), seen(2), JOINED, LEFT, seen(1), seen(1, paused=True, reason="wrap-up"), seen(1)]
    assert states(Roster(), *story) == ["ready", f"ringing  {CALL}", f"talking  {CALL}", "ready", "wrap_up wrap-up", "ready"]


def test_the_device_may_speak_before_or_after_the_call_and_it_comes_to_the_same() -> None:
    early = states(Roster(), seen(), OFFERED, seen(6), seen(2), JOINED, seen(1), LEFT)
    late = states(Roster(), seen(), OFFERED, JOINED, seen(6), seen(2), LEFT, seen(1))
    assert early == late == ["ready", f"ringing  {CALL}", f"talking  {CALL}", "ready"]


def test_a_missed_ring_pauses_with_the_switches_reason() -> None:
    story = [seen(), OFFERED, seen(6), OFFER_ENDED, seen(1), seen(1, paused=True, reason="Auto-Pause")]
    assert states(Roster(), *story) == ["ready", f"ringing  {CALL}", "ready", "paused Auto-Pause"]


def test_an_agent_who_consults_is_still_with_the_call() -> None:
    roster = Roster()
    states(roster, seen(), OFFERED, seen(2), JOINED, LEFT)
    assert (roster.agents[E1].state, roster.agents[E1].call) == (AgentState.TALKING, CALL)


def test_a_phone_used_for_something_else_is_talking_with_nobody_of_ours() -> None:
    assert states(Roster(), seen(), seen(2), seen(1)) == ["ready", "talking", "ready"]


def test_ready_in_one_queue_is_ready() -> None:
    assert states(Roster(), seen(1, paused=True, reason="x"), seen(1, queue="seniors")) == ["paused x", "ready"]


@pytest.mark.parametrize(
    ("busier", "others", "state"), [(2, (0, 1, 5, 6), "talking"), (6, (0, 1, 5), "ringing"), (1, (0, 5), "ready")]
)
def test_of_two_queues_views_of_a_phone_the_busier_counts(busier: int, others: tuple[int, ...], state: str) -> None:
    """They are told one after the other."""
    for other in others:
        for first, second in ((busier, other), (other, busier)):
            roster = Roster()
            states(roster, seen(first), seen(second, queue="seniors"))
            assert roster.agents[E1].state == state, (first, second)


def test_a_colleague_who_answers_when_the_ring_for_a_caller_is_over_talks_with_nobody_of_ours() -> None:
    roster = Roster()
    states(roster, seen(), replace(OFFERED, queue=""), OFFER_ENDED)
    assert roster.apply(events.EnteredBridge(AT, "b1", LEG, "PJSIP/1001-00000002")) == []


def test_leaving_the_last_queue_is_away_and_forgotten() -> None:
    roster = Roster()
    assert states(roster, seen(), seen(queue="seniors"), events.MemberGone(AT, "complaints", "PJSIP/1001")) == ["ready"]
    assert states(roster, events.MemberGone(AT, "seniors", "PJSIP/1001")) == ["away"]
    assert roster.agents == {}


def test_who_is_in_no_queue_is_known_only_while_on_a_call() -> None:
    roster = Roster()
    assert states(roster, OFFERED, JOINED, LEFT) == [f"ringing  {CALL}", f"talking  {CALL}", "away"]
    assert (roster.agents, roster._leg_of) == ({}, {})


def test_members_that_are_no_agents_phones_are_left_alone() -> None:
    roster = Roster()
    assert (
        states(roster, seen(interface="Local/5@agents"), seen(interface="PJSIP/trunk"), events.MemberGone(AT, "q", "PJSIP/9"))
        == []
    )
    assert roster.agents == {}


def test_changes_without_an_agent_come_to_nothing() -> None:
    ended = CallEnded(at=AT, call=CALL, outcome=CallOutcome.ANSWERED, waited_ms=1, talked_ms=1)
    outside = LegJoined(at=AT, call=CALL, extension=None, leg=LEG)
    assert states(Roster(), ended, outside, LEFT, OFFER_ENDED) == []


def test_since_is_the_moment_of_the_state() -> None:
    roster = Roster()
    states(roster, seen())
    roster.apply(events.MemberSeen(AT + timedelta(seconds=5), "complaints", "PJSIP/1001", 1, False, ""))
    assert roster.agents[E1].since == AT
