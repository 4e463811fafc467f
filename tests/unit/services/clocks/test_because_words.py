"""Whatever a clock can count from, the desk says in words (in both languages: its own tests compare them)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import services

ROOT = Path(services.__file__).parent
WORDS = (ROOT.parent / "desk/src/kit/words.ts").read_text(encoding="utf-8")


def becauses(tree: ast.AST) -> Iterator[str]:
    """The second of every ``Start(at, because)``, and every ``because=`` that is written out."""
    for one in ast.walk(tree):
        match one:
            case ast.Call(func=ast.Name(id="Start"), args=[_, ast.Constant(value=str(code))]):
                yield code
            case ast.keyword(arg="because", value=ast.Constant(value=str(code))):
                yield code


def test_whatever_a_clock_counts_from_has_words() -> None:
    found = {code for path in ROOT.rglob("*.py") for code in becauses(ast.parse(path.read_text(encoding="utf-8")))}
    assert {"receipt", "reopened", "dispatch", "appeal"} <= found
    section = re.search(r"^    because: \{\n(.*?)^    \},", WORDS, re.MULTILINE | re.DOTALL)
    assert section
    assert sorted(found ^ set(re.findall(r"^      (\w+): \[", section[1], re.MULTILINE))) == []
