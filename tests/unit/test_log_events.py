"""Every event that the program logs has a name of one form, ``<room>.<what>``: so a log can be searched and counted by it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parents[2]
NAME = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")
LEVELS = {"debug", "info", "warning", "error", "critical", "exception"}


def _levels(said: ast.expr) -> bool:
    """Whether this is ``log.info`` or a choice of two such."""
    if isinstance(said, ast.IfExp):
        return _levels(said.body) and _levels(said.orelse)
    return isinstance(said, ast.Attribute) and said.attr in LEVELS and isinstance(said.value, ast.Name) and said.value.id == "log"


def events(source: str) -> Iterator[str]:
    """The event of each line that is logged; one that is not fixed text is shown as the code that makes it."""
    for call in ast.walk(ast.parse(source)):
        if isinstance(call, ast.Call) and _levels(call.func):
            first = call.args[0] if call.args else ast.Constant(value="")
            yield str(first.value) if isinstance(first, ast.Constant) else ast.unparse(first)


def _logged() -> list[tuple[str, str]]:
    rooms = ("cti", "ivr", "recordings", "services")
    files = sorted(file for room in rooms for file in (HERE / room).rglob("*.py"))
    return [(str(file.relative_to(HERE)), event) for file in files for event in events(file.read_text("utf-8"))]


def test_every_event_has_a_dotted_name() -> None:
    logged = _logged()
    assert len(logged) > 40, "events are no longer found"
    assert [(file, event) for file, event in logged if not NAME.fullmatch(event)] == []


@pytest.mark.parametrize(
    ("line", "event"),
    [
        ("log.info('switch.link', up=True)", "switch.link"),
        ("(log.info if up else log.warning)('switch.link', up=up)", "switch.link"),
        ("log.error('the spool is full')", "the spool is full"),
        ("log.error(f'call {number}')", "f'call {number}'"),
    ],
)
def test_events_are_found_however_they_are_logged(line: str, event: str) -> None:
    assert list(events(line)) == [event]


def test_no_logger_has_another_name() -> None:
    """``events`` finds ``log`` alone."""
    made = re.compile(r"^(\w+)(?:: [\w.\[\]]+)? = (?:structlog\.get_logger|logging\.getLogger)\(__name__\)", re.MULTILINE)
    names = {
        name
        for room in ("cti", "ivr", "recordings", "services")
        for file in (HERE / room).rglob("*.py")
        for name in made.findall(file.read_text("utf-8"))
    }
    assert names == {"log"}
