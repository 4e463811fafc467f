"""When a complaint may be taken to the authority (SPEC O1): by what it is about, on the wall of the centre; each term is set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.tickets.authority import Terms, windows

ZONE = ZoneInfo("Asia/Shanghai")
T0 = datetime(2000, 1, 1, 5, 30, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC)


@pytest.mark.parametrize(
    ("received", "authority", "closes"),
    [
        ("2026-11-27 09:00", "charges", "2027-04-27 09:00"),
        ("2026-11-27 09:00", "user_service", "2028-11-27 09:00"),
        ("2026-09-30 23:30", "charges", "2027-02-28 23:30"),  # a shorter month
        ("2024-02-29 00:10", "network_quality", "2026-02-28 00:10"),
        ("2026-08-01 00:10", "charges", "2027-01-01 00:10"),  # another year on the wall, the old one in UTC
    ],
)
def test_an_appeal_is_taken_for_so_many_months(received: str, authority: str | None, closes: str) -> None:
    assert windows(at(received), authority, Terms(), ZONE).closes_at == at(closes)


def test_no_date_is_made_up_for_a_complaint_whose_nature_has_no_class() -> None:
    found = windows(at("2026-11-27 09:00"), None, Terms(), ZONE)
    assert (found.opens_at, found.closes_at) == (at("2026-12-12 09:00"), None)


def test_the_customer_may_go_there_once_the_norm_for_the_answer_is_over() -> None:
    found = windows(at("2026-11-27 09:00"), None, Terms(), ZONE)
    assert found.opens_at == at("2026-12-12 09:00")
    assert (found.accepts_days, found.answers_days) == (5, 30)


def test_each_term_can_be_switched_off() -> None:
    off = Terms(answer_days=0, charges_months=0, others_months=0, accepts_days=0, answers_days=0)
    for authority in ("charges", "user_service"):
        found = windows(at("2026-11-27 09:00"), authority, off, ZONE)
        assert (found.opens_at, found.closes_at, found.accepts_days, found.answers_days) == (None, None, 0, 0)


@given(st.integers(0, 32_000).map(lambda days: T0 + timedelta(days=days)), st.integers(1, 120))
def test_so_many_months_are_never_less_than_their_shortest_days(moment: datetime, months: int) -> None:
    closes = windows(moment, "user_service", Terms(others_months=months), ZONE).closes_at
    assert closes is not None
    assert timedelta(days=28 * months) <= closes - moment <= timedelta(days=31 * months)
