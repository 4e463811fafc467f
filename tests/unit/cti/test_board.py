"""Events against the table, and the ways of a call that no recorded stream shows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cti import events
from cti.board import CallBoard
from cti.calls import IN_QUEUE, MAX_AGE, TRANSITIONS, Call, CallState, Step
from cti.changes import CallEnded, CallOutcome, CallQueued, Change, OfferEnded, OfferOutcome, QueueLeft, VisitEnd
from cti.errors import IllegalMove
from cti.ids import CallId, ChannelId, Extension
from tests.unit.cti.telling import lines, told

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
CALLER, AGENT, OTHER = ChannelId("t-1.1"), ChannelId("t-1.2"), ChannelId("t-1.3")
A_NAME, B_NAME, C_NAME = "PJSIP/trunk-00000001", "PJSIP/1001-00000002", "PJSIP/1002-00000003"


class Story:
    """A board, and the events of one caller at chosen seconds."""

    def __init__(self) -> None:
        self.board = CallBoard(trunks=["trunk"])
        self.changes: list[Change] = []

    def apply(self, event: events.Event) -> Story:
        self.changes += self.board.apply(event)
        return self

    @property
    def call(self) -> Call:
        return self.board.calls[CallId(CALLER)]

    def up(self, s: float, channel: ChannelId = CALLER, name: str = A_NAME, incoming: bool = True) -> Story:
        return self.apply(events.ChannelUp(_at(s), channel, name, CALLER, incoming, "138", "Zhang", "10000"))

    def dials(self, s: float, number: str = "138", by: str = B_NAME, leg: ChannelId = AGENT, name: str = A_NAME) -> Story:
        """The switch dials CALLER for the agent."""
        return self.apply(events.DialledOut(_at(s), leg, leg, by, CALLER, name, number))

    def gone(self, s: float, channel: ChannelId = CALLER, cause: int = 16, status: str = "", known: bool = True) -> Story:
        return self.apply(events.ChannelGone(_at(s), channel, cause, status, known))

    def joins(self, s: float, queue: str = "complaints", status: str = "") -> Story:
        return self.apply(events.JoinedQueue(_at(s), CALLER, A_NAME, queue, 1, "138", "Zhang", "10000", "1", "zh-CN", status))

    def leaves(self, s: float, queue: str = "complaints", abandoned: bool = False) -> Story:
        return self.apply(events.LeftQueue(_at(s), CALLER, queue, abandoned))

    def rings(self, s: float, leg: ChannelId = AGENT, interface: str = "PJSIP/1001") -> Story:
        return self.apply(events.PhoneRings(_at(s), CALLER, leg, interface, "complaints"))

    def unanswered(self, s: float, leg: ChannelId = AGENT) -> Story:
        return self.apply(events.RingUnanswered(_at(s), CALLER, leg))

    def moves(self, s: float, phone: str = "1001") -> Story:
        return self.apply(events.PhoneMoved(_at(s), phone))

    def first_answer(self, s: float, rang: float = 3.0) -> Story:
        return self.apply(events.FirstAnswer(_at(s), CALLER, AGENT, B_NAME, timedelta(seconds=rang)))

    def enters(self, s: float, channel: ChannelId, name: str, bridge: str = "b1") -> Story:
        return self.apply(events.EnteredBridge(_at(s), bridge, channel, name))

    def exits(self, s: float, channel: ChannelId, bridge: str = "b1") -> Story:
        return self.apply(events.LeftBridge(_at(s), bridge, channel))

    def holds(self, s: float, held: bool, channel: ChannelId = AGENT) -> Story:
        return self.apply(events.Held(_at(s), channel, held))

    def talks(self, s: float) -> Story:
        return self.enters(s, AGENT, B_NAME).enters(s, CALLER, A_NAME)

    @property
    def told(self) -> list[str]:
        return told(self.changes)

    @property
    def outcome(self) -> CallOutcome:
        (ended,) = (change for change in self.changes if isinstance(change, CallEnded))
        return ended.outcome

    @property
    def offers(self) -> list[OfferOutcome]:
        return [change.outcome for change in self.changes if isinstance(change, OfferEnded)]


def _at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


# What brings a fresh story into each state, and what makes each step happen.
INTO = {
    CallState.ARRIVED: lambda s: s.up(0),
    CallState.DIALLED: lambda s: s.dials(0),
    CallState.WAITING: lambda s: s.up(0).joins(1),
    CallState.RINGING: lambda s: s.up(0).joins(1).rings(2),
    CallState.RELEASED: lambda s: s.up(0).joins(1).leaves(2),
    CallState.TALKING: lambda s: s.up(0).joins(1).leaves(2).talks(3),
    CallState.PARTED: lambda s: s.up(0).joins(1).leaves(2).talks(3).exits(4, AGENT),
}
STEPS = {
    Step.QUEUE: lambda s: s.joins(9, "seniors"),
    Step.OFFER: lambda s: s.rings(9, OTHER, "PJSIP/1002"),
    Step.HANG_UP: lambda s: s.gone(9),
    Step.JOIN: lambda s: s.enters(9, OTHER, C_NAME).enters(9, CALLER, A_NAME),
}


@pytest.mark.parametrize("state", INTO)
def test_the_board_can_be_brought_into_each_state(state: CallState) -> None:
    assert INTO[state](Story()).call.state is state


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("state", INTO)
def test_an_event_that_the_table_forbids_changes_nothing(state: CallState, step: Step) -> None:
    story = INTO[state](Story())
    if step in TRANSITIONS[state]:
        STEPS[step](story)
        assert step is Step.HANG_UP or story.call.state is TRANSITIONS[state][step]
        return
    before, told_before = repr(vars(story.board)), list(story.told)
    with pytest.raises(IllegalMove):
        STEPS[step](story)
    assert (repr(vars(story.board)), story.told) == (before, told_before)


@pytest.mark.parametrize("state", INTO)
def test_hearing_again_what_is_known_changes_nothing(state: CallState) -> None:
    """After a snapshot, events from before it may still stand in the backlog."""
    story = INTO[state](Story())
    before, count = repr(story.call), len(story.changes)
    story.up(10)
    if state in IN_QUEUE:
        story.joins(10)
    if state is CallState.RINGING:
        story.rings(10)
    if state is CallState.TALKING:
        story.enters(10, AGENT, B_NAME).enters(10, CALLER, A_NAME).leaves(10)
    story.exits(10, OTHER).holds(10, held=False).unanswered(10, OTHER).gone(10, OTHER)
    assert (repr(story.call), len(story.changes)) == (before, count)


# --- who is a caller


@pytest.mark.parametrize(
    ("name", "incoming"),
    [
        ("PJSIP/1001-00000001", True),  # an agent dials
        ("PJSIP/trunk-00000001", False),  # the switch dials out
        ("Local/1@x-00000001;2", True),
        ("AudioSocket/127.0.0.1:1-x", True),
    ],
)
def test_these_channels_are_no_callers(name: str, incoming: bool) -> None:
    assert Story().up(0, name=name, incoming=incoming).changes == []


@pytest.mark.parametrize("name", ["PJSIP/anonymous-00000001", "PJSIP/12-00000001", "PJSIP/1234567-00000001", "SIP/1001-0000001"])
def test_these_channels_are_callers(name: str) -> None:
    assert Story().up(0, name=name).told == ["1 calls: 138 'Zhang' dialled 10000"]


def test_an_agents_own_phone_that_joins_the_queue_is_a_caller() -> None:
    story = Story().up(0, name="PJSIP/1009-00000001")
    assert story.changes == []
    assert story.joins(1).told == ["1 calls: 138 'Zhang' dialled 10000", "1 waits in complaints at 1 by 1 in zh-CN"]


UNREAD = events.ChannelUp(START, CALLER, A_NAME, CALLER, True, "", "", "10000", named=False)
NAMED = events.CallerNamed(START + timedelta(seconds=1), CALLER, "138", "Zhang")


def test_a_caller_who_is_not_read_yet_is_told_of_when_he_is() -> None:
    story = Story().apply(UNREAD)
    assert (story.changes, story.board.nameless) == ([], [CALLER])
    story.apply(NAMED).apply(NAMED).gone(2)
    assert told(story.changes) == lines(
        """
        1 calls: 138 'Zhang' dialled 10000
        1 ended ivr_hangup, never waited, talked 0
        """
    )
    assert story.changes[0].at == START
    assert not story.board.nameless


def test_a_caller_who_was_never_read_is_told_of_at_the_end() -> None:
    story = Story().apply(UNREAD).gone(2).apply(NAMED)
    assert [line.partition(" ")[2] for line in told(story.changes)] == [
        "calls:  '' dialled 10000",
        "ended ivr_hangup, never waited, talked 0",
    ]
    assert not story.board.calls


def test_a_caller_whose_name_was_not_heard_has_that_of_the_queue() -> None:
    story = Story().apply(UNREAD).joins(2)
    assert told(story.changes)[0] == "1 calls: 138 'Zhang' dialled 10000"
    assert (story.changes[0].at, story.board.nameless) == (START, [])


def test_a_caller_with_whom_there_is_no_common_codec_was_refused() -> None:
    (ended,) = Story().up(0).gone(1, cause=58).changes[1:]
    assert isinstance(ended, CallEnded)
    assert ended.outcome is CallOutcome.REFUSED


def test_a_name_that_an_agents_channel_gets_is_no_call() -> None:
    assert Story().apply(events.CallerNamed(START, AGENT, "1001", "")).changes == []


def test_who_is_an_agent_is_an_argument() -> None:
    story = Story()
    story.board = CallBoard(lambda name: Extension("7") if name.startswith("SIP/seven") else None)
    story.up(0, name="PJSIP/1001-00000001").joins(1).rings(2, interface="SIP/seven").enters(3, CALLER, A_NAME)
    story.enters(3, AGENT, "SIP/seven-01")
    assert story.told[-2:] == ["1 answered by 7 on 2 after 2000 ms, 1000 of them ringing", "1 with 7 on 2"]


# --- offers


def test_a_phone_that_is_busy_was_not_rung() -> None:
    assert Story().up(0).joins(1).rings(2).unanswered(2.1).gone(2.1, AGENT, 17).offers == [OfferOutcome.REJECTED]


def test_a_ring_explained_only_after_its_channel_went_is_explained_still() -> None:
    story = Story().up(0).joins(1).rings(2).gone(10, AGENT, 0)
    assert story.offers == []
    assert story.unanswered(10.001).offers == [OfferOutcome.NO_ANSWER]


@pytest.mark.parametrize(
    ("rang", "cause", "outcome"),
    [
        (6.0, 0, OfferOutcome.NO_ANSWER),  # the queue's own limit
        (1.0, 0, OfferOutcome.NO_ANSWER),  # the shortest that the switch can have been told of
        (0.393, 0, OfferOutcome.REJECTED),  # across a second's end: the switch counts whole ones, and says 1000
        (3.0, 19, OfferOutcome.REJECTED),  # 480: the phone's own end, a page that is reloaded
        (3.0, 21, OfferOutcome.REJECTED),  # 603
        (3.0, 26, OfferOutcome.CANCELLED),
    ],
)
def test_what_a_ring_given_up_was_is_told_by_its_own_time_and_the_end_of_its_channel(
    rang: float, cause: int, outcome: OfferOutcome
) -> None:
    story = Story().up(0).joins(1).rings(2).unanswered(2 + rang)
    assert story.offers == [], "the cause is not known yet"
    story.gone(2 + rang + 0.002, AGENT, cause)
    assert (story.offers, story.call.state) == ([outcome], CallState.WAITING)
    assert f"1 rang 1001 on 2 for {round(rang * 1000)} ms: {outcome}" in story.told


def test_a_ring_at_a_phone_that_registered_anew_meanwhile_is_no_breach() -> None:
    story = Story().up(0).joins(1).rings(2).moves(3).unanswered(8)
    assert story.offers == [OfferOutcome.CANCELLED], "told before the queue pauses the agent for it"
    assert Story().up(0).joins(1).rings(2).moves(3, "1002").unanswered(8).gone(8, AGENT, 0).offers == [OfferOutcome.NO_ANSWER]


def test_a_ring_given_up_whose_channel_goes_on_ringing_for_us_ends_with_the_next() -> None:
    story = Story().up(0).joins(1).rings(2).unanswered(8).rings(9, OTHER, "PJSIP/1002")
    assert story.told[-2:] == ["1 rang 1001 on 2 for 6000 ms: no_answer", "1 rings 1002 on 3"]


def test_a_first_answer_found_afterwards_ends_the_wait_and_counts_once() -> None:
    story = Story().up(0).joins(1).leaves(4).first_answer(4).enters(4, AGENT, B_NAME).enters(9, CALLER, A_NAME).gone(10)
    assert [line for line in story.told if "answered" in line] == [
        "1 left complaints: answered",
        "1 answered by 1001 on 2 after 3000 ms, 3000 of them ringing",
        "1 ended answered, waited 3000, talked 1000",
    ]
    assert Story().up(0).joins(1).rings(2).first_answer(4, rang=9).told[-1].endswith("after 3000 ms, 2000 of them ringing")
    assert Story().first_answer(4).told == []


def test_a_caller_who_never_waited_was_answered_after_no_wait() -> None:
    assert "1 answered by 1001 on 2 after 0 ms, 0 of them ringing" in Story().up(0).talks(3).told
    assert Story().up(0).first_answer(4).told[-1] == "1 answered by 1001 on 2 after 0 ms, 3000 of them ringing"


def test_giving_up_in_a_second_queue_after_an_answer_is_countable() -> None:
    def again() -> Story:
        return Story().up(0).joins(1).leaves(4).talks(4).exits(9, AGENT).joins(10, "seniors")

    def told(story: Story) -> tuple[CallOutcome, bool]:
        (ended,) = (change for change in story.changes if isinstance(change, CallEnded))
        return ended.outcome, ended.abandoned_again

    assert told(again().leaves(15, "seniors", abandoned=True).leaves(15, "seniors").gone(15)) == (CallOutcome.ANSWERED, True)
    assert told(again().leaves(15, "seniors").gone(15, status="TIMEOUT")) == (CallOutcome.ANSWERED, False)
    assert told(again().leaves(15, "seniors").gone(30)) == (CallOutcome.ANSWERED, False)
    assert told(again().leaves(15, "seniors", abandoned=True).leaves(15, "seniors").gone(15, status="CONTINUE"))[1]
    assert told(again().gone(15, known=False)) == (CallOutcome.ANSWERED, False)
    assert told(Story().up(0).joins(1).leaves(4).talks(4).gone(4.5)) == (CallOutcome.ANSWERED, False), "a short talk"
    assert told(Story().up(0).joins(1).leaves(4).talks(4).exits(9, AGENT).gone(9)) == (CallOutcome.ANSWERED, False)
    assert told(Story().up(0).joins(1).leaves(9, abandoned=True).leaves(9).gone(9)) == (CallOutcome.ABANDONED, False)


def visits(story: Story) -> list[tuple[str, float, VisitEnd]]:
    """Each stay in a queue that is over: which, how many seconds long, and how it ended."""
    begun: dict[str, datetime] = {}
    out = []
    for change in story.changes:
        if isinstance(change, CallQueued):
            begun[change.queue] = change.at
        elif isinstance(change, QueueLeft):
            out.append((change.queue, (change.at - begun.pop(change.queue)).total_seconds(), change.how))
    assert not begun
    return out


@pytest.mark.parametrize(
    ("status", "how"),
    [
        ("TIMEOUT", VisitEnd.TIMED_OUT),
        ("LEAVEEMPTY", VisitEnd.EMPTY),
        ("LEAVEUNAVAIL", VisitEnd.EMPTY),
        ("WITHDRAW", VisitEnd.LET_GO),
        ("", VisitEnd.ABANDONED),
        ("CONTINUE", VisitEnd.ABANDONED),
    ],
)
def test_a_visit_ends_as_the_queue_says_and_when_it_let_go(status: str, how: VisitEnd) -> None:
    assert visits(Story().up(0).joins(1).leaves(21).gone(21.5, status=status)) == [("complaints", 20, how)]


def test_who_is_let_go_and_waits_elsewhere_has_two_visits() -> None:
    first = Story().up(0).joins(1).leaves(21)
    story = first.joins(21.5, "seniors", status="TIMEOUT").leaves(23.5, "seniors").talks(24.5).gone(30)
    assert visits(story) == [("complaints", 20, VisitEnd.TIMED_OUT), ("seniors", 3, VisitEnd.ANSWERED)]
    assert "1 answered by 1001 on 2 after 23500 ms, 0 of them ringing" in story.told, "the wait counts from the first queue"


def test_who_is_taken_out_of_one_queue_and_put_into_another_was_transferred() -> None:
    story = Story().up(0).joins(1).leaves(5).joins(5, "seniors").leaves(9, "seniors", abandoned=True).leaves(9, "seniors").gone(9)
    assert visits(story) == [("complaints", 4, VisitEnd.TRANSFERRED), ("seniors", 4, VisitEnd.ABANDONED)]
    stale = Story().up(0).joins(1, status="TIMEOUT").leaves(5).joins(5, "seniors", status="TIMEOUT").gone(9, known=False)
    assert visits(stale) == [("complaints", 4, VisitEnd.TRANSFERRED), ("seniors", 4, VisitEnd.LOST)]


def test_giving_up_in_a_second_queue_after_an_answer_is_that_visits_own_end() -> None:
    answered = Story().up(0).joins(1).leaves(4).talks(4).exits(9, AGENT)
    story = answered.joins(10, "seniors").leaves(15, "seniors", abandoned=True).leaves(15, "seniors").gone(15)
    assert visits(story) == [("complaints", 3, VisitEnd.ANSWERED), ("seniors", 5, VisitEnd.ABANDONED)]


def test_a_first_answer_found_afterwards_ends_the_visit_and_no_later_person_does_it_again() -> None:
    story = Story().up(0).joins(1).first_answer(4).leaves(5).talks(5).exits(6, AGENT).enters(7, OTHER, C_NAME).gone(8)
    assert visits(story) == [("complaints", 3, VisitEnd.ANSWERED)]


def test_a_ring_whose_channel_went_with_the_caller_is_cancelled() -> None:
    story = Story().up(0).joins(1).rings(2).gone(10, AGENT, 0).leaves(10.001, abandoned=True).leaves(10.002).gone(10.003)
    assert (story.offers, story.outcome) == ([OfferOutcome.CANCELLED], CallOutcome.ABANDONED)
    assert "1 rang 1001 on 2 for 8000 ms: cancelled" in story.told


def test_a_ring_that_nothing_explains_was_unanswered_when_the_queue_goes_on() -> None:
    story = Story().up(0).joins(1).rings(2).gone(10, AGENT, 0).rings(11, OTHER, "PJSIP/1002")
    assert story.told[-2:] == ["1 rang 1001 on 2 for 8000 ms: no_answer", "1 rings 1002 on 3"]
    assert story.call.state is CallState.RINGING


def test_the_other_phones_stop_when_one_answers() -> None:
    story = Story().up(0).joins(1).rings(2).rings(2, OTHER, "PJSIP/1002").leaves(5).talks(5)
    assert story.told[-3:] == [
        "1 answered by 1001 on 2 after 4000 ms, 3000 of them ringing",
        "1 with 1001 on 2",
        "1 rang 1002 on 3 for 3000 ms: cancelled",
    ]
    assert story.gone(5.1, OTHER, 26).offers == [OfferOutcome.CANCELLED]


@pytest.mark.parametrize(
    ("cause", "outcome"), [(0, OfferOutcome.NO_ANSWER), (17, OfferOutcome.REJECTED), (26, OfferOutcome.CANCELLED)]
)
def test_a_transfers_ring_ends_by_its_channels_cause(cause: int, outcome: OfferOutcome) -> None:
    story = INTO[CallState.PARTED](Story()).up(5, OTHER, C_NAME, incoming=False).gone(25, OTHER, cause)
    assert story.offers == [outcome]


def test_a_ring_outside_the_queue_that_is_heard_of_again_is_one() -> None:
    story = INTO[CallState.PARTED](Story()).up(5, OTHER, C_NAME, incoming=False).up(6, OTHER, C_NAME, incoming=False)
    assert story.told.count("1 rings 1002 on 3 (no queue)") == 1


def test_a_colleague_who_is_rung_rings_on_when_somebody_else_joins_the_caller() -> None:
    story = INTO[CallState.TALKING](Story()).up(5, OTHER, C_NAME, incoming=False)
    story.enters(6, ChannelId("t-1.4"), "PJSIP/1003-00000004")
    assert story.offers == []
    assert story.gone(25, OTHER, 0).offers == [OfferOutcome.NO_ANSWER]


def test_a_colleague_who_was_only_consulted_was_not_offered_the_call_in_vain() -> None:
    story = (
        INTO[CallState.TALKING](Story()).up(5, OTHER, C_NAME, incoming=False).enters(7, OTHER, C_NAME, "b2").exits(9, OTHER, "b2")
    )
    assert story.gone(9, OTHER, 16).offers == [OfferOutcome.CANCELLED]


# --- bridges


def test_the_order_of_entering_does_not_matter() -> None:
    first = Story().up(0).joins(1).rings(2).leaves(3).enters(3, AGENT, B_NAME).enters(3, CALLER, A_NAME)
    second = Story().up(0).joins(1).rings(2).enters(3, CALLER, A_NAME).enters(3, AGENT, B_NAME).leaves(3)
    assert first.told == second.told
    assert first.call.state is second.call.state is CallState.TALKING


def test_the_answer_is_the_first_person_and_talk_is_the_time_with_anybody() -> None:
    story = INTO[CallState.TALKING](Story()).enters(5, OTHER, C_NAME).exits(7, AGENT).exits(10, OTHER).gone(11)
    assert story.told[-4:] == ["1 with 1002 on 3", "1 without 2", "1 without 3", "1 ended answered, waited 2000, talked 7000"]
    assert sum("answered by" in line for line in story.told) == 1


def test_an_outside_party_is_a_person_without_extension() -> None:
    story = INTO[CallState.PARTED](Story()).enters(5, OTHER, "PJSIP/trunk-00000009", "b1")
    assert story.told[-1] == "1 with None on 3"


def test_a_local_channel_is_no_person() -> None:
    story = INTO[CallState.PARTED](Story()).enters(5, OTHER, "Local/x@y-00000001;1")
    assert story.call.state is CallState.PARTED


def test_a_channel_that_hangs_up_without_leaving_its_bridge_has_left_it() -> None:
    story = INTO[CallState.TALKING](Story()).gone(5, AGENT)
    assert story.told[-1] == "1 without 2"
    story.gone(6)
    assert (story.board.bridge_of, story.board.remembered) == ({}, 0)


def test_a_channel_that_turns_up_in_another_bridge_has_left_the_first() -> None:
    story = INTO[CallState.TALKING](Story()).enters(5, AGENT, B_NAME, "b2")
    assert story.told[-1] == "1 without 2"


def test_a_hold_ends_with_the_leg_that_asked_for_it() -> None:
    story = INTO[CallState.TALKING](Story()).holds(4, held=True).exits(6, AGENT)
    assert story.told[-3:] == ["1 held by 2", "1 taken back by 2", "1 without 2"]


def test_the_callers_own_hold_is_not_ours() -> None:
    story = INTO[CallState.TALKING](Story())
    assert story.told == story.holds(4, held=True, channel=CALLER).told


def test_a_transferred_caller_nobody_answers_waits_again_and_is_answered_once() -> None:
    story = INTO[CallState.PARTED](Story()).joins(5).rings(6, OTHER, "PJSIP/1002").leaves(8).enters(8, OTHER, C_NAME)
    assert story.told[-5:] == lines(
        """
        1 without 2
        1 waits in complaints at 1 by 1 in zh-CN
        1 rings 1002 on 3
        1 left complaints: answered
        1 with 1002 on 3
        """
    )
    assert story.gone(10).told[-1] == "1 ended answered, waited 2000, talked 3000"


# --- the end


def test_hanging_up_in_the_menu_is_no_abandon() -> None:
    assert Story().up(0).gone(5).outcome is CallOutcome.IVR_HANGUP


def test_hanging_up_in_the_queue_is_an_abandon() -> None:
    assert Story().up(0).joins(1).leaves(5, abandoned=True).leaves(5).gone(5.01).outcome is CallOutcome.ABANDONED


def test_a_caller_who_vanishes_from_the_queue_without_any_word_abandoned() -> None:
    assert Story().up(0).joins(1).rings(2).gone(5).outcome is CallOutcome.ABANDONED


@pytest.mark.parametrize("status", ["TIMEOUT", "LEAVEEMPTY", "FULL", "WITHDRAW"])
def test_a_caller_the_queue_let_go_was_refused(status: str) -> None:
    """QueueCallerAbandon is sent all the same."""
    assert Story().up(0).joins(1).leaves(5, abandoned=True).leaves(5).gone(5.01, status=status).outcome is CallOutcome.REFUSED


def test_a_caller_the_queue_did_not_take_was_refused() -> None:
    assert Story().up(0).gone(1, status="JOINEMPTY").outcome is CallOutcome.REFUSED


def test_a_caller_who_lived_on_after_the_queue_did_not_hang_up_in_it() -> None:
    assert Story().up(0).joins(1).leaves(5, abandoned=True).leaves(5).gone(8).outcome is CallOutcome.REFUSED


def test_the_status_of_an_earlier_queue_is_not_taken_for_the_last_ones() -> None:
    story = Story().up(0).joins(1).leaves(5, abandoned=True).leaves(5).joins(6, "seniors", status="TIMEOUT")
    story.leaves(9, "seniors", abandoned=True).leaves(9, "seniors").gone(9.01, status="TIMEOUT")
    assert story.outcome is CallOutcome.ABANDONED
    assert story.told[-1] == "1 ended abandoned, waited 8000, talked 0"


def test_a_call_not_seen_to_end_is_lost_unless_a_person_had_answered() -> None:
    assert Story().up(0).joins(1).gone(5, known=False).outcome is CallOutcome.LOST
    assert INTO[CallState.TALKING](Story()).gone(9, known=False).outcome is CallOutcome.ANSWERED


def test_spans_are_never_negative() -> None:
    story = Story().up(0).joins(5).rings(4).enters(3, CALLER, A_NAME).enters(3, AGENT, B_NAME).gone(2)
    assert story.told[-1] == "1 ended answered, waited 0, talked 0"


# --- age


@pytest.mark.parametrize("state", INTO)
def test_a_state_that_lasts_too_long_is_noticed_until_it_is_confirmed(state: CallState) -> None:
    story = INTO[state](Story())
    late = story.call.since + MAX_AGE[state]
    assert story.board.stale(late) == []
    assert story.board.stale(late + timedelta(seconds=1)) == [CALLER]
    story.board.confirm(CallId(CALLER), late)
    assert story.board.stale(late + timedelta(seconds=1)) == []
