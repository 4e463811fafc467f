from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cti.changes import VisitEnd
from cti.ids import CallId
from cti.queue_log import ENDINGS, Ending, Talk, Visit, Witness, calls, read

MS = timedelta(milliseconds=1)
CALL, OTHER = CallId("tingsu-1795476103.7"), CallId("tingsu-1795476104.9")
ENTERED = "1795476115|tingsu-1795476103.7|complaints|NONE|ENTERQUEUE||13951600003|1"
CONNECTED = "1795476117|tingsu-1795476103.7|complaints|1005|CONNECT|2|tingsu-1795476115.8|1"
COMPLETED = "1795476152|tingsu-1795476103.7|complaints|1005|COMPLETECALLER|2|35|1"
"""As Asterisk 22.10.1 wrote them."""


def at(epoch: int) -> datetime:
    return datetime.fromtimestamp(epoch, UTC)


def line(epoch: int, agent: str, event: str, *rest: str) -> str:
    return "|".join((str(epoch), CALL, "complaints", agent, event, *rest))


def witness(*lines: str) -> Witness:
    return read(lines, [CALL])[CALL]


def test_an_answered_call_has_its_number_its_times_and_its_agent() -> None:
    told = witness(ENTERED, CONNECTED, COMPLETED)
    assert (told.call, told.number, told.queue, told.queued_at) == (CALL, "13951600003", "complaints", at(1795476115))
    assert (told.answered_at, told.extension, told.leg) == (at(1795476117), "1005", "tingsu-1795476115.8")
    assert (told.how, told.ended_at) == (Ending.COMPLETED, at(1795476152))
    assert told.talks[0].rang == timedelta(seconds=1)
    assert told.talks[0].ended == at(1795476152)


def test_a_ring_that_nobody_answers_is_no_answer() -> None:
    told = witness(
        ENTERED,
        line(1795476118, "2001", "RINGNOANSWER", "2000"),
        line(1795476119, "2001", "RINGCANCELED", "997"),
        line(1795476120, "NONE", "ABANDON", "1", "1", "5"),
    )
    assert (told.answered_at, told.extension, told.leg) == (None, None, None)
    assert (told.how, told.ended_at) == (Ending.ABANDONED, at(1795476120))


@pytest.mark.parametrize("event", [event for event, how in ENDINGS.items() if how is Ending.LET_GO])
def test_a_queue_that_ends_the_wait_lets_the_caller_go(event: str) -> None:
    assert witness(ENTERED, line(1795476120, "NONE", event, "1", "1", "5")).how is Ending.LET_GO


@pytest.mark.parametrize("event", [event for event, how in ENDINGS.items() if how is Ending.HANDED_ON])
def test_who_was_handed_on_has_parted_from_the_agent_and_has_no_known_end(event: str) -> None:
    told = witness(ENTERED, CONNECTED, line(1795476130, "1005", event, "1006", "handed-on", "2", "13", "1"))
    assert (told.talks[0].ended, told.how, told.ended_at) == (at(1795476130), Ending.HANDED_ON, None)


def test_who_comes_back_to_the_queue_waits_since_the_first_entry_and_speaks_to_each_who_answers() -> None:
    told = witness(
        ENTERED,
        CONNECTED,
        line(1795476130, "1005", "BLINDTRANSFER", "1006", "handed-on", "2", "13", "1"),
        line(1795476140, "NONE", "ENTERQUEUE", "", "13951600003", "1"),
        line(1795476145, "1007", "CONNECT", "5", "tingsu-1795476140.12", "5"),
        line(1795476190, "1007", "COMPLETEAGENT", "5", "45", "1"),
    )
    assert (told.queued_at, told.extension, told.ended_at) == (at(1795476115), "1005", at(1795476190))
    assert [(talk.extension, talk.began, talk.ended) for talk in told.talks] == [
        ("1005", at(1795476117), at(1795476130)),
        ("1007", at(1795476145), at(1795476190)),
    ]
    assert told.visits == (
        Visit("complaints", at(1795476115), at(1795476117), VisitEnd.ANSWERED),
        Visit("complaints", at(1795476140), at(1795476145), VisitEnd.ANSWERED),
    )


