from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from cti.framing import Framer, event_name

TEXTS = st.lists(
    st.binary(min_size=1, max_size=40).map(lambda b: b"X: " + b.replace(b"\r", b"").replace(b"\n", b"")), max_size=12
)


@given(TEXTS, st.lists(st.integers(1, 30), min_size=1))
def test_messages_come_out_whole_and_in_order_however_they_are_cut(texts: list[bytes], sizes: list[int]) -> None:
    stream, framer, out, start = b"".join(text + b"\r\n\r\n" for text in texts), Framer(), [], 0
    for size in itertools.cycle(sizes):
        out += framer.feed(stream[start : start + size])
        start += size
        if start >= len(stream):
            break
    assert out == texts


@given(st.lists(st.binary(max_size=200), max_size=30))
def test_no_bytes_make_it_raise_or_grow(chunks: list[bytes]) -> None:
    framer = Framer(at_most=100)
    for chunk in chunks:
        assert all(len(message) <= 100 for message in framer.feed(chunk))
        assert len(framer._rest) <= 100 + 200


def test_a_line_of_ten_megabytes_is_left_out_and_the_next_message_found() -> None:
    framer = Framer()
    for _ in range(160):
        assert list(framer.feed(b"x" * 65_536)) == []
        assert len(framer._rest) <= 65_536
    assert list(framer.feed(b"\r\n\r\nEvent: Hold\r\n\r\n")) == [b"Event: Hold"]
    assert framer.oversize == 1


def test_a_whole_message_that_is_too_long_is_left_out() -> None:
    framer = Framer(at_most=10)
    assert list(framer.feed(b"A: 1\r\n\r\n" + b"B" * 11 + b"\r\n\r\nC: 3\r\n\r\n")) == [b"A: 1", b"C: 3"]
    assert framer.oversize == 1


def test_the_end_of_an_overlong_message_is_seen_when_it_is_split() -> None:
    framer = Framer(at_most=10)
    for piece in (b"B" * 50, b"\r", b"\n", b"\r", b"\n", b"C: 3\r\n\r\n"):
        out = list(framer.feed(piece))
    assert out == [b"C: 3"]


def test_the_name_is_read_from_the_first_line_alone() -> None:
    assert event_name(b"Event: Hangup\r\nChannel: x") == b"Hangup"
    assert event_name(b"Event: Hangup") == b"Hangup"
    assert event_name(b"Response: Success\r\nEvent: Hangup") == b""
    assert event_name(b"Event: UserEvent\r\nX: y\r\nEvent: Hangup") == b"UserEvent"
