"""What the oldest Python that the project runs on (3.11.2, Debian 12) has, and gets wrong, is not used."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = [path for folder in ("cti", "ivr", "recordings", "services") for path in sorted((ROOT / folder).rglob("*.py"))]
POSSESSIVE = re.compile(r"(?:[*+?]|\{\d*,?\d*\})\+|\(\?>")
"""A possessive quantifier or an atomic group: wrong around a lookahead (python/cpython#100061) and around a subpattern that gives
back (#106052) before Python 3.11.5.
"""


CHARACTER = re.compile(r"\\.|\[\^?\]?[^\]]*\]", re.DOTALL)
"""An escaped one, or a class of them: a quantifier's sign is none there."""


def is_possessive(pattern: str) -> bool:
    return POSSESSIVE.search(CHARACTER.sub("c", pattern)) is not None


def patterns(path: Path) -> Iterator[str]:
    """What is compiled, searched for and so on by ``re``, as far as it is written there."""
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="re"))):
                yield from texts(node)


def texts(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        match part:
            case ast.Constant(value=str(text)):
                yield text
            case ast.Constant(value=bytes(raw)):
                yield raw.decode("latin-1")


def test_the_check_knows_a_possessive_quantifier_when_it_sees_one() -> None:
    wrong = (r"a*+", r"(?:ab)++", r"x?+", r"[^\r]*+", r"b{2,3}+", r"(?>a|b)")
    right = (r"a*", r"\++", r"[*+]+", r"(?:a|b)+", r"\d{2}", r"a+b+")
    assert [text for text in wrong if not is_possessive(text)] == []
    assert [text for text in right if is_possessive(text)] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_pattern_is_possessive(path: Path) -> None:
    assert [text for text in patterns(path) if is_possessive(text)] == []


def test_patterns_are_found_at_all() -> None:
    assert len([text for path in FILES for text in patterns(path)]) > 50