@pytest.mark.parametrize(
    ("event", "how"),
    [
        ("ABANDON", VisitEnd.ABANDONED),
        ("EXITWITHTIMEOUT", VisitEnd.TIMED_OUT),
        ("EXITEMPTY", VisitEnd.EMPTY),
        ("EXITWITHKEY", VisitEnd.LET_GO),
        ("WITHDRAW", VisitEnd.LET_GO),
    ],
)
def test_a_second_queue_is_a_visit_of_its_own(event: str, how: VisitEnd) -> None:
    moved = "1795476130|tingsu-1795476103.7|seniors|NONE|ENTERQUEUE||13951600003|1"
    gone = f"1795476133|tingsu-1795476103.7|seniors|NONE|{event}|1|1|3"
    told = witness(ENTERED, line(1795476125, "NONE", event, "1", "1", "10"), moved, gone)
    first = Visit("complaints", at(1795476115), at(1795476125), how)
    assert told.visits == (first, Visit("seniors", at(1795476130), at(1795476133), how))
    assert told.queue == "complaints"


def test_a_visit_that_another_one_follows_was_transferred_and_the_last_may_be_open() -> None:
    told = witness(ENTERED, "1795476130|tingsu-1795476103.7|seniors|NONE|ENTERQUEUE||13951600003|1")
    first = Visit("complaints", at(1795476115), at(1795476130), VisitEnd.TRANSFERRED)
    assert told.visits == (first, Visit("seniors", at(1795476130)))


def test_an_answer_without_an_entry_of_its_own_is_a_visit_as_long_as_the_queue_says() -> None:
    """Who came back within a second has an entry that is the same line as the first; it is read as one."""
    told = witness(ENTERED, CONNECTED, ENTERED, line(1795476130, "1007", "CONNECT", "9", "tingsu-1795476140.12", "5"))
    second = Visit("complaints", at(1795476121), at(1795476130), VisitEnd.ANSWERED)
    assert told.visits == (Visit("complaints", at(1795476115), at(1795476117), VisitEnd.ANSWERED), second)


def test_a_visit_whose_answer_is_lost_lasts_until_the_talk_began() -> None:
    assert witness(ENTERED, COMPLETED).visits == (Visit("complaints", at(1795476115), at(1795476117), VisitEnd.ANSWERED),)


def test_whoever_waits_or_answers_after_what_looked_like_the_end_goes_on_with_the_call() -> None:
    waits = witness(ENTERED, CONNECTED, COMPLETED, line(1795476155, "NONE", "ENTERQUEUE", "", "13951600003", "1"))
    assert (waits.how, waits.ended_at, waits.queued_at) == (None, None, at(1795476115))
    told = witness(ENTERED, CONNECTED, COMPLETED, line(1795476160, "1007", "CONNECT", "5", "tingsu-1795476155.12", "5"))
    assert (told.how, told.ended_at) == (None, None)
    assert [(talk.extension, talk.ended) for talk in told.talks] == [("1005", at(1795476152)), ("1007", None)]
    taken_over = witness(ENTERED, CONNECTED, line(1795476160, "1007", "CONNECT", "5", "tingsu-1795476155.12", "5"))
    assert [(talk.extension, talk.ended) for talk in taken_over.talks] == [("1005", at(1795476160)), ("1007", None)]


def test_a_talk_without_an_end_stays_open() -> None:
    told = witness(ENTERED, CONNECTED)
    assert (told.talks[0].ended, told.how, told.ended_at) == (None, None, None)


def test_a_line_that_is_read_twice_counts_once() -> None:
    assert witness(ENTERED, CONNECTED, COMPLETED, ENTERED, CONNECTED, COMPLETED) == witness(ENTERED, CONNECTED, COMPLETED)


def test_the_calls_of_a_time_are_those_of_which_nothing_lies_outside_it() -> None:
    diary = [ENTERED, line(1795476116, "1005", "PAUSE").replace(CALL, "NONE"), CONNECTED, COMPLETED]
    assert calls(diary, at(1795476115), at(1795476153)) == {CALL}
    assert calls(diary, at(1795476116), at(1795476153)) == set(), "its beginning lies before"
    assert calls(diary, at(1795476115), at(1795476152)) == set(), "its end lies behind"


def test_each_call_has_its_own_story_and_those_not_asked_for_have_none() -> None:
    lines = [ENTERED, ENTERED.replace(CALL, OTHER).replace("13951600003", "02088886666")]
    assert {call: told.number for call, told in read(lines, [CALL, OTHER]).items()} == {CALL: "13951600003", OTHER: "02088886666"}
    assert set(read(lines, [OTHER])) == {OTHER}
    assert read(lines, [CallId("tingsu-1795476103.70")]) == {}


