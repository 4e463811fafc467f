"""The difference between what we believe and what the switch says, and that applying it makes them one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cti import events
from cti.agents import IN_USE, Agent, device_of
from cti.calls import CallState
from cti.changes import AgentState, CallStarted
from cti.events import parse
from cti.framing import Framer, event_name
from cti.headers import Headers
from cti.ids import CallId, ChannelId, Extension, interface_of
from cti.picture import Picture
from cti.snapshot import ChannelRow, EntryRow, MemberRow, Snapshot, missed, of_rows
from tests.unit.cti.telling import NAMES, capture, lines, told

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
STREAMS = [
    "queue_answered",
    "attended_transfer_ami",
    "attended_transfer_refer",
    "ringall",
    "queue_ring_no_answer",
    "change_priority",
]
ALONE = frozenset({CallState.ARRIVED, CallState.RELEASED, CallState.PARTED})


def heard(name: str) -> list[events.Event]:
    found = [parse(raw) for raw in Framer().feed(capture(name)) if event_name(raw) in NAMES]
    return [event for event in found if event is not None]


EVENTS = {name: heard(name) for name in STREAMS}


def picture_of(story: list[events.Event]) -> Picture:
    picture = Picture()
    for event in story:
        picture.apply(event)
    return picture


def row(channel: str, name: str, linked: str, *, ringing: bool = False, bridge: str = "") -> ChannelRow:
    return ChannelRow(ChannelId(channel), name, linked, ringing, False, "138", "Zhang", "10000", bridge, timedelta(seconds=60))


def seen_in(picture: Picture) -> Snapshot:
    """What a switch in this very state would say."""
    board, now = picture.board, Snapshot(NOW, (), {}, {}, [])
    for call in board.calls.values():
        channel = ChannelId(call.id)
        now.channels[channel] = row(channel, call.channel, call.id, bridge=board.bridge_of.get(channel, ""))
        for leg, offer in call.offers.items():
            name = f"{interface_of(offer.extension)}-1"
            now.channels[leg] = row(leg, name, call.id, ringing=not offer.picked_up, bridge=board.bridge_of.get(leg, ""))
    for channel, bridge in board.bridge_of.items():
        name = board._bridges.members[bridge][channel]
        now.channels.setdefault(channel, row(channel, name, "elsewhere", bridge=bridge))
    for queue in picture.queues.names():
        for place, (call_id, since) in enumerate(picture.queues.waiting(queue), 1):
            channel = ChannelId(call_id)
            now.entries[channel] = EntryRow(channel, board.calls[call_id].channel, queue, place, "138", "Zhang", NOW - since)
    for agent in picture.roster.agents.values():
        for queue, held in agent.memberships.items():
            now.members.append(MemberRow(queue, interface_of(agent.extension), held.status, held.paused, held.reason))
    return now


def _between_bridges(picture: Picture) -> Iterator[ChannelId]:
    """Consulted phones in the microseconds between two bridges: answered, but no list says so; their next event does."""
    for call in picture.board.calls.values():
        yield from (leg for leg, offer in call.offers.items() if offer.picked_up and leg not in picture.board.bridge_of)


def _seen_state(agent: Agent) -> AgentState:
    """Between lifting the receiver and the bridge a phone rings for us and is in use for the switch."""
    return AgentState.TALKING if device_of(agent) in IN_USE and agent.state is AgentState.RINGING else agent.state


def shape(picture: Picture) -> object:
    """All that a snapshot can restore."""
    calls = {
        call.id: (
            "alone" if call.state in ALONE else call.state,
            {leg: one.extension for leg, one in call.legs.items()},
            {leg: one.extension for leg, one in call.offers.items() if not one.picked_up},
        )
        for call in picture.board.calls.values()
    }
    consulted = {one.extension for call in picture.board.calls.values() for one in call.offers.values() if one.picked_up}
    there = (agent for agent in picture.roster.agents.values() if agent.memberships or agent.extension not in consulted)
    agents = {agent.extension: (_seen_state(agent), agent.reason) for agent in there}
    waiting = {queue: [call for call, _ in picture.queues.waiting(queue)] for queue in picture.queues.names()}
    return calls, agents, {queue: who for queue, who in waiting.items() if who}, picture.board.bridge_of


@given(st.sampled_from(STREAMS), st.data())
@settings(max_examples=300, deadline=None)
def test_whatever_was_missed_the_picture_is_whole_afterwards(name: str, data: st.DataObject) -> None:
    story = EVENTS[name]
    lost = data.draw(st.integers(0, len(story)))
    back = data.draw(st.integers(lost, len(story)))
    truth, ours = picture_of(story[:back]), picture_of(story[:lost])
    assume(not any(_between_bridges(truth)))
    for event in missed(ours, seen_in(truth)):
        ours.apply(event)
    assert shape(ours) == shape(truth)
    assert not ours.illegal
    for event in story[back:]:
        ours.apply(event)
    assert ours.board.remembered == 0


@given(st.sampled_from(STREAMS), st.integers(0, 40))
@settings(max_examples=60, deadline=None)
def test_where_nothing_was_missed_nothing_changes(name: str, count: int) -> None:
    picture = picture_of(EVENTS[name][:count])
    seen = seen_in(picture)
    assert [change for event in missed(picture, seen) for change in picture.apply(event)] == []


def recovered(ours: Picture, seen: Snapshot) -> list[str]:
    return told([change for event in missed(ours, seen) for change in ours.apply(event)])


def test_a_call_that_began_and_was_answered_unheard() -> None:
    assert recovered(Picture(), seen_in(picture_of(EVENTS["queue_answered"][:10]))) == lines(
        """
        16 calls: 138 'Zhang' dialled 10000
        16 answered by 2001 on 17 after 0 ms, 0 of them ringing
        16 with 2001 on 17
        agent 2001 talking with 16
        """
    )


def test_a_call_that_waits_began_to_wait_when_the_switch_says() -> None:
    now = seen_in(picture_of(EVENTS["queue_answered"][:3]))
    ours = Picture()
    assert recovered(ours, now)[:2] == ["16 calls: 138 'Zhang' dialled 10000", "16 waits in complaints at 1"]
    (call,) = ours.board.calls.values()
    assert call.queued == EVENTS["queue_answered"][2].at  # type: ignore[union-attr]


def test_a_call_that_ended_unheard_is_lost_or_was_answered() -> None:
    empty = Snapshot(NOW, (), {}, {}, [])
    waiting, talking = picture_of(EVENTS["queue_answered"][:5]), picture_of(EVENTS["queue_answered"][:10])
    assert [line.split(",")[0] for line in recovered(waiting, empty)[1:3]] == ["16 left complaints: lost", "16 ended lost"]
    assert [line for line in recovered(talking, empty) if line.startswith("16")][:1] == ["16 without 17"]


def test_a_ring_that_stopped_unheard_is_no_breach_of_the_agent() -> None:
    ours = picture_of(EVENTS["queue_answered"][:6])
    truth = picture_of(EVENTS["queue_answered"][:3])
    assert "cancelled" in next(line for line in recovered(ours, seen_in(truth)) if "rang" in line)


def test_an_agent_no_longer_in_the_queue_is_away() -> None:
    ours = picture_of(EVENTS["queue_answered"][:1])
    assert recovered(ours, Snapshot(NOW, (), {}, {}, [])) == ["agent 2001 away"]


def test_a_membership_that_is_as_known_is_no_difference() -> None:
    paused = events.MemberSeen(NOW, "complaints", "PJSIP/1001", 1, True, "lunch")
    picture = picture_of([paused])
    assert list(missed(picture, seen_in(picture))) == []
    ready = MemberRow("complaints", "PJSIP/1001", 1, False, "lunch")
    (told_again,) = missed(picture, replace(seen_in(picture), members=[ready]))
    assert told_again == replace(paused, paused=False)


def test_queues_that_were_not_asked_about_keep_what_is_known() -> None:
    ours = picture_of(EVENTS["queue_answered"][:3])
    now = seen_in(ours)
    silent = Snapshot(NOW, ("seniors",), now.channels, {}, [])
    assert recovered(ours, silent) == []
    member = picture_of([events.MemberSeen(NOW, "complaints", "PJSIP/1001", 1, False, "")])
    assert list(missed(member, Snapshot(NOW, ("seniors",), {}, {}, []))) == []
    gone = [events.MemberGone(NOW, "complaints", "PJSIP/1001")]
    assert list(missed(member, Snapshot(NOW, ("seniors", "complaints"), {}, {}, []))) == gone
    assert list(missed(member, Snapshot(NOW, (), {}, {}, []))) == gone


def test_only_the_chosen_calls_are_compared() -> None:
    ours = picture_of(EVENTS["change_priority"][:4])
    first, second = ours.board.calls
    out = [change for event in missed(ours, Snapshot(NOW, ("x",), {}, {}, []), [first]) for change in ours.apply(event)]
    assert any("lost" in line for line in told(out))
    assert list(ours.board.calls) == [second]


@pytest.mark.parametrize("name", STREAMS)
def test_whatever_calls_were_not_chosen_are_left_as_they_are(name: str) -> None:
    story = EVENTS[name]
    for count in range(len(story)):
        ours, later = picture_of(story[:count]), seen_in(picture_of(story[: count + 4]))
        assert all(isinstance(event, events.MemberSeen | events.MemberGone) for event in missed(ours, later, []))


def test_channels_we_dialled_and_channels_that_are_no_telephone_are_no_calls() -> None:
    now = Snapshot(NOW, (), {}, {}, [])
    for n, (name, dialled) in enumerate([("PJSIP/trunk-1", True), ("Local/1@x-1;1", False), ("PJSIP/1001-1", False)]):
        channel = ChannelId(f"t-1.{n}")
        now.channels[channel] = ChannelRow(channel, name, channel, False, dialled, "", "", "", "", timedelta())
    assert list(missed(Picture(), now)) == []


ROWS = """
Event: QueueParams
Queue: complaints

