"""An event's headers are found in one pass; what is found must be what a search for each of them finds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.errors import Malformed, MissingHeader
from cti.headers import HEADERS_AT_MOST, EventHeaders, Headers, finding

NAMES = ("Channel", "ChannelState", "Uniqueid", "Queue")
"""One of them begins like another."""
PIECES = st.sampled_from(
    ["\r\n", "\r", "\n", ":", " ", "  ", ",", "Event", "Dest", "x", "张三", "\u2028", "ChanVariable: A=1", *NAMES]
    + [f"\r\n{name}: " for name in NAMES]
)
MESSAGES = st.lists(PIECES, max_size=30).map("".join).filter(lambda text: "\r\n\r\n" not in text)


def picked(text: str) -> EventHeaders:
    return EventHeaders.of("Hold", finding(" ".join(NAMES)), text)


@given(MESSAGES)
def test_one_pass_finds_what_a_search_for_each_finds(rest: str) -> None:
    text = f"Event: Hold\r\n{rest}"
    searched = Headers(text)
    try:
        expected = {name: searched[name] for name in ("Event", *NAMES) if name in searched}
    except Malformed:
        with pytest.raises(Malformed, match="twice"):
            picked(text)
    else:
        found = picked(text)
        assert {"Event": "Hold", **found} == expected
        assert all(name in found for name in NAMES if name in searched)


@pytest.mark.parametrize("name", ["Event", *NAMES])
@pytest.mark.parametrize("ending", ["\r\n", "\r\r\n", "\n\r\n"])
def test_what_stands_twice_is_named(name: str, ending: str) -> None:
    text = ending.join(["Event: Hold", *(f"{each}: 1" for each in NAMES), f"{name}:forged"])
    with pytest.raises(Malformed, match=f"^{name} twice$"):
        picked(text)


@pytest.mark.parametrize("end", ["\r", "\n", "\n\r", "\u2028", "\x85"])
def test_half_a_line_end_ends_no_value(end: str) -> None:
    found = picked(f"Event: Hold\r\nChannel: a{end}Uniqueid: forged\r\nQueue: q")
    assert found == {"Channel": f"a{end}Uniqueid: forged", "Queue": "q"}
    with pytest.raises(MissingHeader, match="Hold without Uniqueid"):
        found["Uniqueid"]


def test_a_header_whose_name_only_ends_like_a_wanted_one_is_another() -> None:
    assert picked("Event: Hold\r\nDestChannel: b\r\nChannel: a\r\nDestUniqueid: 2") == {"Channel": "a"}


def test_as_many_headers_as_there_may_be_are_read_and_one_more_is_refused() -> None:
    most = "Event: Hold" + "\r\nX" * (HEADERS_AT_MOST - 1)
    assert picked(most) == {}
    for refuses in (picked, Headers):
        with pytest.raises(Malformed, match="more than"):
            refuses(f"{most}\r\nX")
