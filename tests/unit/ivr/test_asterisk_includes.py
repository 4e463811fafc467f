"""The files for an Asterisk that its owner runs."""

from __future__ import annotations

import re
import stat
from pathlib import Path

from ivr.asterisk import render, render_includes
from tests.unit.ivr.asterisk_plans import PLAN, SECRET


def test_the_readme_names_every_file_and_the_number(tmp_path: Path) -> None:
    render_includes(tmp_path, PLAN)
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    for path in tmp_path.glob("tingsu_*.conf"):
        assert f'#include "{path}"' in text
    assert "10000" in text
    assert SECRET not in text
    assert not re.search(r"@[a-z_]+@", text)


def test_the_files_hold_secrets_and_are_private(tmp_path: Path) -> None:
    render_includes(tmp_path / "inc", PLAN)
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "inc").iterdir()} == {0o600}


def test_they_say_the_same_as_the_managed_instances_files(tmp_path: Path) -> None:
    render_includes(tmp_path / "inc", PLAN)
    render(tmp_path / "run", PLAN)
    for name in ("queues", "manager"):
        part = (tmp_path / "inc" / f"tingsu_{name}.conf").read_text(encoding="utf-8")
        assert part in (tmp_path / "run/etc" / f"{name}.conf").read_text(encoding="utf-8")


def test_no_general_section_fights_with_the_owners(tmp_path: Path) -> None:
    render_includes(tmp_path, PLAN)
    for path in tmp_path.glob("tingsu_*.conf"):
        assert not re.search(r"^\[(general|global|globals)\]", path.read_text(encoding="utf-8"), re.MULTILINE), path.name
