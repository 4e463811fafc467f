"""Whoever looks through a folder in use meets what is just being taken away."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.harness.folders import below


def test_what_is_taken_away_under_the_look_is_left_out_and_the_rest_is_seen(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}/inner").mkdir(parents=True)
        (tmp_path / f"{number}/inner/file").write_text("x")
    (tmp_path / "link").symlink_to("nowhere")
    seen = set()
    for path, status in below(tmp_path):
        assert status.st_nlink
        seen.add(path.relative_to(tmp_path).as_posix())
        if path.name == "inner" and (tmp_path / "1").exists() and path.parent.name != "1":
            shutil.rmtree(tmp_path / "1")  # which the look knows already as a folder to go into
    assert {"link", "0/inner/file", "2/inner/file"} <= seen
    assert "1/inner/file" not in seen


def test_a_folder_that_is_gone_has_nothing_in_it(tmp_path: Path) -> None:
    assert list(below(tmp_path / "gone")) == []
