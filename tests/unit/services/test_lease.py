from __future__ import annotations

from pathlib import Path

import pytest

from services.lease import LIFETIME_S, Instance, InstanceTaken, Mark, Patience, Seen


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


def test_what_is_remembered_of_the_database_survives_and_garbage_is_nothing(tmp_path: Path) -> None:
    Instance(tmp_path).remember(Mark(4, 70))
    assert Instance(tmp_path).mark == Mark(4, 70)
    (tmp_path / "lease.json").write_text("{")
    assert Instance(tmp_path).mark == Mark()


def test_a_later_holder_is_younger_however_few_its_beats() -> None:
    assert Mark(3, 900) < Mark(4, 1)
