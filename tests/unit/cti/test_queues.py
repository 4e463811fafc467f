from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cti import events
from cti.ids import ChannelId
from cti.queues import Queues
from tests.unit.cti.telling import told

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def joined(seconds: float, n: int, queue: str = "complaints") -> events.Event:
    return events.JoinedQueue(at(seconds), ChannelId(f"t-1.{n}"), "PJSIP/x-1", queue, 1, "", "", "", "", "")


def left(seconds: float, n: int, queue: str = "complaints", abandoned: bool = False) -> events.Event:
    return events.LeftQueue(at(seconds), ChannelId(f"t-1.{n}"), queue, abandoned)


def after(*story: events.Event) -> tuple[Queues, list[str]]:
    queues = Queues()
    return queues, told([change for event in story for change in queues.apply(event)])


def test_who_waits_is_in_the_order_of_entry() -> None:
    queues, said = after(joined(2, 2), joined(1, 10), joined(3, 1), left(4, 2))
    assert queues.waiting("complaints") == [("t-1.10", at(1)), ("t-1.1", at(3))]
    assert said == [f"queue complaints: {waiting} waiting" for waiting in (1, 2, 3, 2)]


def test_a_caller_who_hangs_up_waits_no_more_even_if_the_queue_says_nothing() -> None:
    queues, said = after(joined(0, 1), events.ChannelGone(at(1), ChannelId("t-1.1"), 0, ""))
    assert queues.waiting("complaints") == []
    assert said[-1] == "queue complaints: 0 waiting"


def test_abandon_alone_and_words_about_others_change_nothing() -> None:
    _, said = after(joined(0, 1), left(1, 1, abandoned=True), left(1, 9), left(1, 1, "seniors"), joined(2, 1))
    assert said == ["queue complaints: 1 waiting"]


def test_a_caller_who_changes_the_queue_leaves_the_first() -> None:
    queues, said = after(joined(0, 1), joined(5, 1, "seniors"))
    assert said[1:] == ["queue complaints: 0 waiting", "queue seniors: 1 waiting"]
    assert queues.names() == ["complaints", "seniors"]


def test_a_queue_nobody_waits_in_is_empty() -> None:
    assert Queues().waiting("complaints") == []
