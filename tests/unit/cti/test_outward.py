"""Calls that agents make: every recorded stream of one and what must come out of it, and the ways that no stream shows."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cti import events
from cti.changes import CallEnded, CallOutcome, Direction
from cti.events import number_dialled, parse
from cti.ids import CallId, ChannelId, endpoint_of
from cti.picture import Picture
from cti.snapshot import ChannelRow, Snapshot, differing, missed
from tests.harness.fake_switch import CAPTURES, event
from tests.unit.cti.telling import OUTWARD_TOO, capture, lines, replayed, told
from tests.unit.cti.test_board import A_NAME, AGENT, B_NAME, C_NAME, CALLER, OTHER, START, Story

TRUNKS = ("provider",)
EXPECTED = {
    # her telephone dials, holds whom she called and takes him back; he hangs up
    "answered": """
        agent 2001 ready
        1 is dialled by 2001 on 0: 13800138000
        agent 2001 dialling with 1
        1 answered by 2001 on 0 after 0 ms, 1144 of them ringing
        1 with 2001 on 0
        agent 2001 talking with 1
        1 held by 0
        1 taken back by 0
        1 without 0
        1 ended answered, never waited, talked 2733
        agent 2001 ready
    """,
    # 486; no membership of hers is in the stream
    "busy": """
        3 is dialled by 2001 on 2: 13800138000
        agent 2001 dialling with 3
        3 ended busy, never waited, talked 0
        agent 2001 away
    """,
    # Dial's time is over; she still hears the dialplan
    "no_answer": """
        17 is dialled by 2001 on 16: 13800138000
        agent 2001 dialling with 17
        17 ended no_answer, never waited, talked 0
        agent 2001 talking
        agent 2001 ready
    """,
    # she hangs up while it rings
    "given_up": """
        19 is dialled by 2001 on 18: 13800138000
        agent 2001 dialling with 19
        19 ended no_answer, never waited, talked 0
        agent 2001 talking
        agent 2001 ready
    """,
    # AMI Originate: the switch rings her telephone first, and dials once she has answered
    "originated": """
        agent 2001 ringing
        agent 2001 talking
        21 is dialled by 2001 on 20: 13800138000
        agent 2001 dialling with 21
        21 answered by 2001 on 20 after 0 ms, 1032 of them ringing
        21 with 2001 on 20
        agent 2001 talking with 21
        21 without 20
        21 ended answered, never waited, talked 1478
        agent 2001 ready
    """,
    # she hands whom she called on to a colleague: it is the same call
    "handed_on": """
        23 is dialled by 2001 on 22: 13800138000
        agent 2001 dialling with 23
        23 answered by 2001 on 22 after 0 ms, 1000 of them ringing
        23 with 2001 on 22
        agent 2001 talking with 23
        23 blind transfer by 2001 to 2002
        23 without 22
        agent 2001 ready
        23 rings 2002 on 24 (no queue)
        agent 2002 ringing with 23
        agent 2002 talking with 23
        23 with 2002 on 24
        23 without 24
        agent 2002 away
        23 ended answered, never waited, talked 2504
    """,
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_recorded_stream_comes_to_these_changes_in_this_order(name: str) -> None:
    picture = Picture(trunks=TRUNKS)
    assert told(replayed(capture(f"outward/{name}"), picture, names=OUTWARD_TOO)) == lines(EXPECTED[name])
    assert not picture.illegal


def test_every_recorded_stream_has_an_expectation() -> None:
    assert {path.stem for path in (CAPTURES / "outward").glob("*.txt")} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_nothing_is_left_of_finished_calls(name: str) -> None:
    picture = Picture(trunks=TRUNKS)
    replayed(capture(f"outward/{name}"), picture, names=OUTWARD_TOO)
    roster = picture.roster
    assert (picture.board.remembered, roster._leg_of, roster._direct, roster._dialled_by) == (0, {}, set(), {})
    assert not any(agent.ringing or agent.talking or agent.dialling for agent in roster.agents.values())


@pytest.mark.parametrize("name", EXPECTED)
def test_where_no_trunk_is_named_there_is_no_call(name: str) -> None:
    assert not [
        line for line in told(replayed(capture(f"outward/{name}"), Picture(), names=OUTWARD_TOO)) if not line.startswith("agent")
    ]


@pytest.mark.parametrize(
    ("asked", "number"),
    [
        ("13800138000@provider", "13800138000"),
        ("PJSIP/13800138000@provider,20,U(x)", "13800138000"),
        ("provider/sip:+8613800138000@192.0.2.1:5060", "+8613800138000"),
        ("PJSIP/provider/sips:0755123@192.0.2.1", "0755123"),
        ("provider", ""),
        ("PJSIP/1002,20", ""),
        ("<sip:1>@x", ""),
        ("", ""),
        ("1" * 200 + "@provider", "1" * 64),
    ],
)
def test_the_number_is_what_the_dialplan_asked_of_the_trunk(asked: str, number: str) -> None:
    assert number_dialled(asked) == number


@pytest.mark.parametrize(
    ("channel", "endpoint"),
    [("PJSIP/provider-0000002a", "provider"), ("PJSIP/my-provider-0000002a", "my-provider"), ("Local/1@x-1;2", ""), ("", "")],
)
def test_the_endpoint_stands_in_the_channels_name(channel: str, endpoint: str) -> None:
    assert endpoint_of(channel) == endpoint


def test_what_an_action_dials_has_nobody_who_dials() -> None:
    assert parse(event("DialBegin", DestUniqueid="t-1.1", DestChannel=A_NAME, DialString="1001")[:-4]) is None


@pytest.mark.parametrize(
    ("cause", "outcome"),
    [
        (17, CallOutcome.BUSY),
        (21, CallOutcome.BUSY),
        (0, CallOutcome.NO_ANSWER),
        (16, CallOutcome.NO_ANSWER),
        (19, CallOutcome.NO_ANSWER),
        (127, CallOutcome.NO_ANSWER),
        (1, CallOutcome.FAILED),
        (34, CallOutcome.FAILED),
        (38, CallOutcome.FAILED),
        (58, CallOutcome.FAILED),
    ],
)
def test_how_it_ended_without_an_answer_is_told_by_the_cause(cause: int, outcome: CallOutcome) -> None:
    assert Story().dials(0).gone(9, cause=cause).outcome is outcome


def test_an_end_that_was_not_heard_is_lost() -> None:
    assert Story().dials(0).gone(9, cause=0, known=False).outcome is CallOutcome.LOST


def test_an_agent_begins_the_call_and_the_one_outside_is_the_call() -> None:
    story = Story().dials(0, number="13800138000")
    assert (story.call.direction, story.call.number, story.call.queued) == (Direction.OUTBOUND, "13800138000", None)


@pytest.mark.parametrize(
    ("by", "name"),
    [
        (B_NAME, "PJSIP/1002-00000001"),
        (B_NAME, "PJSIP/door-00000001"),
        ("PJSIP/trunk-00000009", A_NAME),
        ("Local/1@x-1;2", A_NAME),
    ],
)
def test_calls_between_agents_and_what_is_dialled_for_a_caller_are_none_of_it(by: str, name: str) -> None:
    assert Story().dials(0, by=by, name=name).told == []


def test_a_caller_handed_on_to_a_number_outside_is_still_the_callers_call() -> None:
    story = Story().up(0).joins(1).leaves(2).talks(3).exits(4, AGENT)
    story.apply(events.DialledOut(START + timedelta(seconds=5), CALLER, CALLER, A_NAME, OTHER, "PJSIP/trunk-00000003", "139"))
    story.enters(6, OTHER, "PJSIP/trunk-00000003")
    assert (len(story.board.calls), story.told[-1]) == (1, "1 with None on 3")


def test_the_one_called_and_handed_on_into_a_queue_waits_there_and_abandons_nothing() -> None:
    story = Story().dials(0).enters(4, AGENT, B_NAME).enters(4, CALLER, A_NAME).exits(8, AGENT).joins(9).gone(20)
    (ended,) = (change for change in story.changes if isinstance(change, CallEnded))
    assert (ended.outcome, ended.abandoned_again) == (CallOutcome.ANSWERED, False)
    assert story.board.remembered == 0


def test_whom_a_colleague_consults_from_the_call_is_rung_for_it() -> None:
    """Channels that are dialled for the one outside carry the Linkedid of the agent who began."""
    story = Story().dials(0).enters(4, AGENT, B_NAME).enters(4, CALLER, A_NAME).exits(8, AGENT)
    story.apply(events.ChannelUp(START + timedelta(seconds=9), OTHER, C_NAME, AGENT, False, "", "", ""))
    assert story.told[-1] == "1 rings 1002 on 3 (no queue)"


def test_a_second_trunk_that_is_tried_after_the_first_is_a_call_of_its_own() -> None:
    second = ChannelId("t-1.9")
    story = Story().dials(0)
    story.apply(events.DialledOut(START + timedelta(seconds=3), AGENT, AGENT, B_NAME, second, "PJSIP/trunk-00000009", "138"))
    story.gone(3, cause=34).enters(6, AGENT, B_NAME).enters(6, second, "PJSIP/trunk-00000009").gone(9, second).gone(9, AGENT)
    ends = [change for change in story.changes if isinstance(change, CallEnded)]
    assert [(change.call, change.outcome) for change in ends] == [
        (CallId(CALLER), CallOutcome.FAILED),
        (CallId(second), CallOutcome.ANSWERED),
    ]
    assert story.board.remembered == 0


def row(
    channel: ChannelId, name: str, *, dialled: bool = False, bridge: str = "", asked: str = "", ringing: bool = False
) -> ChannelRow:
    lived = timedelta(seconds=10)
    return ChannelRow(channel, name, AGENT, ringing, dialled, "4008", "", "", bridge, lived, asked)


def seen(*rows: ChannelRow) -> Snapshot:
    return Snapshot(START, (), {one.channel: one for one in rows}, {}, [])


def after(now: Snapshot, picture: Picture) -> list[str]:
    """Lazily, as the monitor does it."""
    return told(change for one in missed(picture, now) for change in picture.apply(one))


def test_a_snapshot_finds_the_call_that_nobody_heard_begin() -> None:
    asked = "PJSIP/13800138000@provider,20"
    talk = seen(row(AGENT, B_NAME, bridge="b", asked=asked), row(CALLER, "PJSIP/provider-1", dialled=True, bridge="b"))
    picture = Picture(trunks=TRUNKS)
    assert after(talk, picture)[:4] == [
        "1 is dialled by 1001 on 2: 13800138000",
        "agent 1001 dialling with 1",
        "1 answered by 1001 on 2 after 0 ms, 10000 of them ringing",
        "1 with 1001 on 2",
    ]
    assert differing(picture, talk) == set()
    assert after(seen(), picture)[-1] == "agent 1001 away"
    assert picture.board.remembered == 0


def test_a_snapshot_while_it_rings_finds_nothing_new_in_a_call_that_is_known() -> None:
    ringing = seen(row(AGENT, B_NAME), row(CALLER, "PJSIP/provider-1", dialled=True, ringing=True))
    picture = Picture(trunks=TRUNKS)
    assert after(ringing, picture) == ["1 is dialled by 1001 on 2: 4008", "agent 1001 dialling with 1"]
    assert differing(picture, ringing) == set()


def test_a_snapshot_takes_no_caller_and_no_colleague_for_a_call_that_was_placed() -> None:
    colleague = row(OTHER, C_NAME, dialled=True)
    from_outside = row(CALLER, "PJSIP/provider-1")
    assert after(seen(row(AGENT, B_NAME), colleague, from_outside), Picture(trunks=TRUNKS)) == []
