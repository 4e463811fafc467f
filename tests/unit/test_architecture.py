"""ARCHITECTURE.md draws the house as it stands: each room and each module at the top of services is in its table."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
CELLS = re.findall(r"^\| (`[^|]*) \|", PAGE.split("## Rooms")[1].split("\n## ")[0], re.MULTILINE)
ROOMS = {room for cell in CELLS for room in re.findall(r"`([^`]+)`", cell)}


def _standing() -> set[str]:
    modules = {f"services/{file.name}" for file in (ROOT / "services").glob("*.py")} - {"services/__init__.py"}
    rooms = {f"services/{file.parent.name}/" for file in (ROOT / "services").glob("*/__init__.py")}
    return modules | rooms | {f"{file.parent.name}/" for file in ROOT.glob("*/__init__.py")} - {"services/"} | {"desk/", "docs/"}


def test_the_table_of_rooms_names_all_that_stands_and_nothing_else() -> None:
    assert _standing() - ROOMS == set()
    assert {room for room in ROOMS if not (ROOT / room).exists()} == set()


def test_papers_lead_to_files_that_are_there() -> None:
    for paper in (ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md", ROOT / "README.md", ROOT / "docs/how-to.md"):
        links = re.findall(r"\]\((?!https?:|#)([^)#]+)", paper.read_text(encoding="utf-8"))
        assert [link for link in links if not (paper.parent / link).exists()] == [], paper.name
