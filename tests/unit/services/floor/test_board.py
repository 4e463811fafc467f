"""The board of several queues: each by itself, and all together."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from cti.changes import QueueChanged
from services.floor.board import Floor
from services.floor.directory import Directory
from services.floor.figures import Figures, Limits, Today
from services.floor.queues import Queue, answered_by
from services.floor.wire import BoardMessage
from tests.harness.clock import HandClock
from tests.harness.office import QUEUE, ZONE

SECOND = timedelta(seconds=1)
SENIORS = Queue(name="seniors", zh="高级", en="Seniors", limits=Limits(20_000, 5_000))


def opened(clock: HandClock, *queues: Queue) -> tuple[Floor, Today]:
    today = Today(None, clock, queues={queue.name: queue.limits for queue in queues}, zone=ZONE)  # type: ignore[arg-type]
    return Floor(Directory(None), today, clock, queues=queues), today  # type: ignore[arg-type]  # never loaded here


def changed(queue: str, waiting: int, since: datetime | None) -> QueueChanged:
    return QueueChanged(at=since or datetime.now().astimezone(), queue=queue, waiting=waiting, oldest_since=since)


def test_who_waits_is_told_of_each_queue_and_of_all_together(clock: HandClock) -> None:
    floor, _ = opened(clock, Queue(name=QUEUE), SENIORS)
    first, second = clock.now(), clock.now() + SECOND
    floor.apply(changed(QUEUE, 2, second))
    floor.apply(changed("seniors", 1, first))
    floor.apply(changed("somebody_elses", 7, first))
    board = floor.board(1)
    assert [(queue.queue, queue.waiting, queue.oldest_since) for queue in board.queues] == [
        (QUEUE, 2, second), ("seniors", 1, first),
    ]  # fmt: skip
    assert (board.together.waiting, board.together.oldest_since) == (3, first)
    assert (board.queues[1].zh, board.queues[1].en, board.queues[0].zh) == ("高级", "Seniors", "")
    floor.apply(changed("seniors", 0, None))
    assert (floor.board(1).together.waiting, floor.board(1).together.oldest_since) == (2, second)


def test_todays_figures_of_all_are_the_sum_and_say_that_each_was_counted_by_its_own_limits(clock: HandClock) -> None:
    floor, today = opened(clock, Queue(name=QUEUE), SENIORS)
    today.of = {QUEUE: Figures(3, 2, 1, 1), "seniors": Figures(1, 1, 1, 0, 2, 3)}
    board = floor.board(1)
    assert [queue.service_level_today for queue in board.queues] == [2 / 3, 0.5]
    assert ([queue.answer_seconds for queue in board.queues], board.together.answer_seconds) == ([15, 20], 15)
    assert [queue.service_level_formula for queue in board.queues] == ["tingsu-1", "tingsu-1 20/5 s"]
    together = board.together
    assert (together.answered_today, together.answered_in_time_today, together.abandoned_today) == (4, 3, 2)
    assert (together.short_abandons_today, together.abandoned_again_today, together.answered_again_today) == (1, 2, 3)
    assert together.service_level_today == 3 / 5
    assert together.service_level_formula == "tingsu-1 *"


def test_of_one_queue_or_of_equal_limits_the_sum_has_the_same_formula(clock: HandClock) -> None:
    one, _ = opened(clock, SENIORS)
    two, _ = opened(clock, Queue(name="a", limits=SENIORS.limits), SENIORS)
    assert one.board(1).together.service_level_formula == two.board(1).together.service_level_formula == "tingsu-1 20/5 s"


def test_the_cheap_board_of_several_queues_is_the_same_as_the_careful_one(clock: HandClock) -> None:
    floor, today = opened(clock, Queue(name=QUEUE), SENIORS)
    today.of = {QUEUE: Figures(3, 2, 1, 1), "seniors": Figures()}
    floor.apply(changed("seniors", 1, clock.now()))
    cheap = BoardMessage.model_validate_json(floor.snapshot().text(1)).board
    careful = floor.board(1)
    assert cheap.model_copy(update={"version": careful.version}) == careful


@pytest.mark.parametrize(
    ("wanted", "answers"),
    [(None, ("a", "b")), (("b",), ("b",)), (("b", "a"), ("a", "b")), (("gone",), ("a", "b")), (("gone", "b"), ("b",))],
)
def test_a_person_answers_the_chosen_queues_and_all_if_none_of_them_is_left(
    wanted: tuple[str, ...] | None, answers: tuple[str, ...]
) -> None:
    assert answered_by(wanted, ("a", "b")) == answers
