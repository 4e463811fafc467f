"""The table of clocks is the one in the rules."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from services.clocks.calendar import ALWAYS, Calendar
from services.clocks.table import ANSWER, AT_ONCE, CLOCKS, COUNTED, TABLE, Clock, in_calendars, with_norms

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


def test_every_clock_counts_day_and_night_unless_a_calendar_is_set() -> None:
    assert all(clock.calendar is ALWAYS for clock in TABLE)
    assert in_calendars({}) == CLOCKS


def test_a_calendar_is_that_of_its_clock_alone() -> None:
    office = Calendar(ZoneInfo("Asia/Shanghai"), dates={})
    table = in_calendars({"N2": office})
    assert [name for name, clock in table.items() if clock.calendar is office] == ["N2"]
    assert table["N2"].within == CLOCKS["N2"].within


def test_what_can_have_a_calendar_is_time_that_people_have() -> None:
    assert set(COUNTED) == {clock.name for clock in TABLE if clock.within} - {"A1"} | {"V3"}


@pytest.mark.parametrize(("days", "hours"), [(1, 4.8), (2, 9.6), (15, 72), (60, 72)])
def test_a_norm_is_warned_of_near_its_end_however_short_it_is(days: int, hours: float) -> None:
    norm = with_norms(CLOCKS, answer_days=days)[ANSWER]
    assert (norm.within, norm.warning) == (timedelta(days=days), timedelta(hours=hours))
