"""The files for an Asterisk that its owner runs."""

from __future__ import annotations

import re
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from ivr.asterisk import SwitchPlan, render
from ivr.asterisk import render_includes as render_for
from tests.unit.ivr.asterisk_plans import PLAN, SECRET


def render_includes(folder: Path, plan: SwitchPlan) -> None:
    render_for(folder, plan, prompts=Path("/srv/prompts"), websocket="ws://127.0.0.1:15088/ws")


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


def test_in_a_folder_shared_with_a_group_the_group_may_read_them(tmp_path: Path) -> None:
    folder = tmp_path / "inc"
    folder.mkdir()
    folder.chmod(0o2750)
    for _ in ("first", "again"):
        render_includes(folder, PLAN)
        assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o640}


@pytest.mark.parametrize(
    ("switch", "backend", "permitted"),
    [
        ("127.0.0.1", "127.0.0.1", ["127.0.0.0/255.0.0.0"]),
        ("127.0.0.1", "0.0.0.0", ["127.0.0.0/255.0.0.0"]),
        ("192.0.2.5", "192.0.2.6", ["192.0.2.5", "192.0.2.6"]),
        ("192.0.2.5", "192.0.2.5", ["192.0.2.5"]),
        ("192.0.2.5", "0.0.0.0", ["192.0.2.5"]),
        ("pbx.example.org", "192.0.2.6", ["192.0.2.6"]),
        ("pbx.example.org", "tingsu.example.org", ["127.0.0.0/255.0.0.0"]),
    ],
)
def test_the_link_may_come_from_where_the_backend_is(tmp_path: Path, switch: str, backend: str, permitted: list[str]) -> None:
    render_includes(tmp_path, replace(PLAN, bind=switch, agi_host=backend))
    text = (tmp_path / "tingsu_manager.conf").read_text(encoding="utf-8")
    assert re.findall(r"^permit = (.*)$", text, re.MULTILINE) == permitted


def test_the_phones_sound_is_not_tied_to_loopback(tmp_path: Path) -> None:
    render_includes(tmp_path, PLAN)
    assert "media" not in (tmp_path / "tingsu_pjsip.conf").read_text(encoding="utf-8").replace("direct_media", "")


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
