"""Whom the throttle takes an address for."""

from __future__ import annotations

import pytest

from services.access.throttle import place_of


@pytest.mark.parametrize("peer", ["2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:0DB8:1:2:0::7"])
def test_one_ipv6_household_is_one_place_however_many_addresses_it_has(peer: str) -> None:
    assert place_of(peer) == "2001:db8:1:2::/64"


def test_the_next_household_is_another() -> None:
    assert place_of("2001:db8:1:3::1") != place_of("2001:db8:1:2::1")


@pytest.mark.parametrize(
    ("peer", "place"),
    [("192.0.2.1", "192.0.2.1"), ("::ffff:192.0.2.1", "192.0.2.1"), ("fe80::1%eth0", "fe80::/64"), ("?", "?"), ("", "")],
)
def test_every_other_address_is_itself(peer: str, place: str) -> None:
    assert place_of(peer) == place


def test_what_is_no_address_is_cut() -> None:
    assert place_of("x" * 100) == "x" * 64
