"""Whatever a switch says, in whatever order: no error, no contradiction inside the picture, nothing left at the end."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import example, given, settings
from hypothesis import strategies as st

from cti import events
from cti.calls import IN_QUEUE, CallState
from cti.changes import CallEnded, CallHeld, CallOffered, CallStarted, Change, LegJoined, LegLeft, OfferEnded, QueueChanged
from cti.ids import CallId, ChannelId
from cti.picture import Picture

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
NAMES = {
    "t-1.1": "PJSIP/trunk-00000001",
    "t-1.2": "PJSIP/trunk-00000002",
    "t-1.3": "PJSIP/1001-00000003",
    "t-1.4": "PJSIP/1002-00000004",
    "t-1.5": "Local/x@y-00000005;1",
    "t-1.6": "PJSIP/trunk-00000006",
}
CHANNELS = st.sampled_from([ChannelId(one) for one in NAMES])
AT = st.integers(0, 600).map(lambda seconds: START + timedelta(seconds=seconds))
QUEUES = st.sampled_from(["complaints", "seniors"])
INTERFACES = st.sampled_from(["PJSIP/1001", "PJSIP/1002", "PJSIP/trunk", "Local/x@y"])
BRIDGES = st.sampled_from(["b1", "b2"])
STATUSES = st.sampled_from(["", "TIMEOUT", "CONTINUE"])
NAMED = CHANNELS.flatmap(lambda channel: st.tuples(st.just(channel), st.just(NAMES[channel])))

EVENTS = st.one_of(
    st.builds(
        lambda at, n, linked, ring: events.ChannelUp(at, *n, linked, ring, "1", "x", "1"), AT, NAMED, CHANNELS, st.booleans()
    ),
    st.builds(lambda at, n: events.ChannelUp(at, *n, n[0], True, "1", "x", "1"), AT, NAMED),
    st.builds(events.ChannelGone, AT, CHANNELS, st.sampled_from([0, 16, 17, 26]), STATUSES, st.booleans()),
    st.builds(lambda at, n, q, s: events.JoinedQueue(at, *n, q, 1, "1", "x", "1", "", "", s), AT, NAMED, QUEUES, STATUSES),
    st.builds(events.LeftQueue, AT, CHANNELS, QUEUES, st.booleans()),
    st.builds(events.PhoneRings, AT, CHANNELS, CHANNELS, INTERFACES, QUEUES),
    st.builds(events.RingUnanswered, AT, CHANNELS, CHANNELS),
    st.builds(events.PhoneMoved, AT, st.sampled_from(["1001", "1002"])),
    st.builds(lambda at, channel, n: events.FirstAnswer(at, channel, *n, timedelta(seconds=2)), AT, CHANNELS, NAMED),
    st.builds(lambda at, bridge, n: events.EnteredBridge(at, bridge, *n), AT, BRIDGES, NAMED),
    st.builds(events.LeftBridge, AT, BRIDGES, CHANNELS),
    st.builds(events.Held, AT, CHANNELS, st.booleans()),
    st.builds(
        events.Transferred,
        AT,
        st.sampled_from(["blind", "attended"]),
        CHANNELS,
        CHANNELS,
        INTERFACES,
        st.sampled_from(["1002", ""]),
    ),
    st.builds(events.MemberSeen, AT, QUEUES, INTERFACES, st.integers(0, 9), st.booleans(), st.sampled_from(["", "wrap-up"])),
    st.builds(events.MemberGone, AT, QUEUES, INTERFACES),
)
STORIES = st.lists(EVENTS, max_size=60)


def told(picture: Picture, story: list[events.Event]) -> list[Change]:
    return [change for event in story for change in picture.apply(event)]


def the_end() -> list[events.Event]:
    late = START + timedelta(hours=1)
    members = [events.MemberGone(late, queue, f"PJSIP/100{n}") for queue in ("complaints", "seniors") for n in (1, 2)]
    return [*(events.ChannelGone(late, ChannelId(one), 16, "") for one in NAMES), *members]


def up(caller: str) -> events.Event:
    return events.ChannelUp(START, ChannelId(caller), NAMES[caller], caller, True, "1", "x", "1")


def entered(caller: str) -> events.Event:
    return events.EnteredBridge(START, "b1", ChannelId(caller), NAMES[caller])


def gone(caller: str) -> events.Event:
    return events.ChannelGone(START + timedelta(seconds=60), ChannelId(caller), 16, "")


TWO_CALLERS = [up("t-1.1"), up("t-1.6"), entered("t-1.6"), entered("t-1.1")]
"""Handed on to each other: either is a leg of the other's call."""
A_CALLER_RINGS = [
    up("t-1.1"),
    events.JoinedQueue(START, ChannelId("t-1.1"), NAMES["t-1.1"], "complaints", 1, "1", "x", "1", "", ""),
    up("t-1.6"),
    events.PhoneRings(START, ChannelId("t-1.1"), ChannelId("t-1.6"), "PJSIP/1001", "complaints"),
]


