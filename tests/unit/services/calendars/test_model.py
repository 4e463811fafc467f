"""The centre's calendars: whose word goes first, and the ends of clocks against a count minute by minute."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.calendars.model import Base, Edition, OwnDay, Week, Written, calendar, check, digest, table
from services.clocks.calendar import Calendar, after, between
from services.clocks.law import LawDay, supported, year_of
from services.errors import Invalid

MINUTE = timedelta(minutes=1)
SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
OFFICE: Week = (*((("08:30-12:00", "14:00-17:30"),) * 5), (), ())
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
THURSDAY, SATURDAY = date(2026, 10, 1), date(2026, 10, 10)
BASE = Base(zone=SHANGHAI, country="CN", calendars=(Written(name="office", week=OFFICE, clocks=("N2",)),))


def law(day: date, counts: Literal["off", "working"] = "off", like: int | None = None) -> LawDay:
    return LawDay(day=day, counts=counts, like=like, zh="国庆节", en="National Day")


def own(day: date, counts: Literal["off", "working"], like: int | None = None) -> OwnDay:
    return OwnDay(day=day, counts=counts, like=like, reason="值班")


def made(base: Base = BASE, days: tuple[LawDay, ...] = (), edition: Edition | None = None) -> Calendar:
    return calendar(base, base.calendars[0], days, edition or Edition())


# whose word ------------------------------------------------------------------------------------------------------------


def test_the_law_the_configuration_and_the_centre_have_their_word_in_this_order() -> None:
    days = (law(THURSDAY), law(SATURDAY, "working", 2))
    assert not made(days=days).spans(THURSDAY)
    assert len(made(days=days).spans(SATURDAY)) == 2
    written = replace(BASE, calendars=(replace(BASE.calendars[0], off=("2026-10-10",), moved=("2026-10-01 friday",)),))
    assert made(written, days).spans(THURSDAY)
    assert not made(written, days).spans(SATURDAY)
    edition = Edition([own(THURSDAY, "off"), own(SATURDAY, "working", 0)])
    assert not made(written, days, edition).spans(THURSDAY)
    assert made(written, days, edition).spans(SATURDAY)


def test_a_calendar_may_know_no_public_holidays() -> None:
    stands = replace(BASE, calendars=(replace(BASE.calendars[0], law=False),))
    assert made(stands, (law(THURSDAY),)).spans(THURSDAY)


def test_a_day_at_work_has_the_hours_of_its_weekday_of_another_or_of_the_first_that_has_any() -> None:
    week: Week = (("09:00-10:00",), *((("08:00-17:00",),) * 4), ("09:00-12:00",), ())
    base = replace(BASE, calendars=(Written(name="office", week=week),))
    sunday = SATURDAY + timedelta(days=1)
    edition = Edition([own(SATURDAY, "working"), own(sunday, "working"), own(THURSDAY, "working", 5)])
    spans = [made(base, (), edition).spans(day) for day in (SATURDAY, sunday, THURSDAY)]
    assert [sum((one.end - one.begin for one in each), timedelta(0)).seconds // 3600 for each in spans] == [3, 1, 3]


def test_a_clock_of_no_calendar_counts_day_and_night_whatever_is_changed() -> None:
    before, after_ = table(BASE, (), Edition()), table(BASE, (law(THURSDAY),), Edition([own(SATURDAY, "off")]), 7)
    assert before["A3"].calendar.week == after_["A3"].calendar.week
    assert not after_["A3"].calendar.dates
    assert {clock.calendar.edition for clock in after_.values()} == {7}


def test_a_digest_tells_whether_the_end_of_any_clock_may_be_another() -> None:
    plain = digest(BASE, table(BASE, (), Edition()))
    assert plain == digest(BASE, table(BASE, (), Edition(), 5))
    changed = [
        digest(BASE, table(BASE, (law(THURSDAY),), Edition())),
        digest(BASE, table(BASE, (), Edition([own(SATURDAY, "working")]))),
        digest(BASE, table(BASE, (), Edition((), {"office": (*OFFICE[:5], ("09:00-12:00",), ())}))),
        digest(replace(BASE, answer_days=10), table(replace(BASE, answer_days=10), (), Edition())),
        digest(replace(BASE, ladder=replace(BASE.ladder, steps=())), table(BASE, (), Edition())),
    ]
    assert len({plain, *changed}) == 6


def test_an_edition_is_kept_and_read_as_it_was() -> None:
    edition = Edition([own(THURSDAY, "off"), own(SATURDAY, "working", 2)], {"office": OFFICE})
    assert Edition.from_json(edition.as_json()) == edition


def test_a_calendar_in_which_an_order_would_not_end_is_refused() -> None:
    shut = Edition([own(NOW.date() + timedelta(days=day), "off") for day in range(4000)])
    with pytest.raises(Invalid):
        check(BASE, (), shut, NOW)
    check(BASE, (), Edition([own(NOW.date() + timedelta(days=day), "off") for day in range(400)]), NOW)


# the law ---------------------------------------------------------------------------------------------------------------


def test_china_moves_days_and_an_unpublished_year_is_an_estimate() -> None:
    found = year_of("CN", 2026)
    moved = {one.day: one.like for one in found.days if one.counts == "working"}
    assert found.known
    assert moved == {
        date(2026, 1, 4): 4, date(2026, 2, 14): 4, date(2026, 2, 28): 0,
        date(2026, 5, 9): 1, date(2026, 9, 20): 1, date(2026, 10, 10): 2,
    }  # fmt: skip
    assert not year_of("CN", 2090).known
    assert not [one for one in year_of("CN", 2090).days if one.counts == "working"]


def test_other_countries_have_theirs_and_none_has_none() -> None:
    assert date(2026, 10, 3) in {one.day for one in year_of("DE", 2026).days}
    assert not year_of("AE", 2090).known  # by the moon: an estimate
    assert year_of("none", 2026).days == ()
    assert (supported("DE"), supported("none"), supported("XX"), supported("cn")) == (True, True, False, False)


# minute by minute ------------------------------------------------------------------------------------------------------

SPANS = st.sampled_from(
    [(), ("00:00-24:00",), ("08:30-12:00", "14:00-17:30"), ("00:00-06:00", "22:00-24:00"), ("01:30-03:30",), ("23:00-24:00",)]
)
COUNTS = st.sampled_from(["off", "working"])
AROUND = (date(2026, 3, 29), date(2026, 10, 25), date(2026, 12, 31), date(2027, 1, 1))
"""The clocks are set forward and back in Berlin; the year ends and begins."""


def _open(base: Base, days: dict[date, LawDay], mine: dict[date, OwnDay], moment: datetime) -> bool:
    """Whether this minute counts, by the words of the rule alone."""
    wall = moment.astimezone(base.zone)
    week = base.calendars[0].week
    said: OwnDay | LawDay | None = mine.get(wall.date()) or days.get(wall.date())
    hours = week[wall.weekday()]
    if said is not None:
        hours = () if said.counts == "off" else week[wall.weekday() if said.like is None else said.like]
        if said.counts == "working" and not hours:
            hours = next(each for each in week if each)
    return any(one[:5] <= f"{wall:%H:%M}" < one[6:] for one in hours)


@st.composite
def centres(draw: st.DrawFn) -> tuple[Base, dict[date, LawDay], dict[date, OwnDay], date]:
    """A centre, what the law and it say of days around one at which clocks or years change, and that day."""
    zone = draw(st.sampled_from([BERLIN, SHANGHAI]))
    week: Week = draw(st.tuples(*[SPANS] * 7).filter(any))
    middle = draw(st.sampled_from(AROUND))
    likes = st.none() | st.integers(0, 6)
    near = st.integers(-2, 4)
    days = {(day := middle + timedelta(days=n)): law(day, draw(COUNTS), draw(likes)) for n in draw(st.sets(near, max_size=3))}
    mine = {(day := middle + timedelta(days=n)): own(day, draw(COUNTS), draw(likes)) for n in draw(st.sets(near, max_size=2))}
    return Base(zone=zone, calendars=(Written(name="office", week=week),)), days, mine, middle


@pytest.mark.parametrize("hour", range(24))
@settings(max_examples=12, deadline=None)
@given(centres(), st.integers(0, 59), st.integers(1, 300))
def test_a_clock_begun_at_any_hour_ends_at_the_minute_at_which_so_many_have_counted(
    hour: int, centre: tuple[Base, dict[date, LawDay], dict[date, OwnDay], date], minute: int, length: int
) -> None:
    base, days, mine, middle = centre
    counted_in = calendar(base, base.calendars[0], tuple(days.values()), Edition(tuple(mine.values())))
    start = datetime(middle.year, middle.month, middle.day, hour, minute, tzinfo=base.zone).astimezone(UTC)
    end, left, steps = start, length, 0
    while left and steps < 14 * 1440:
        left -= _open(base, days, mine, end)
        end, steps = end + MINUTE, steps + 1
    if left:
        assert between(counted_in, start, end) == (length - left) * MINUTE
    else:
        assert after(counted_in, start, length * MINUTE) == end
