from __future__ import annotations

from pathlib import Path

import pytest

from services.hosted.switch_logs import drop_old_logs, wants_rotation


def test_the_newest_old_logs_are_kept(tmp_path: Path) -> None:
    for name in ("messages", "messages.0", "messages.1", "messages.2", "messages.3", "messages.12", "queue_log", "queue_log.7"):
        (tmp_path / name).touch()
    drop_old_logs(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["messages", "messages.0", "messages.1", "messages.2", "queue_log"]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("messages", True), ("queue_log", True), ("messages.0", False), ("queue_log.2", False), ("console", False)],
)
def test_logs_are_rotated_when_one_of_those_in_use_is_long(tmp_path: Path, name: str, wanted: bool) -> None:
    (tmp_path / "messages").touch()
    assert not wants_rotation(tmp_path)
    with (tmp_path / name).open("wb") as file:
        file.truncate(9 * 1024 * 1024)
    assert wants_rotation(tmp_path) is wanted
