"""Facts as lines: written and read back the same, and nothing else is believed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cti.changes import CallAnswered, CallEnded, CallOutcome, CallStarted, LegJoined, OfferEnded, OfferOutcome
from cti.ids import CallId, ChannelId, Extension
from services.calls.facts import Fact, PopReceived, PopSent, StillLive, Torn, WantedSet, decode, encode

AT = datetime(2026, 11, 23, 9, 0, 0, 123456, tzinfo=UTC)
CALL, LEG = CallId("tingsu-1.2"), ChannelId("tingsu-1.3")

FACTS: list[Fact] = [
    CallStarted(at=AT, call=CALL, number="'; DROP", name="张三\x00\u2028\n\ud800", dialled="10000"),
    CallAnswered(at=AT, recovered=True, call=CALL, extension=Extension("1001"), leg=LEG, waited_ms=1, rang_ms=2),
    LegJoined(at=AT, call=CALL, extension=None, leg=LEG),
    OfferEnded(at=AT, call=CALL, extension=Extension("1001"), leg=LEG, outcome=OfferOutcome.REJECTED, rang_ms=0),
    CallEnded(at=AT, call=CALL, outcome=CallOutcome.ABANDONED, waited_ms=None, talked_ms=0),
    PopSent(at=AT, pop="a/b", person=1, call=CALL, seq=2**52, offered_at=AT),
    PopReceived(at=AT, pop="a/b", shown_ms=None),
    WantedSet(at=AT, person=1, state="paused", reason="lunch"),
    StillLive(at=AT, calls=(CALL,)),
]


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: type(fact).__name__)
def test_a_fact_is_one_ascii_line_and_reads_back_the_same(fact: Fact) -> None:
    line = encode(fact)
    assert line.isascii()
    assert line.count(b"\n") == 1
    assert decode(line) == fact


def test_a_line_cut_anywhere_is_torn() -> None:
    line = encode(FACTS[0])
    for end in range(len(line)):
        with pytest.raises(Torn):
            decode(line[:end])


def test_a_line_with_any_byte_changed_is_torn() -> None:
    line = encode(FACTS[5])
    for place in range(len(line)):
        with pytest.raises(Torn):
            decode(line[:place] + bytes([line[place] ^ 1]) + line[place + 1 :])


def test_an_unknown_kind_is_torn_even_if_whole() -> None:
    with pytest.raises(Torn):
        decode(encode(FACTS[0]).replace(b"CallStarted", b"CallStopped"))
