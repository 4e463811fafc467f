"""Writes the last two columns of ``rules.md``: which files keep a rule, and which tests are about it.

``python -m docs.rules`` (``make rules``) writes them anew from the citations in the code: ``SPEC C6, Q4``, or a rule's number in
brackets, ``(C10)``. A test fails when the page is not what this would write, or when a number is cited that no rule has.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/rules.md"
ROOMS = ("cti", "ivr", "recordings", "services", "desk/src", "tests")
SOURCES = frozenset({".py", ".sql", ".conf", ".ts", ".vue"})
PASSED_OVER = frozenset({ROOT / "tests/unit/test_rules.py", ROOT / "desk/src/api.d.ts"})  # examples; generated
NOWHERE = "–"

_NUMBER = r"[A-Z][0-9]{1,2}"
_LIST = rf"{_NUMBER}(?:(?:, | and |/|–){_NUMBER})*"
_KEY = r"(?!F[0-9])"  # the function keys stand in brackets too, and no rule begins so
_CITED = re.compile(rf"SPEC\s+({_LIST})|\({_KEY}({_LIST})\)")
_ROW = re.compile(rf"^\| \*\*({_NUMBER})\*\* \| (.*) \| ([^|]*) \| ([^|]*) \|$", re.MULTILINE)


def rules_of(page: str) -> list[str]:
    """The numbers of the rules that have a row."""
    return [row[1] for row in _ROW.finditer(page)]


def cited_in(text: str) -> list[str]:
    """Numbers after the word SPEC, or alone in brackets; the same letters mean other things anywhere else."""
    return [number for found in _CITED.finditer(text) for number in _each(found[1] or found[2])]


def _each(cited: str) -> list[str]:
    """Each number of a list; ``N2–N5`` is four."""
    numbers: list[str] = []
    for before, number in re.findall(rf"(–?)({_NUMBER})", cited):
        if before:
            first, last = int(numbers[-1][1:]), int(number[1:])
            numbers += [f"{number[0]}{n}" for n in range(first + 1, last)]
        numbers.append(number)
    return numbers


def citations(files: Iterable[Path]) -> dict[str, list[str]]:
    """Rule -> the files that cite it, by their paths below the project's folder."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for file in sorted(files):
        for number in sorted(set(cited_in(file.read_text(encoding="utf-8")))):
            found[number].append(str(file.relative_to(ROOT)))
    return found


def sources() -> list[Path]:
    """What can cite a rule."""
    files = (path for room in ROOMS for path in (ROOT / room).rglob("*") if path.suffix in SOURCES)
    return [path for path in (*files, ROOT / "config.toml") if path not in PASSED_OVER]


def written(page: str, found: Mapping[str, list[str]]) -> str:
    """The page with its last two columns made anew."""

    def row(old: re.Match[str]) -> str:
        files = found.get(old[1], [])
        kept = [name for name in files if not name.startswith("tests/")]
        tested = [name for name in files if name.startswith("tests/")]
        return f"| **{old[1]}** | {old[2]} | {_links(kept)} | {_links(tested)} |"

    return _ROW.sub(row, page)


def _links(names: list[str]) -> str:
    return " ".join(f"[{name.removeprefix('tests/')}](../{name})" for name in names) or NOWHERE


def main() -> None:
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), citations(sources())), encoding="utf-8")


if __name__ == "__main__":
    main()
