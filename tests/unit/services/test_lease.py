from __future__ import annotations

import math
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.lease import (
    LIFETIME_S,
    LOOK_S,
    RENEW_S,
    RENEWING_S,
    WATCHED_S,
    Instance,
    InstanceTaken,
    Mark,
    Patience,
    Seen,
    Standing,
)


def seen(beats: int = 7, holder: str = "other", process: str = "p") -> Seen:
    return Seen(Mark(3, beats), holder, process)


def test_a_lease_that_is_renewed_is_never_taken() -> None:
    patience = Patience("me")
    assert not any(patience.may_take(seen(beats), beats * LIFETIME_S) for beats in range(10))


def test_one_that_stands_still_is_taken_once_its_time_is_over() -> None:
    patience = Patience("me")
    assert not patience.may_take(seen(), 10.0)
    assert not patience.may_take(seen(), 10.0 + LIFETIME_S - 0.01)
    assert patience.may_take(seen(), 10.0 + LIFETIME_S)


def test_time_in_which_we_could_not_look_does_not_count() -> None:
    patience = Patience("me")
    assert not patience.may_take(seen(), 10.0)
    patience.interrupted()
    assert not patience.may_take(seen(), 100.0)
    assert patience.may_take(seen(), 100.0 + LIFETIME_S)


@pytest.mark.parametrize("holder", ["", "me"])
def test_one_that_was_given_back_or_was_ours_is_taken_at_once(holder: str) -> None:
    assert Patience("me").may_take(seen(holder=holder), 0.0)


def test_an_instance_is_run_by_one_process(tmp_path: Path) -> None:
    first, second = Instance(tmp_path), Instance(tmp_path)
    first.open()
    with pytest.raises(InstanceTaken):
        second.open()
    first.close()
    second.open()
    assert second.name == first.name != ""
    second.close()


def test_a_copied_folder_is_another_instance(tmp_path: Path) -> None:
    first = Instance(tmp_path / "var")
    (tmp_path / "var").mkdir()
    first.open()
    shutil.copytree(tmp_path / "var", tmp_path / "copy")
    copy = Instance(tmp_path / "copy")
    copy.open()
    assert copy.name != first.name
    for one in (first, copy):
        one.close()


def test_what_is_remembered_of_the_database_survives_and_garbage_is_nothing(tmp_path: Path) -> None:
    Instance(tmp_path).remember(Mark(4, 70))
    assert Instance(tmp_path).mark == Mark(4, 70)
    (tmp_path / "lease.json").write_text("{")
    assert Instance(tmp_path).mark == Mark()


def test_a_later_holder_is_younger_however_few_its_beats() -> None:
    assert Mark(3, 900) < Mark(4, 1)


# --- may it still command?


def test_who_is_alone_commands_on_without_its_database() -> None:
    standing = Standing()
    standing.renewed(0.0, watched=False)
    for second in range(1, 600):
        standing.tried(float(second))
        assert standing.may_command(second + RENEW_S + RENEWING_S)


def test_who_is_alone_and_was_paused_commands_only_after_a_look() -> None:
    standing = Standing()
    standing.renewed(0.0, watched=False)
    standing.tried(0.1)
    assert not standing.may_command(0.1 + LIFETIME_S)
    standing.tried(20.0)
    assert standing.may_command(20.1)


def test_who_is_watched_stops_when_its_lease_may_be_taken_and_goes_on_once_it_is_renewed() -> None:
    standing = Standing()
    standing.renewed(0.0, watched=True)
    standing.tried(LIFETIME_S - 0.1)
    assert standing.may_command(LIFETIME_S - 0.01)
    assert not standing.may_command(LIFETIME_S)
    standing.renewed(60.0, watched=False)
    assert standing.may_command(60.5)


def test_one_whose_connection_broke_for_a_moment_still_counts_as_standing_by() -> None:
    standing = Standing()
    standing.renewed(0.0, watched=True)
    standing.renewed(WATCHED_S - 1, watched=False)
    standing.tried(WATCHED_S + LIFETIME_S)
    assert not standing.may_command(WATCHED_S + LIFETIME_S)
    standing.renewed(WATCHED_S + 1, watched=False)
    assert not standing.watched


@dataclass(frozen=True, slots=True)
class Beat:
    """One renewal: sent, committed (None: it never came there), and over: answered, or given up."""

    sent: float
    committed: float | None
    over: float

    @property
    def answered(self) -> bool:
        return self.committed is not None and self.over < self.sent + RENEWING_S


Way = tuple[float, float, float]
"""Seconds to the database, back, and for which our own loop was held up before the next try."""


def renewals(ways: list[Way], cut: float) -> Iterator[Beat]:
    """As ``keep`` sends them; from ``cut`` on none arrives."""
    sent = 0.0
    for there, back, held_up in ways:
        committed = sent + there if sent + there < cut else None
        over = sent + min(there + back, RENEWING_S) if committed is not None else sent + RENEWING_S
        yield Beat(sent, committed, over)
        sent = max(sent + RENEW_S, over) + held_up


def taken_at(beats: list[Beat], looks: list[tuple[float, float]]) -> float:
    """When the one that stands by takes the lease, looking as ``acquire`` does."""
    commits = [beat.committed for beat in beats if beat.committed is not None]
    patience, at = Patience("other"), 0.0
    while True:
        for there, back in looks:
            seen = sum(commit <= at + there for commit in commits)
            at += there + back
            if patience.may_take(Seen(Mark(1, seen), "leader", "p"), at) and seen == sum(commit <= at for commit in commits):
                return at
            at += LOOK_S


SHORT, LONG = st.floats(0.0, 0.45), st.floats(0.0, 4.0)


@given(
    st.lists(st.tuples(LONG, LONG, LONG), min_size=1, max_size=30),
    st.floats(0.0, 40.0),
    st.lists(st.tuples(SHORT, SHORT), min_size=1),
)
def test_two_never_command_however_late_anything_is(ways: list[Way], cut: float, looks: list[tuple[float, float]]) -> None:
    beats = list(renewals(ways, cut))
    taken, standing = taken_at(beats, looks), Standing()
    standing.renewed(0.0, watched=True)
    for beat in beats:
        if beat.committed is not None and beat.committed >= taken:
            break  # no row is there for it any more: lost
        if beat.over <= taken and beat.answered:
            standing.renewed(beat.sent, watched=True)
    assert not standing.may_command(taken)


HARDLY = st.floats(0.0, RENEWING_S / 2 - 0.01)
"""Seconds of one way, so that the answer just comes in time."""


@pytest.mark.parametrize(("watched", "cut"), [(True, math.inf), (False, math.inf), (False, 0.0)])
@given(ways=st.lists(st.tuples(HARDLY, HARDLY, st.floats(0.0, 0.9)), min_size=1, max_size=50))
def test_who_reaches_its_database_or_is_alone_commands_without_a_gap_though_its_loop_is_held_up(
    watched: bool, cut: float, ways: list[Way]
) -> None:
    standing = Standing()
    standing.renewed(0.0, watched=watched)
    for beat in renewals(ways, cut):
        assert standing.may_command(beat.over)  # just before it is noted
        if beat.answered:
            standing.renewed(beat.sent, watched=watched)
        standing.tried(beat.over)