Event: QueueMember
Queue: complaints
Name: 1001
Location: PJSIP/1001
Status: 1
Paused: 1
PausedReason: lunch

Event: QueueEntry
Queue: complaints
Position: 1
Channel: PJSIP/trunk-00000001
Uniqueid: t-1.1
CallerIDNum: 138
CallerIDName: unknown
Wait: 7

Event: CoreShowChannel
Channel: PJSIP/trunk-00000001
ChannelState: 6
CallerIDNum: 138
CallerIDName: <unknown>
Exten: 10000
Uniqueid: t-1.1
Linkedid: t-1.1
Application: Queue
Duration: 01:02:03
BridgeId:

Event: CoreShowChannel
Channel: PJSIP/broken

Event: CoreShowChannel
Channel: PJSIP/odd-1
ChannelState: 5
CallerIDNum:
CallerIDName:
Exten:
Uniqueid: t-1.9
Linkedid: t-1.1
Duration: soon
"""


def test_rows_are_read_and_those_that_make_no_sense_left_out() -> None:
    rows = [Headers(text.strip("\n").replace("\n", "\r\n")) for text in ROWS.split("\n\n")]
    now = of_rows(NOW, rows)
    caller, odd = ChannelId("t-1.1"), ChannelId("t-1.9")
    assert now.members == [MemberRow("complaints", "PJSIP/1001", 1, True, "lunch")]
    assert now.entries[caller].waited == timedelta(seconds=7)
    assert set(now.channels) == {caller, odd}
    assert now.channels[caller].lived == timedelta(hours=1, minutes=2, seconds=3)
    assert (now.channels[odd].lived, now.channels[odd].ringing) == (timedelta(), True)
    ours = Picture()
    recovered(ours, now)
    assert ours.board.calls[CallId("t-1.1")].queued == NOW - timedelta(seconds=7)
    assert ours.roster.agents[Extension("1001")].reason == "lunch"


@pytest.mark.parametrize("name", STREAMS)
def test_a_snapshot_of_the_end_forgets_every_call(name: str) -> None:
    for count in range(len(EVENTS[name])):
        ours = picture_of(EVENTS[name][:count])
        recovered(ours, Snapshot(NOW, (), {}, {}, []))
        assert ours.board.remembered == 0
        assert ours.roster.agents == {}


CALLER, FIRST, SECOND = ChannelId("t-1764000000.1"), ChannelId("t-1764000010.2"), ChannelId("t-1764000020.3")
BEGAN = datetime.fromtimestamp(1764000000, UTC)
LOOKED = BEGAN + timedelta(seconds=40)


def after(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


def noting(**variables: str) -> dict[str, str]:
    """ChanVariable headers of a list's item."""
    return {"text": "".join(f"\r\nChanVariable: {name}={value}" for name, value in variables.items())}


