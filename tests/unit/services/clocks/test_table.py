"""The table of clocks is the one in the rules."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from services.clocks.table import AT_ONCE, CLOCKS, TABLE, Clock

PAGE = Path(__file__).parents[4] / "docs/rules.md"
LENGTH = {"s": timedelta(seconds=1), "h": timedelta(hours=1)}


def written() -> list[tuple[str, ...]]:
    """The rows of the rules' own table."""
    section = PAGE.read_text("utf-8").split("\n## The clocks\n")[1].split("\n## ")[0]
    rows = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in section.splitlines() if line.startswith("|")]
    return rows[2:]


def test_it_is_the_table_of_the_rules_row_by_row() -> None:
    assert [(", ".join(clock.rules), clock.must, clock.says, clock.counted_from) for clock in TABLE] == written()
    assert len(TABLE) >= 12


def test_every_clock_has_a_name_of_its_own() -> None:
    assert len(CLOCKS) == len(TABLE)


@pytest.mark.parametrize("clock", TABLE, ids=lambda clock: clock.name)
def test_its_length_is_what_it_says(clock: Clock) -> None:
    if found := re.fullmatch(r"([0-9]+) ([sh])", clock.says):
        assert clock.within == int(found[1]) * LENGTH[found[2]]
    else:
        assert clock.within == (AT_ONCE if clock.says == "at once" else None)
    assert not clock.warning or (clock.within and clock.warning < clock.within)


def test_at_once_is_shorter_than_any_other_time_that_people_have() -> None:
    assert timedelta(0) < AT_ONCE < min(clock.within for clock in TABLE if clock.within and clock.says.endswith(" h"))
