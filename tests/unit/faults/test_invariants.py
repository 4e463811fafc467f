"""The check after a fault can fail: what a leak of connections looks like."""

from __future__ import annotations

import pytest

from tests.faults.invariants import OF_ITS_OWN, Connections


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