def test_a_caller_who_was_with_another_and_is_gone_leaves_that_ones_call() -> None:
    """No event of the bridge precedes it where the lists told of the hang-up (snapshot.missed)."""
    for first in ("t-1.1", "t-1.6"):
        picture = Picture()
        told(picture, TWO_CALLERS)
        [parted] = [one for one in picture.apply(gone(first)) if isinstance(one, LegLeft) and one.leg == first]
        [left] = picture.board.calls.values()
        assert (left.id, left.legs, left.state) == (parted.call, {}, CallState.PARTED)


def test_a_caller_who_rang_for_another_and_is_gone_rings_no_longer() -> None:
    picture = Picture()
    told(picture, A_CALLER_RINGS)
    picture.apply(events.RingUnanswered(START, ChannelId("t-1.1"), ChannelId("t-1.6")))
    assert [one.leg for one in picture.apply(gone("t-1.6")) if isinstance(one, OfferEnded)] == ["t-1.6"]
    assert picture.board.calls[CallId("t-1.1")].offers == {}


@given(STORIES)
@example([*TWO_CALLERS, gone("t-1.1")])
@example([*TWO_CALLERS, gone("t-1.6")])
@settings(max_examples=400, deadline=None)
def test_the_picture_never_contradicts_itself(story: list[events.Event]) -> None:
    picture = Picture()
    for event in story:
        picture.apply(event)
        board = picture.board
        for call in board.calls.values():
            assert (call.state is CallState.TALKING) == bool(call.legs)
            assert (call.talking_since is not None) == bool(call.legs)
            assert call.state is not CallState.RINGING or any(offer.queue for offer in call.offers.values())
            assert not set(call.legs) & set(call.offers)
            assert (call.state in IN_QUEUE) <= (call.queue != "")
            for leg in call.legs:
                assert board.bridge_of[leg] == board.bridge_of[ChannelId(call.id)]
        waiting = {call for queue in picture.queues.names() for call, _ in picture.queues.waiting(queue)}
        assert waiting >= {call.id for call in board.calls.values() if call.state in IN_QUEUE}
        assert waiting <= set(board.calls)


@given(STORIES)
@settings(max_examples=300, deadline=None)
def test_when_every_channel_is_gone_nothing_is_left(story: list[events.Event]) -> None:
    picture = Picture()
    told(picture, [*story, *the_end()])
    board, roster = picture.board, picture.roster
    assert board.remembered == 0
    assert (roster.agents, roster._leg_of, roster._direct, picture.queues._queue_of) == ({}, {}, set(), {})


@given(STORIES)
@settings(max_examples=300, deadline=None)
def test_what_is_opened_is_closed_once(story: list[events.Event]) -> None:
    """Every call ends, every ring ends or is answered, every leg that joins leaves, every hold ends."""
    changes = told(Picture(), [*story, *the_end()])
    started = Counter(one.call for one in changes if isinstance(one, CallStarted))
    assert started == Counter(one.call for one in changes if isinstance(one, CallEnded))
    legs: dict[tuple[str, str], str] = {}
    for one in changes:
        if isinstance(one, CallOffered):
            assert legs.setdefault((one.call, one.leg), "rings") == "rings"
        elif isinstance(one, OfferEnded):
            assert legs.pop((one.call, one.leg)) == "rings"
        elif isinstance(one, LegJoined):
            assert legs.get((one.call, one.leg), "rings") == "rings"
            legs[one.call, one.leg] = "talks"
        elif isinstance(one, CallHeld):
            assert legs[one.call, one.leg] == ("talks" if one.held else "holds")
            legs[one.call, one.leg] = "holds" if one.held else "talks"
        elif isinstance(one, LegLeft):
            assert legs.pop((one.call, one.leg)) == "talks"
    assert legs == {}


def test_an_illegal_move_is_counted_by_its_event_and_text() -> None:
    picture = Picture()
    caller = ChannelId("t-1.1")
    picture.apply(events.ChannelUp(START, caller, NAMES[caller], caller, True, "1", "x", "1"))
    for _ in range(2):
        picture.apply(events.PhoneRings(START, caller, ChannelId("t-1.3"), "PJSIP/1001", "complaints"))
    assert picture.illegal == {"PhoneRings: offer is not possible while arrived": 2}


def test_what_the_board_refuses_queues_and_agents_hear_all_the_same() -> None:
    """The board has missed that the caller parted from the agent; the queue's own word is true nevertheless."""
    picture = Picture()
    told(picture, [up("t-1.1"), entered("t-1.1"), entered("t-1.3")])
    joined = events.JoinedQueue(START, ChannelId("t-1.1"), NAMES["t-1.1"], "complaints", 1, "1", "x", "1", "", "")
    assert told(picture, [joined]) == [QueueChanged(at=START, queue="complaints", waiting=1, oldest_since=START)]
    assert picture.illegal == {"JoinedQueue: queue is not possible while talking": 1}
    assert picture.board.calls[CallId("t-1.1")].state is CallState.TALKING