def show(channel: ChannelId, name: str, bridge: str = "b1", text: str = "") -> Headers:
    return Headers(
        f"Event: CoreShowChannel\r\nChannel: {name}\r\nChannelState: 6\r\nCallerIDNum: 138\r\nCallerIDName: Zhang\r\nExten: s\r\n"
        f"Uniqueid: {channel}\r\nLinkedid: {CALLER}\r\nDuration: 00:00:39\r\nBridgeId: {bridge}" + text
    )


def epoch_ms(seconds: float) -> str:
    return str(round((1764000000 + seconds) * 1000))


QUEUED = {"HOTLINE": "10000", "QUEUED": f"{epoch_ms(5.25)}/complaints", "IVR_PATH": "1", "IVR_LANG": "en", "CALL_REF": CALLER}
BY_FIRST = f"{epoch_ms(12.5)}/{FIRST}/PJSIP/1001-00000002"
BY_SECOND = f"{epoch_ms(24)}/{SECOND}/PJSIP/1002-00000003"


def test_a_call_queued_and_answered_unheard_has_its_queue_wait_ring_and_talk_to_the_millisecond() -> None:
    rows = [
        show(CALLER, "PJSIP/trunk-00000001", **noting(**QUEUED, ANSWERED=BY_FIRST)),
        show(FIRST, "PJSIP/1001-00000002", **noting(CALL_REF=CALLER, ANSWERED=BY_FIRST)),
    ]
    ours = Picture()
    changes = [change for event in missed(ours, of_rows(LOOKED, rows)) for change in ours.apply(event)]
    assert [line for line in told(changes) if not line.startswith("agent")] == lines(
        """
        1 calls: 138 'Zhang' dialled 10000
        1 waits in complaints at 0 by 1 in en
        queue complaints: 1 waiting
        queue complaints: 0 waiting
        1 left complaints: answered
        1 answered by 1001 on 2 after 7250 ms, 2500 of them ringing
        1 with 1001 on 2
        """
    )
    assert [change.at for change in changes if not isinstance(change, CallStarted)][-3:-1] == [after(12.5)] * 2
    end = [*ours.apply(events.LeftBridge(after(50), "b1", FIRST)), *ours.apply(events.ChannelGone(after(51), CALLER, 16, ""))]
    assert told(end)[-1] == "1 ended answered, waited 7250, talked 37500"


