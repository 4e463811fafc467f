"""Faults on real parts, each ending with the same check (tests/faults/invariants.py), and the table of what was tried.

A test marked ``long`` is for ``make faults`` alone; the others are part of ``make test`` too.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from _pytest.terminal import TerminalReporter

from tests.harness.centre import Centre
from tests.harness.patience import seconds

LIMIT, LONG_LIMIT = 300.0, 1_800.0
"""Patiences for one test with all it starts."""
AGENTS = ("bert", "carl", "dora")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is on real parts."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.acceptance)
            item.add_marker(pytest.mark.timeout(seconds(LONG_LIMIT if item.get_closest_marker("long") else LIMIT)))


Tried = Callable[[str, int], None]


@pytest.fixture
def tried(record_property: Callable[[str, object], None]) -> Tried:
    """``tried("kill -9 of PostgreSQL", 20)``: a line of the table at the end."""

    def note(fault: str, times: int) -> None:
        record_property("fault", f"{fault} × {times}")

    return note


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """What was tried, and whether it held."""
    lines = [
        (dict(report.user_properties)["fault"], "held" if outcome == "passed" else "BROKE")
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, [])
        if getattr(report, "when", "") == "call" and "fault" in dict(report.user_properties)
    ]
    if lines:
        terminalreporter.section("faults tried")
        for fault, held in lines:
            terminalreporter.write_line(f"{held:6} {fault}")


@pytest.fixture
async def centre(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Centre]:
    """A centre of its own, with three agents at SIP telephones, impatient for what happened in its absence."""
    settings = {"recordings": {"orphan_seconds": 4}, "queues.complaints": {"wrap_up_seconds": 1}}
    async with Centre(tmp_path_factory.mktemp("fault"), settings=settings) as centre:
        for number, login in enumerate(AGENTS, 1002):
            await centre.hire(login, extension=str(number), phone="sip")
        yield centre
