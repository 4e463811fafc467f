"""Every recorded stream and what must come out of it: from reading the streams, checked against the queue's own figures."""

from __future__ import annotations

import itertools
import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cti.changes import CallAnswered, CallEnded
from cti.picture import Picture
from tests.harness.fake_switch import CAPTURES, wanted_events
from tests.unit.cti.telling import capture, lines, replayed, told

EXPECTED = {
    "agi_ivr": """
        agent 2001 ready
        9 calls: 13800138000 'Zhang San' dialled 101
        9 waits in complaints at 1
        queue complaints: 1 waiting
        9 rings 2001 on 10
        agent 2001 ringing with 9
        queue complaints: 0 waiting
        9 left complaints: answered
        9 answered by 2001 on 10 after 1010 ms, 1008 of them ringing
        9 with 2001 on 10
        agent 2001 talking with 9
        9 without 10
        agent 2001 ready
        9 ended answered, waited 1010, talked 1019
    """,
    # no AGI server: the dialplan of that switch hung up; the queue was never reached
    "agi_refused": """
        14 calls: 13800138000 'Zhang San' dialled 133
        14 ended ivr_hangup, never waited, talked 0
    """,
    # both give up; the second's place is the first's once that one is gone, its clock its own
    "announce_position": """
        103 calls: 13800138000 'Zhang San' dialled 106
        103 waits in announced at 1
        queue announced: 1 waiting
        104 calls: 13800000002 'Zhang San' dialled 106
        104 waits in announced at 2
        queue announced: 2 waiting
        queue announced: 1 waiting
        103 left announced: abandoned
        103 ended abandoned, waited 11994, talked 0
        queue announced: 0 waiting
        104 left announced: abandoned
        104 ended abandoned, waited 11995, talked 0
    """,
    # the consulted phone rings for the caller (no queue); what is between the bridges is a Local channel, no person:
    # 2002 is with the caller from the moment that channel has optimised itself away; talk 1439.8 + 7015.6 ms
    "attended_transfer_ami": """
        agent 2001 ready
        54 calls: 13800138000 'Zhang San' dialled 100
        54 waits in complaints at 1
        queue complaints: 1 waiting
        54 rings 2001 on 55
        agent 2001 ringing with 54
        queue complaints: 0 waiting
        54 left complaints: answered
        54 answered by 2001 on 55 after 518 ms, 516 of them ringing
        54 with 2001 on 55
        agent 2001 talking with 54
        54 held by 55
        54 rings 2002 on 58 (no queue)
        agent 2002 ringing with 54
        54 taken back by 55
        54 without 55
        agent 2002 talking with 54
        54 attended transfer by 2001 to 2002
        agent 2001 ready
        54 with 2002 on 58
        54 without 58
        agent 2002 away
        54 ended answered, waited 518, talked 8455
    """,
    # the consultation is a call of its own (another Linkedid); 2002 is in no queue, so away before and after
    "attended_transfer_refer": """
        agent 2001 ready
        129 calls: 13800138000 'Zhang San' dialled 100
        129 waits in complaints at 1
        queue complaints: 1 waiting
        129 rings 2001 on 130
        agent 2001 ringing with 129
        queue complaints: 0 waiting
        129 left complaints: answered
        129 answered by 2001 on 130 after 507 ms, 506 of them ringing
        129 with 2001 on 130
        agent 2001 talking with 129
        129 held by 130
        129 taken back by 130
        129 without 130
        129 with 2002 on 132
        agent 2002 talking with 129
        129 attended transfer by 2001 to 2002
        agent 2001 ready
        129 without 132
        agent 2002 away
        129 ended answered, waited 507, talked 12495
    """,
    # Unhold comes before the transfer though nothing was held; talk 1017.9 + 5451.0 ms
    "blind_transfer_ami": """
        agent 2001 ready
        44 calls: 13800138000 'Zhang San' dialled 100
        44 waits in complaints at 1
        queue complaints: 1 waiting
        44 rings 2001 on 45
        agent 2001 ringing with 44
        queue complaints: 0 waiting
        44 left complaints: answered
        44 answered by 2001 on 45 after 513 ms, 507 of them ringing
        44 with 2001 on 45
        agent 2001 talking with 44
        44 blind transfer by 2001 to 2002
        44 without 45
        agent 2001 ready
        44 rings 2002 on 46 (no queue)
        agent 2002 ringing with 44
        agent 2002 talking with 44
        44 with 2002 on 46
        44 without 46
        agent 2002 away
        44 ended answered, waited 513, talked 6468
    """,
    # the membership's word comes before AgentCalled here: ringing first, with whom a moment later
    "blind_transfer_refer": """
        agent 2001 ready
        49 calls: 13800138000 'Zhang San' dialled 105
        49 waits in complaints at 1
        queue complaints: 1 waiting
        agent 2001 ringing
        49 rings 2001 on 50
        agent 2001 ringing with 49
        queue complaints: 0 waiting
        49 left complaints: answered
        49 answered by 2001 on 50 after 513 ms, 511 of them ringing
        49 with 2001 on 50
        agent 2001 talking with 49
        49 blind transfer by 2001 to 2002
        49 without 50
        agent 2001 ready
        49 rings 2002 on 51 (no queue)
        agent 2002 ringing with 49
        agent 2002 talking with 49
        49 with 2002 on 51
        49 without 51
        agent 2002 away
        49 ended answered, waited 513, talked 6454
    """,
    # the second caller overtakes the first; the events of the two calls are interleaved
    "change_priority": """
        85 calls: 13800000001 'first' dialled 105
        85 waits in complaints at 1
        queue complaints: 1 waiting
        86 calls: 13800000002 'second' dialled 105
        86 waits in complaints at 2
        queue complaints: 2 waiting
        agent 2001 ready
        86 rings 2001 on 87
        agent 2001 ringing with 86
        queue complaints: 1 waiting
        86 left complaints: answered
        86 answered by 2001 on 87 after 1310 ms, 307 of them ringing
        86 with 2001 on 87
        agent 2001 talking with 86
        86 without 87
        queue complaints: 0 waiting
        agent 2001 ready
        85 left complaints: abandoned
        85 ended abandoned, waited 2926, talked 0
        86 ended answered, waited 1310, talked 1008
    """,
    # the queue takes nobody; without QUEUESTATUS among channelvars it looks like a hang-up in the menu (see test_board)
    "join_empty": """
        90 calls: 13800138000 'Zhang San' dialled 107
        90 ended ivr_hangup, never waited, talked 0
        agent 2001 paused
        92 calls: 13800138000 'Zhang San' dialled 107
        92 ended ivr_hangup, never waited, talked 0
    """,
    # agents call each other: no caller, no membership
    "originate": "",
    "penalty_widen": """
        agent 2001 paused
        agent 2002 ready
        68 calls: 13800138000 'Zhang San' dialled 109
        68 waits in complaints at 1
        queue complaints: 1 waiting
        68 rings 2002 on 69
        agent 2002 ringing with 68
        queue complaints: 0 waiting
        68 left complaints: answered
        68 answered by 2002 on 69 after 6514 ms, 507 of them ringing
        68 with 2002 on 69
        agent 2002 talking with 68
        68 without 69
        agent 2002 ready
        68 ended answered, waited 6514, talked 1521
    """,
    # the third ring ends because the phone's channel is taken away, then the caller's: 2002 rings for 1.5 ms
    "penalty_widen_free": """
        agent 2001 ready
        agent 2002 ready
        71 calls: 13800138000 'Zhang San' dialled 109
        71 waits in complaints at 1
        queue complaints: 1 waiting
        71 rings 2001 on 72
        agent 2001 ringing with 71
        71 rang 2001 on 72 for 8001 ms: no_answer
        agent 2001 ready
        71 rings 2001 on 73
        agent 2001 ringing with 71
        71 rang 2001 on 73 for 8000 ms: no_answer
        agent 2001 ready
        71 rings 2001 on 74
        agent 2001 ringing with 71
        71 rang 2001 on 74 for 5876 ms: no_answer
        agent 2001 ready
        71 rings 2002 on 75
        agent 2002 ringing with 71
        71 rang 2002 on 75 for 1 ms: cancelled
        queue complaints: 0 waiting
        agent 2002 ready
        71 left complaints: abandoned
        71 ended abandoned, waited 23890, talked 0
    """,
    "queue_abandoned": """
        agent 2001 ready
        22 calls: 13800138000 'Zhang San' dialled 105
        22 waits in complaints at 1
        queue complaints: 1 waiting
        22 rings 2001 on 23
        agent 2001 ringing with 22
        22 rang 2001 on 23 for 3992 ms: cancelled
        queue complaints: 0 waiting
        agent 2001 ready
        22 left complaints: abandoned
        22 ended abandoned, waited 3994, talked 0
    """,
    "queue_abandoned_no_agents": """
        25 calls: 13800138000 'Zhang San' dialled 105
        25 waits in complaints at 1
        queue complaints: 1 waiting
        queue complaints: 0 waiting
        25 left complaints: abandoned
        25 ended abandoned, waited 2995, talked 0
    """,
    "queue_admin": """
        agent 2001 ready
        agent 2001 paused (training)
        agent 2001 ready
    """,
    # the agent leaves the bridge first
    "queue_agent_hangs_up": """
        agent 2001 ready
        19 calls: 13800138000 'Zhang San' dialled 100
        19 waits in complaints at 1
        queue complaints: 1 waiting
        19 rings 2001 on 20
        agent 2001 ringing with 19
        queue complaints: 0 waiting
        19 left complaints: answered
        19 answered by 2001 on 20 after 1012 ms, 1010 of them ringing
        19 with 2001 on 20
        agent 2001 talking with 19
        19 without 20
        agent 2001 ready
        19 ended answered, waited 1012, talked 2999
    """,
    "queue_answered": """
        agent 2001 ready
        16 calls: 13800138000 'Zhang San' dialled 100
        16 waits in complaints at 1
        queue complaints: 1 waiting
        16 rings 2001 on 17
        agent 2001 ringing with 16
        queue complaints: 0 waiting
        16 left complaints: answered
        16 answered by 2001 on 17 after 1508 ms, 1505 of them ringing
        16 with 2001 on 17
        agent 2001 talking with 16
        16 without 17
        agent 2001 ready
        16 ended answered, waited 1508, talked 4483
    """,
    "queue_hold": """
        agent 2001 ready
        41 calls: 13800138000 'Zhang San' dialled 100
        41 waits in complaints at 1
        queue complaints: 1 waiting
        41 rings 2001 on 42
        agent 2001 ringing with 41
        queue complaints: 0 waiting
        41 left complaints: answered
        41 answered by 2001 on 42 after 509 ms, 503 of them ringing
        41 with 2001 on 42
        agent 2001 talking with 41
        41 held by 42
        41 taken back by 42
        41 without 42
        41 ended answered, waited 509, talked 5483
        agent 2001 ready
    """,
    "queue_ring_no_answer": """
        agent 2001 ready
        agent 2002 ready
        agent 2002 paused (lunch)
        27 calls: 13800138000 'Zhang San' dialled 105
        27 waits in complaints at 1
        queue complaints: 1 waiting
        27 rings 2001 on 28
        agent 2001 ringing with 27
        27 rang 2001 on 28 for 8000 ms: no_answer
        agent 2001 ready
        agent 2002 ready
        agent 2001 paused (no answer)
        27 rings 2002 on 29
        agent 2002 ringing with 27
        queue complaints: 0 waiting
        27 left complaints: answered
        27 answered by 2002 on 29 after 10016 ms, 1009 of them ringing
        27 with 2002 on 29
        agent 2002 talking with 27
        27 without 29
        27 ended answered, waited 10016, talked 3978
        agent 2002 ready
    """,
    "record_message": """
        66 calls: 13800138000 'Zhang San' dialled 102
        66 ended ivr_hangup, never waited, talked 0
    """,
    # the caller lives on in the dialplan until 6.1 s; AgentComplete, which we do not ask for, says 5 s of talk; it was 1013 ms
    "redirect": """
        agent 2001 ready
        5 calls: 13800138000 'Zhang San' dialled 105
        5 waits in complaints at 1
        queue complaints: 1 waiting
        5 rings 2001 on 6
        agent 2001 ringing with 5
        queue complaints: 0 waiting
        5 left complaints: answered
        5 answered by 2001 on 6 after 509 ms, 506 of them ringing
        5 with 2001 on 6
        agent 2001 talking with 5
        5 without 6
        agent 2001 ready
        5 ended answered, waited 509, talked 1013
    """,
    # 2002's channel goes with cause 26 (answered elsewhere) before the answer is known
    "ringall": """
        agent 2001 ready
        agent 2002 ready
        98 calls: 13800138000 'Zhang San' dialled 108
        98 waits in ringall at 1
        queue ringall: 1 waiting
        98 rings 2001 on 99
        agent 2001 ringing with 98
        98 rings 2002 on 100
        agent 2002 ringing with 98
        98 rang 2002 on 100 for 1504 ms: cancelled
        queue ringall: 0 waiting
        agent 2002 ready
        98 left ringall: answered
        98 answered by 2001 on 99 after 1510 ms, 1508 of them ringing
        98 with 2001 on 99
        agent 2001 talking with 98
        98 without 99
        98 ended answered, waited 1510, talked 3482
        agent 2001 ready
    """,
    # the agent logs in while the caller waits
    "slow_answer": """
        107 calls: 13800138000 'Zhang San' dialled 105
        107 waits in complaints at 1
        queue complaints: 1 waiting
        agent 2001 ready
        107 rings 2001 on 108
        agent 2001 ringing with 107
        queue complaints: 0 waiting
        107 left complaints: answered
        107 answered by 2001 on 108 after 17514 ms, 6505 of them ringing
        107 with 2001 on 108
        agent 2001 talking with 107
        107 without 108
        107 ended answered, waited 17514, talked 6479
        agent 2001 ready
    """,
    # taps and a supervisor's phone are neither callers nor persons in the bridge
    "supervise": """
        agent 2001 ready
        110 calls: 13800138000 'Zhang San' dialled 100
        110 waits in complaints at 1
        queue complaints: 1 waiting
        110 rings 2001 on 111
        agent 2001 ringing with 110
        queue complaints: 0 waiting
        110 left complaints: answered
        110 answered by 2001 on 111 after 310 ms, 307 of them ringing
        110 with 2001 on 111
        agent 2001 talking with 110
        110 without 111
        agent 2001 ready
        110 ended answered, waited 310, talked 22686
        agent 2001 away
    """,
    # a browser: hold and unhold by re-INVITE
    "webrtc_agent": """
        agent 4001 ready
        145 calls: 13800138000 'Zhang San' dialled 100
        145 waits in complaints at 1
        queue complaints: 1 waiting
        145 rings 4001 on 146
        agent 4001 ringing with 145
        queue complaints: 0 waiting
        145 left complaints: answered
        145 answered by 4001 on 146 after 1085 ms, 1076 of them ringing
        145 with 4001 on 146
        agent 4001 talking with 145
        145 held by 146
        145 taken back by 146
        145 without 146
        145 ended answered, waited 1085, talked 10909
        agent 4001 ready
    """,
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_recorded_stream_comes_to_these_changes_in_this_order(name: str) -> None:
    picture = Picture()
    assert told(replayed(capture(name), picture)) == lines(EXPECTED[name])
    assert not picture.illegal


def test_every_recorded_stream_has_an_expectation() -> None:
    assert {path.stem for path in CAPTURES.glob("*.txt")} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_nothing_is_left_of_finished_calls(name: str) -> None:
    picture = Picture()
    replayed(capture(name), picture)
    board = picture.board
    assert board.remembered == 0
    assert not any(picture.queues.waiting(queue) for queue in picture.queues.names())
    assert not any(agent.ringing or agent.talking for agent in picture.roster.agents.values())
    assert not picture.roster._leg_of
    assert not picture.roster._direct


def test_a_thousand_calls_leave_no_object_behind() -> None:
    """The stream again and again with other ids, as a day of calls."""
    picture, stream = Picture(), capture("blind_transfer_refer")
    for n in range(1000):
        replayed(re.sub(rb"run1-(\d+)", b"run%d-\\1" % n, stream), picture)
    assert len(picture.roster.agents) == 1
    assert (picture.board.remembered, picture.queues._queue_of) == (0, {})


def seconds(message: bytes, header: str) -> int:
    return int(re.findall(rf"^{header}: (\d+)", message.decode(), re.MULTILINE)[0])


@pytest.mark.parametrize("name", ["queue_answered", "queue_hold", "slow_answer", "ringall", "penalty_widen", "webrtc_agent"])
def test_the_spans_agree_with_the_queues_own_seconds(name: str) -> None:
    """AgentConnect and AgentComplete count in whole, sometimes rounded seconds: a second witness."""
    changes = replayed(capture(name), Picture())
    answered = next(c for c in changes if isinstance(c, CallAnswered))
    ended = next(c for c in changes if isinstance(c, CallEnded))
    (connect,) = wanted_events(f"{name}.txt", ["AgentConnect"])
    (complete,) = wanted_events(f"{name}.txt", ["AgentComplete"])
    hold, ring, talk = seconds(connect, "HoldTime"), seconds(connect, "RingTime"), seconds(complete, "TalkTime")
    assert abs(answered.waited_ms / 1000 - hold) <= 1
    assert abs(answered.rang_ms / 1000 - ring) <= 1
    assert abs(ended.talked_ms / 1000 - talk) <= 1


STREAMS = [capture(name) for name in ("attended_transfer_refer", "queue_ring_no_answer", "change_priority")]
WHOLE = [told(replayed(stream, Picture())) for stream in STREAMS]


@given(which=st.integers(0, len(STREAMS) - 1), most=st.integers(1, 5000), seed=st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_any_cutting_of_the_bytes_gives_the_same_changes(which: int, most: int, seed: int) -> None:
    draw = random.Random(seed)
    sizes = (draw.randint(1, most) for _ in itertools.count())
    assert told(replayed(STREAMS[which], Picture(), sizes)) == WHOLE[which]


def test_one_byte_at_a_time_gives_the_same_changes() -> None:
    assert told(replayed(STREAMS[0], Picture(), itertools.repeat(1))) == WHOLE[0]