@pytest.mark.parametrize(
    "garbage",
    [
        "",
        "|||||||",
        "1795476115|NONE|NONE|NONE|QUEUESTART|",
        COMPLETED[:40],
        COMPLETED[3:],  # the tail of a torn line: its epoch would be of 1984
        f"x{COMPLETED}",
        COMPLETED.replace("1795476152", "１７９５４７６１５２"),
        COMPLETED.replace("|35|", "|\x1b[31m|"),
        COMPLETED + "9" * 2000,
        line(1795476116, "1005", "CONNECT", "1"),
        line(1795476116, "1005", "CONNECT", "1", "../../etc/passwd", "1"),
        line(1795476116, "Local/1005@agents", "CONNECT", "1", "tingsu-1795476115.6", "1"),
        line(1795476116, "1005", "SOMETHING", "new"),
        "\udcff|\udcff",
    ],
)
def test_what_cannot_be_understood_is_passed_over(garbage: str) -> None:
    assert witness(ENTERED, garbage, CONNECTED) == witness(ENTERED, CONNECTED)
    assert read([garbage], [CALL]) == {}


def test_an_end_without_a_beginning_says_nothing() -> None:
    assert read([COMPLETED], [CALL]) == {}


def test_an_answer_whose_entry_is_out_of_reach_is_still_an_answer() -> None:
    told = witness(CONNECTED, COMPLETED)
    assert (told.number, told.queued_at, told.extension, told.how) == ("", None, "1005", Ending.COMPLETED)


def test_a_number_is_cut() -> None:
    assert len(witness(ENTERED.replace("13951600003", "1" * 500)).number) == 64


def test_an_interface_in_the_place_of_the_member_is_its_extension() -> None:
    assert witness(ENTERED, CONNECTED.replace("|1005|", "|PJSIP/1005|")).extension == "1005"


def test_a_ring_time_that_is_none_is_nothing() -> None:
    told = witness(ENTERED, CONNECTED[:-1] + "x")
    assert told.talks == (Talk(told.talks[0].leg, told.talks[0].extension, at(1795476117), timedelta()),)


def test_time_does_not_go_back_with_the_clock() -> None:
    told = witness(ENTERED, CONNECTED.replace("1795476117", "1795472517"), COMPLETED.replace("1795476152", "1795472552"))
    assert (told.answered_at, told.ended_at) == (at(1795476115), at(1795476115))


BEGAN = f"1795476103|{CALL}|NONE|NONE|CALLBEGAN|1795476103412|13951600003|10000"
OVER = f"1795476160|{CALL}|NONE|NONE|CALLOVER|1795476160007"


def test_a_call_that_ended_before_any_queue_has_its_number_and_both_its_moments() -> None:
    told = witness(BEGAN, OVER)
    assert (told.number, told.dialled, told.queued_at, told.how) == ("13951600003", "10000", None, None)
    assert (told.began_at, told.over_at) == (at(1795476103) + 412 * MS, at(1795476160) + 7 * MS)


def test_what_the_queue_says_goes_on_beside_it() -> None:
    told = witness(BEGAN, ENTERED, CONNECTED, COMPLETED, OVER)
    assert (told.queued_at, told.answered_at, told.ended_at) == (at(1795476115), at(1795476117), at(1795476152))
    assert told.over_at == at(1795476160) + 7 * MS


@pytest.mark.parametrize("field", ["", "soon", "1795476103", "17954761034127", "-179547610341"])
def test_a_moment_that_is_none_is_none(field: str) -> None:
    assert witness(ENTERED, line(1795476160, "NONE", "CALLOVER", field)).over_at is None
    assert read([f"1795476103|{CALL}|NONE|NONE|CALLBEGAN|{field}|139|10000"], [CALL]) == {}


def test_the_end_of_a_conversation_proves_the_answer_whose_own_line_is_lost() -> None:
    told = witness(ENTERED, COMPLETED)
    (talk,) = told.talks
    assert (talk.leg, talk.extension, talk.began, talk.ended) == ("", "1005", at(1795476117), at(1795476152))
    assert (told.how, told.answered_at) == (Ending.COMPLETED, at(1795476117))


def test_such_an_answer_is_never_before_the_entry() -> None:
    assert witness(ENTERED, line(1795476152, "1005", "COMPLETEAGENT", "2", "9999", "1")).answered_at == at(1795476115)
    handed_on = witness(ENTERED, line(1795476130, "1005", "ATTENDEDTRANSFER", "x", "999", "2"))
    assert (handed_on.answered_at, handed_on.how) == (at(1795476130), Ending.HANDED_ON)
