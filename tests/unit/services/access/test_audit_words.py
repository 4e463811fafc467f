"""Whatever is audited is read by people: the desk has words for every action, every kind of thing and every detail there is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import services

SOURCES = sorted(Path(services.__file__).parent.rglob("*.py"))
WORDS = (Path(services.__file__).parent.parent / "desk/src/rooms/audit/words.ts").read_text(encoding="utf-8")
WRITERS = {"write", "note", "_note", "_audit"}
ACTION = re.compile(r"login|logout|[a-z]+(\.[a-z_]+)+")
THING = re.compile(r"([a-z-]+)(:|$)")


def writers() -> Iterator[ast.Call]:
    """Each call that may add to the audit."""
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITERS:
                yield node


def texts(call: ast.Call) -> Iterator[str]:
    for given in [*call.args, *(one.value for one in call.keywords if one.arg != "detail")]:
        yield from (node.value for node in ast.walk(given) if isinstance(node, ast.Constant) and isinstance(node.value, str))


def audited() -> set[str]:
    return {text for call in writers() for text in texts(call) if ACTION.fullmatch(text)}


def details() -> set[str]:
    """The keys of every ``detail`` that is written out where it is given, or just before."""
    found: set[str] = set()
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Assign) and any(isinstance(one, ast.Name) and one.id == "detail" for one in node.targets):
                found |= keys(node.value)
    for call in writers():
        if any(ACTION.fullmatch(text) for text in texts(call)):
            found |= {key for given in [*call.args, *(one.value for one in call.keywords)] for key in keys(given)}
    return found


def keys(given: ast.AST) -> set[str]:
    if not isinstance(given, ast.Dict):
        return set()
    return {key.value for key in given.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)}


def has_words(part: str, key: str) -> bool:
    """Whether the desk's catalogue has this key in this part, in two languages."""
    within = re.search(rf"^  {part}: \{{\n(.*?)^  \}},$", WORDS, re.MULTILINE | re.DOTALL)
    assert within is not None
    return re.search(rf"^    {re.escape(key)}: \['[^']+', '[^']+'\],$", within[1], re.MULTILINE) is not None


@pytest.mark.parametrize("action", sorted(audited()))
def test_an_action_is_said_in_words(action: str) -> None:
    assert has_words("audited", action.replace(".", "_"))


@pytest.mark.parametrize("detail", sorted(details()))
def test_a_detail_is_said_in_words(detail: str) -> None:
    assert has_words("auditDetail", detail)


def test_the_check_sees_what_is_audited() -> None:
    assert {"login.failed", "person.reset", "customer.import.start", "ticket.export", "transcript.read"} <= audited()
    assert {"rows", "search", "unfinished"} <= details()
    assert not has_words("audited", "dragon_green")
