from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cti.changes import CallAnswered, CallEnded, CallOutcome, CallQueued, CallStarted, LegJoined, LegLeft, QueueLeft, VisitEnd
from cti.ids import CallId, ChannelId, Extension
from cti.queue_log import Ending, Talk, Visit, Witness
from recordings.naming import LegFile, Role
from recordings.spool import SpooledLeg
from services.diary import ask, changes

CALL, AGENT = CallId("tingsu-1795476103.7"), ChannelId("tingsu-1795476115.8")
ENTERED = f"1795476115|{CALL}|complaints|NONE|ENTERQUEUE||13951600003|1\n"
CONNECTED = f"1795476117|{CALL}|complaints|1005|CONNECT|2|{AGENT}|1\n"
START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def leg(role: Role, began: float, ended: float) -> SpooledLeg:
    channel = ChannelId(CALL) if role is Role.CALLER else AGENT
    return SpooledLeg(LegFile(CALL, channel, role, at(began)), Path("nowhere"), 1, at(ended))


def talk(ended: float | None = 60) -> Talk:
    return Talk(AGENT, Extension("1005"), at(12), timedelta(seconds=2), None if ended is None else at(ended))


def answered(how: Ending | None = Ending.COMPLETED, ended: float | None = 60, left: float | None = 60) -> Witness:
    moment = None if ended is None else at(ended)
    visit = Visit("complaints", at(10), at(12), VisitEnd.ANSWERED)
    return Witness(CALL, "13951600003", "complaints", at(10), (talk(left),), how, moment, visits=(visit,))


LEGS = [leg(Role.CALLER, 3.4, 60.7), leg(Role.AGENT, 12.2, 60.6)]


def test_an_answered_call_is_told_in_the_words_of_one_that_was_heard() -> None:
    started, queued, taken, answer, joined, left, ended = changes(answered(), LEGS)
    assert isinstance(started, CallStarted)
    assert (started.at, started.number) == (at(3.4), "13951600003")
    assert isinstance(queued, CallQueued)
    assert (queued.at, queued.queue) == (at(10), "complaints")
    assert isinstance(taken, QueueLeft)
    assert (taken.at, taken.queue, taken.how, taken.recovered) == (at(12), "complaints", VisitEnd.ANSWERED, True)
    assert isinstance(answer, CallAnswered)
    assert (answer.at, answer.extension, answer.leg) == (at(12), "1005", AGENT)
    assert (answer.waited_ms, answer.rang_ms) == (2000, 2000)
    assert isinstance(joined, LegJoined)
    assert (joined.at, joined.recovered) == (at(12), False)
    assert isinstance(left, LegLeft)
    assert left.at == at(60.6)
    assert isinstance(ended, CallEnded)
    assert (ended.at, ended.outcome, ended.waited_ms) == (at(60.7), CallOutcome.ANSWERED, 2000)
    assert all(change.recovered for change in (started, queued, answer, ended))


@pytest.mark.parametrize(("how", "outcome"), [(Ending.ABANDONED, CallOutcome.ABANDONED), (Ending.LET_GO, CallOutcome.REFUSED)])
def test_a_call_that_nobody_answered_waited_to_its_end(how: Ending, outcome: CallOutcome) -> None:
    *_, ended = changes(Witness(CALL, "", "complaints", at(10), (), how, at(31)), [leg(Role.CALLER, 3, 31.2)])
    assert isinstance(ended, CallEnded)
    assert (ended.at, ended.outcome, ended.waited_ms) == (at(31.2), outcome, 21_000)


def test_of_a_call_without_an_end_in_the_diary_the_sound_has_it_and_nobody_knows_how() -> None:
    *_, ended = changes(Witness(CALL, "", "complaints", at(10)), [leg(Role.CALLER, 3, 31.2)])
    assert isinstance(ended, CallEnded)
    assert (ended.at, ended.outcome, ended.waited_ms) == (at(31.2), CallOutcome.LOST, None)


def test_who_was_handed_on_is_followed_by_the_sound() -> None:
    told = list(changes(answered(Ending.HANDED_ON, ended=None, left=30), [leg(Role.CALLER, 3, 90), leg(Role.AGENT, 12.2, 30.3)]))
    assert [change.at for change in told if isinstance(change, LegLeft | CallEnded)] == [at(30.3), at(90)]


def test_a_talk_that_was_open_when_the_diary_stopped_has_no_end_of_its_own() -> None:
    told = list(changes(answered(None, ended=None, left=None), LEGS))
    assert not [change for change in told if isinstance(change, LegLeft)]
    assert isinstance(told[-1], CallEnded)
    assert told[-1].outcome is CallOutcome.ANSWERED


def test_a_file_that_was_touched_long_after_does_not_lengthen_the_call() -> None:
    told = list(changes(answered(), [leg(Role.CALLER, 3, 3600), leg(Role.AGENT, 12.2, 3600)]))
    assert [change.at for change in told if isinstance(change, LegLeft | CallEnded)] == [at(61), at(61)]