def test_a_known_caller_of_whom_queue_and_answer_were_missed_gets_both() -> None:
    ours = picture_of([events.ChannelUp(BEGAN, CALLER, "PJSIP/trunk-00000001", CALLER, True, "138", "Zhang", "10000")])
    rows = [
        show(CALLER, "PJSIP/trunk-00000001", **noting(**QUEUED, ANSWERED=BY_FIRST)),
        show(FIRST, "PJSIP/1001-00000002", **noting(CALL_REF=CALLER, ANSWERED=BY_FIRST)),
    ]
    assert "1 answered by 1001 on 2 after 7250 ms, 2500 of them ringing" in recovered(ours, of_rows(LOOKED, rows))


def test_who_answered_first_counts_though_handed_on_unheard() -> None:
    rows = [
        show(CALLER, "PJSIP/trunk-00000001", **noting(**QUEUED, ANSWERED=BY_FIRST)),
        show(SECOND, "PJSIP/1002-00000003", **noting(CALL_REF=CALLER, ANSWERED=BY_SECOND)),
    ]
    ours = Picture()
    assert recovered(ours, of_rows(LOOKED, rows))[-4:] == lines(
        """
        1 left complaints: answered
        1 answered by 1001 on 2 after 7250 ms, 2500 of them ringing
        1 with 1002 on 3
        agent 1002 talking with 1
        """
    )
    assert ours.board.calls[CallId(CALLER)].talking_since == after(24)


def test_a_caller_who_waits_a_second_time_waits_since_then_and_stays_answered() -> None:
    entry = f"Event: QueueEntry\r\nQueue: complaints\r\nPosition: 1\r\nChannel: PJSIP/trunk-00000001\r\nUniqueid: {CALLER}\r\n"
    entry += "CallerIDNum: 138\r\nCallerIDName: Zhang\r\nWait: 3"
    rows = [show(CALLER, "PJSIP/trunk-00000001", "", **noting(**QUEUED, ANSWERED=BY_FIRST)), Headers(entry)]
    ours = Picture()
    recovered(ours, of_rows(LOOKED, rows))
    call = ours.board.calls[CallId(CALLER)]
    assert (call.state, call.queued, call.answered) == (CallState.WAITING, after(5.25), after(12.5))
    assert ours.queues.waiting("complaints") == [(CallId(CALLER), LOOKED - timedelta(seconds=3))]


def test_a_colleague_who_was_called_for_something_else_came_when_found() -> None:
    rows = [
        show(CALLER, "PJSIP/trunk-00000001", **noting(**QUEUED)),
        show(SECOND, "PJSIP/1002-00000003", **noting(CALL_REF=SECOND, ANSWERED=BY_SECOND)),
    ]
    ours = Picture()
    recovered(ours, of_rows(LOOKED, rows))
    assert ours.board.calls[CallId(CALLER)].answered == LOOKED


@pytest.mark.parametrize("noted", ["", "soon/complaints", "1764000005250", "1764000005250/", "9" * 14 + "/complaints", "/"])
def test_a_moment_that_is_none_is_not_believed(noted: str) -> None:
    rows = [show(CALLER, "PJSIP/trunk-00000001", "", **noting(QUEUED=noted, ANSWERED=noted))]
    ours = Picture()
    recovered(ours, of_rows(LOOKED, rows))
    assert (ours.board.calls[CallId(CALLER)].queued, ours.board.calls[CallId(CALLER)].answered) == (None, None)
