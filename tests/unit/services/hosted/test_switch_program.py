"""Which Asterisk versions are known to harm calls."""

from __future__ import annotations

import pytest

from services.hosted.switch_program import known_faults, version_in


@pytest.mark.parametrize(
    ("version", "mended_by"),
    [
        ((20, 20, 9), "20.21.0"),
        ((20, 21, 0), None),
        ((21, 12, 0), "22.11.0"),
        ((22, 10, 1), "22.11.0"),
        ((22, 11, 0), None),
        ((22, 12, 1), None),
        ((23, 4, 1), "23.5.0"),
        ((23, 5, 0), None),
        ((24, 0, 0), None),
    ],
)
def test_a_version_that_can_lose_a_call_is_named_with_the_one_that_does_not(
    version: tuple[int, int, int], mended_by: str | None
) -> None:
    faults = known_faults(version)
    assert [(mended_by or "") in fault for fault in faults] == ([True] if mended_by else [])


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("22.10.1~dfsg+~cs6.16.60671434-1", (22, 10, 1)),
        ("20.6", (20, 6, 0)),
        ("certified/22.8-cert4", (22, 8, 0)),
        ("GIT-master-1234", None),
    ],
)
def test_versions_are_read_as_distributions_write_them(text: str, version: tuple[int, int, int] | None) -> None:
    assert version_in(text) == version