def test_nothing_of_the_last_second_is_cut_when_the_agents_file_is_missing() -> None:
    told = list(changes(answered(), [leg(Role.CALLER, 3, 60.7)]))
    assert [change.at for change in told if isinstance(change, LegLeft | CallEnded)] == [at(60.7), at(60.7)]


def test_a_call_that_ended_in_the_menu_keeps_its_number_and_is_no_lost_one() -> None:
    told = Witness(CALL, "13951600003", began_at=at(3.41), dialled="10000", over_at=at(9.02))
    started, ended = changes(told, [leg(Role.CALLER, 3.4, 9.0)])
    assert isinstance(started, CallStarted)
    assert (started.at, started.number, started.dialled) == (at(3.41), "13951600003", "10000")
    assert isinstance(ended, CallEnded)
    assert (ended.at, ended.outcome, ended.waited_ms) == (at(9.02), CallOutcome.IVR_HANGUP, None)


def lost_connect() -> Witness:
    return replace(answered(), talks=(replace(talk(), leg=ChannelId("")),))


def test_an_answer_whose_line_is_lost_is_told_of_the_leg_that_was_recorded() -> None:
    _, _, _, answer, joined, left, ended = changes(lost_connect(), LEGS)
    assert isinstance(answer, CallAnswered)
    assert (answer.at, answer.leg, answer.extension) == (at(12.2), AGENT, "1005")
    assert [change.leg for change in (joined, left) if isinstance(change, LegJoined | LegLeft)] == [AGENT, AGENT]
    assert isinstance(ended, CallEnded)
    assert ended.outcome is CallOutcome.ANSWERED


def test_without_any_leg_it_is_answered_all_the_same() -> None:
    *before, ended = changes(lost_connect(), [leg(Role.CALLER, 3, 61)])
    assert [type(change) for change in before] == [CallStarted, CallQueued, QueueLeft]
    assert isinstance(ended, CallEnded)
    assert (ended.outcome, ended.waited_ms) == (CallOutcome.ANSWERED, 2000)


def test_who_gave_up_in_a_second_queue_is_answered_and_counted_there() -> None:
    ended = list(changes(answered(Ending.ABANDONED), LEGS))[-1]
    assert isinstance(ended, CallEnded)
    assert (ended.outcome, ended.abandoned_again) == (CallOutcome.ANSWERED, True)


def test_every_stay_in_a_queue_is_told_and_one_without_an_end_is_left_open() -> None:
    visits = (Visit("complaints", at(10), at(30), VisitEnd.TIMED_OUT), Visit("seniors", at(31)))
    told = list(changes(replace(answered(), visits=visits), LEGS))
    assert [(change.at, change.queue) for change in told if isinstance(change, CallQueued)] == [
        (at(10), "complaints"),
        (at(31), "seniors"),
    ]
    assert [(change.at, change.how) for change in told if isinstance(change, QueueLeft)] == [(at(30), VisitEnd.TIMED_OUT)]


def test_the_diary_before_this_one_is_read_too(tmp_path: Path) -> None:
    (tmp_path / "queue_log.0").write_text(ENTERED)
    (tmp_path / "queue_log").write_text(CONNECTED)
    told = ask(tmp_path / "queue_log", [CALL])[CALL]
    assert (told.number, told.extension) == ("13951600003", "1005")


def test_a_missing_diary_says_nothing(tmp_path: Path) -> None:
    assert ask(tmp_path / "queue_log", [CALL]) == {}


def test_it_looks_back_only_so_far_and_never_at_half_a_line(tmp_path: Path) -> None:
    (tmp_path / "queue_log.0").write_text(ENTERED)
    (tmp_path / "queue_log").write_text(CONNECTED)
    both = len(CONNECTED) + len(ENTERED)
    assert ask(tmp_path / "queue_log", [CALL], at_most=both)[CALL].number == "13951600003"
    assert ask(tmp_path / "queue_log", [CALL], at_most=both - 1)[CALL].queued_at is None
    assert ask(tmp_path / "queue_log", [CALL], at_most=len(CONNECTED))[CALL].extension == "1005"
    assert ask(tmp_path / "queue_log", [CALL], at_most=len(CONNECTED) - 1) == {}


def test_bytes_that_are_no_text_spoil_their_own_line_only(tmp_path: Path) -> None:
    (tmp_path / "queue_log").write_bytes(b"\xff\xfe\x00|\n" + ENTERED.encode() + b"\xff")
    assert ask(tmp_path / "queue_log", [CALL])[CALL].number == "13951600003"


def test_a_diary_that_may_not_be_read_is_an_error_and_not_silence(tmp_path: Path) -> None:
    (tmp_path / "queue_log").mkdir()
    with pytest.raises(OSError):
        ask(tmp_path / "queue_log", [CALL])
