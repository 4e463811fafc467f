"""The check after a fault can fail: what a leak of connections looks like, and a call that counts as answered by nobody."""

from __future__ import annotations

import pytest

from tests.faults.crowd import Visit
from tests.faults.invariants import OF_ITS_OWN, Connections, just_missed


def test_a_pool_may_have_grown_to_its_size() -> None:
    assert not Connections({"tingsu/a": 10}, OF_ITS_OWN, pool_size=10).too_many


@pytest.mark.parametrize(
    "leaked",
    [
        Connections({"tingsu/a": 11}, OF_ITS_OWN, pool_size=10),
        Connections({"tingsu/a": 3, "tingsu/killed": 1}, OF_ITS_OWN, pool_size=10),
        Connections({"tingsu/a": 3}, OF_ITS_OWN + 1, pool_size=10),
    ],
    ids=["of the pool", "of a process that is gone", "of those beside the pool"],
)
def test_a_connection_more_than_there_may_be_is_seen(leaked: Connections) -> None:
    assert leaked.too_many


@pytest.mark.parametrize(
    ("visit", "connected", "is_missed"),
    [
        (Visit("1", taken=True, left_at=100.0), {"t_1-1.7"}, True),
        (Visit("1", taken=True, left_at=100.0), set(), False),  # only we say that somebody answered
        (Visit("1", taken=True), {"t_1-1.7"}, False),  # who stayed was to be talked to
    ],
)
def test_who_gives_up_as_a_phone_answers_counts_as_the_switch_says(visit: Visit, connected: set[str], is_missed: bool) -> None:
    assert just_missed(visit, "t_1-1.7", connected) is is_missed
