from __future__ import annotations

from pathlib import Path

from cti.changes import CallStarted
from cti.ids import CallId
from services.calls.refused import RefusedFacts, SetAside
from tests.harness.office import T0


def refused(number: int, reason: str = "CheckViolationError 23514") -> SetAside:
    return SetAside(T0, reason, CallStarted(at=T0, call=CallId(f"tingsu-1.{number}"), number="10086", name="", dialled="1"))


def opened(folder: Path) -> RefusedFacts:
    file = RefusedFacts(folder / "refused.jsonl")
    file.open()
    return file


def test_none_is_none(tmp_path: Path) -> None:
    assert (opened(tmp_path).count, opened(tmp_path).read()) == (0, [])


def test_the_count_and_the_reasons_survive_the_process(tmp_path: Path) -> None:
    file = opened(tmp_path)
    for number in (1, 2):
        file.add(refused(number))
    after = opened(tmp_path)
    assert after.by_reason == {("CallStarted", "CheckViolationError 23514"): 2}
    assert after.since == T0
    assert after.read() == [refused(1), refused(2)]


def test_a_fact_that_was_set_aside_twice_is_one(tmp_path: Path) -> None:
    file = opened(tmp_path)
    file.add(refused(1))
    file.add(refused(1, "another"))
    assert opened(tmp_path).count == 1


def test_what_is_left_is_kept_and_a_line_that_cannot_be_read_too(tmp_path: Path) -> None:
    file = opened(tmp_path)
    file.add(refused(1))
    with (tmp_path / "refused.jsonl").open("ab") as lines:
        lines.write(b'{"at": "2099", "reason": "of a newer program"}\n')
    file.add(refused(2))
    for _ in range(2):
        assert file.read() == [refused(1), refused(2)]
    file.keep([refused(2)])
    assert file.count == 1
    assert (tmp_path / "refused.jsonl").read_bytes().count(b"of a newer program") == 1
    assert opened(tmp_path).read() == [refused(2)]
