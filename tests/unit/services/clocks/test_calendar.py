"""Working calendars, against a slow way of counting that knows nothing of how they do it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.clocks.calendar import ALWAYS, WHOLE_DAY, Calendar, NoTime, Span, Spans, after, before, between, pieces

BEIJING, BERLIN, HAVANA, LORD_HOWE = (
    ZoneInfo(name) for name in ("Asia/Shanghai", "Europe/Berlin", "America/Havana", "Australia/Lord_Howe")
)
"""No daylight saving; an hour of it at two in the night; at midnight, so that an hour of a date comes twice; half an hour."""

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
CLOCKS_SET = {
    BERLIN: ((2026, 3, 29), (2026, 10, 25)),
    HAVANA: ((2026, 3, 8), (2026, 11, 1)),
    LORD_HOWE: ((2026, 4, 5), (2026, 10, 4)),
}


def hours(*edges: float) -> Spans:
    """``hours(8, 12, 13, 17)``: two spans."""
    return tuple(Span(begin * HOUR, end * HOUR) for begin, end in zip(edges[::2], edges[1::2], strict=True))


OFFICE = Calendar(
    BEIJING,
    week=(*((hours(8.5, 12, 13.5, 17.5),) * 5), (), ()),
    dates={date(2026, 10, 1): (), date(2026, 10, 2): (), date(2026, 10, 10): hours(9, 12)},  # holidays; a Saturday at work
)


def at(zone: ZoneInfo, *moment: int, fold: int = 0) -> datetime:
    year, month, day, hour, minute = moment
    return datetime(year, month, day, hour, minute, tzinfo=zone, fold=fold)


def test_day_and_night_counts_unless_the_centre_says_otherwise() -> None:
    start = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    assert after(ALWAYS, start, HOUR) == datetime(2027, 1, 1, 0, 30, tzinfo=UTC)
    assert between(ALWAYS, start, start + timedelta(days=40)) == timedelta(days=40)


@pytest.mark.parametrize(
    ("start", "length", "end"),
    [
        (at(BEIJING, 2026, 9, 28, 8, 30), 2 * HOUR, at(BEIJING, 2026, 9, 28, 10, 30)),
        (at(BEIJING, 2026, 9, 28, 11, 30), HOUR, at(BEIJING, 2026, 9, 28, 14, 0)),  # over noon
        (at(BEIJING, 2026, 9, 28, 12, 30), HOUR, at(BEIJING, 2026, 9, 28, 14, 30)),  # begun at noon
        (at(BEIJING, 2026, 9, 28, 11, 0), HOUR, at(BEIJING, 2026, 9, 28, 12, 0)),  # just fits
        (at(BEIJING, 2026, 9, 30, 17, 0), HOUR, at(BEIJING, 2026, 10, 5, 9, 0)),  # over two holidays and a weekend
        (at(BEIJING, 2026, 10, 9, 17, 0), HOUR, at(BEIJING, 2026, 10, 10, 9, 30)),  # into a Saturday at work
        (at(BEIJING, 2026, 9, 27, 3, 0), timedelta(0), at(BEIJING, 2026, 9, 27, 3, 0)),  # at once, also on a Sunday night
    ],
)
def test_time_counts_while_the_centre_works(start: datetime, length: timedelta, end: datetime) -> None:
    assert after(OFFICE, start, length) == end


def test_spans_are_half_open() -> None:
    assert OFFICE.counts(at(BEIJING, 2026, 9, 28, 8, 30))
    assert not OFFICE.counts(at(BEIJING, 2026, 9, 28, 12, 0))
    assert OFFICE.counts(at(BEIJING, 2026, 9, 28, 12, 0) - timedelta.resolution)


def test_a_night_shift_is_an_hour_shorter_in_spring_and_longer_in_autumn() -> None:
    night = Calendar(BERLIN, week=(hours(0, 6),) * 7)
    assert between(night, at(BERLIN, 2026, 3, 28, 12, 0), at(BERLIN, 2026, 3, 29, 12, 0)) == 5 * HOUR
    assert between(night, at(BERLIN, 2026, 6, 28, 12, 0), at(BERLIN, 2026, 6, 29, 12, 0)) == 6 * HOUR
    assert between(night, at(BERLIN, 2026, 10, 24, 12, 0), at(BERLIN, 2026, 10, 25, 12, 0)) == 7 * HOUR
    assert after(night, at(BERLIN, 2026, 3, 28, 12, 0), 3 * HOUR) == at(BERLIN, 2026, 3, 29, 4, 0)


def test_an_hour_that_the_clocks_skip_is_none() -> None:
    skipped = Calendar(BERLIN, week=((), (), (), (), (), (), hours(2, 3)))
    assert not list(pieces(skipped, at(BERLIN, 2026, 3, 28, 12, 0), at(BERLIN, 2026, 3, 29, 12, 0)))
    assert between(skipped, at(BERLIN, 2026, 10, 24, 12, 0), at(BERLIN, 2026, 10, 25, 12, 0)) == 2 * HOUR


@pytest.mark.parametrize("edges", [(8, 8), (9, 8), (-1, 8), (23, 25)])
def test_a_span_lies_within_a_day(edges: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="within one day"):
        hours(*edges)


def test_spans_lie_one_behind_the_other() -> None:
    with pytest.raises(ValueError, match="one behind the other"):
        Calendar(BEIJING, week=(hours(8, 12, 11, 17),) * 7)


def test_a_calendar_without_time_is_refused_and_one_that_ends_is_noticed() -> None:
    with pytest.raises(NoTime):
        Calendar(BEIJING, week=((),) * 7)
    start = at(BEIJING, 2026, 1, 1, 0, 0)
    shut = Calendar(BEIJING, dates={start.date() + timedelta(days=day): () for day in range(-4000, 4000)})
    with pytest.raises(NoTime):
        after(shut, start, HOUR)
    with pytest.raises(NoTime):
        before(shut, start, HOUR)


# against the wall ------------------------------------------------------------------------------------------------------

spans = st.sampled_from(
    [(), WHOLE_DAY, hours(8.5, 12, 13.5, 17.5), hours(0, 6, 22, 24), hours(1.5, 2.5), hours(0, 1), hours(23.5, 24)]
)


@st.composite
def near_a_change(draw: st.DrawFn) -> tuple[Calendar, datetime]:
    """A calendar, and a whole minute within two days of a night in which its clocks are set."""
    zone = draw(st.sampled_from([BERLIN, HAVANA, LORD_HOWE]))
    year, month, day = draw(st.sampled_from(CLOCKS_SET[zone]))
    set_on = datetime(year, month, day, tzinfo=zone).astimezone(UTC)
    week = draw(st.tuples(*[spans] * 7).filter(any))
    off = draw(st.sets(st.integers(-2, 2), max_size=2))
    dates = {date(year, month, day) + timedelta(days=days): draw(spans) for days in off}
    return Calendar(zone, week, dates), set_on + draw(st.integers(-2880, 2880)) * MINUTE


@given(near_a_change(), st.integers(0, 3000))
def test_the_time_between_is_the_minutes_at_which_the_wall_shows_hours_that_count(
    found: tuple[Calendar, datetime], minutes: int
) -> None:
    calendar, start = found
    counted = sum(calendar.counts(start + minute * MINUTE) for minute in range(minutes))
    assert between(calendar, start, start + minutes * MINUTE) == counted * MINUTE


@given(near_a_change(), st.integers(1, 20_000), st.integers(0, 59_999_999))
def test_what_a_clock_has_between_its_beginning_and_its_end_is_its_length(
    found: tuple[Calendar, datetime], minutes: int, past: int
) -> None:
    calendar, start = found
    start += timedelta(microseconds=past)
    length = minutes * MINUTE
    end = after(calendar, start, length)
    assert between(calendar, start, end) == length
    assert between(calendar, start, end - timedelta.resolution) == length - timedelta.resolution  # and no sooner
    assert end.tzinfo is UTC


@given(near_a_change(), st.integers(1, 20_000))
def test_backwards_is_the_same_way(found: tuple[Calendar, datetime], minutes: int) -> None:
    calendar, end = found
    length = minutes * MINUTE
    start = before(calendar, end, length)
    assert between(calendar, start, end) == length
    assert between(calendar, start + timedelta.resolution, end) == length - timedelta.resolution  # and no later


@given(near_a_change(), st.integers(0, 3000), st.integers(0, 3000))
def test_two_stretches_one_behind_the_other_are_one(found: tuple[Calendar, datetime], first: int, second: int) -> None:
    calendar, start = found
    middle, end = start + first * MINUTE, start + (first + second) * MINUTE
    assert between(calendar, start, middle) + between(calendar, middle, end) == between(calendar, start, end)
