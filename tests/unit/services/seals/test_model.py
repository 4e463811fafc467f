"""Chains and anchors are recomputed row by row; what was done to the rows in between is told once for each thing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.seals.model import Anchor, Anchors, Chain, Fault, Sealed, What, alone, hash_of

AT = datetime(2026, 11, 27, 4, 0, 0, 123_000, UTC)


def history(thing: int, length: int, *, version: int | None = None) -> list[Sealed]:
    """A journal as it is written."""
    rows, before = [], b""
    for seq in range(1, length + 1):
        written = f'{{"seq": {seq}, "thing": {thing}, "note": "第{seq}步"}}'
        before = hash_of(before, written)
        rows.append(Sealed(thing, before, written, seq, version or length))
    return rows


def faults(rows: list[Sealed]) -> list[Fault]:
    chain = Chain("ticket")
    return [*(fault for row in rows for fault in chain.look(row)), *chain.end()]


@given(st.lists(st.integers(1, 6), max_size=5))
def test_what_is_as_it_was_written_has_no_fault(lengths: list[int]) -> None:
    assert faults([row for thing, length in enumerate(lengths, 1) for row in history(thing, length)]) == []


@given(st.data())
def test_whatever_row_is_altered_removed_or_exchanged_is_found_in_its_own_history(data: st.DataObject) -> None:
    length = data.draw(st.integers(2, 8))
    at = data.draw(st.integers(0, length - 1))
    rows, how = history(7, length), data.draw(st.sampled_from(["alter", "remove", "exchange"]))
    if how == "alter":
        rows[at] = Sealed(7, rows[at].hash, rows[at].written + " ", at + 1, length)
        wanted = Fault("ticket", 7, at + 1, What.ALTERED)
    elif how == "remove":
        del rows[at]
        wanted = Fault("ticket", 7, at + 1, What.CUT if at == length - 1 else What.MISSING)
    else:
        other = (at + 1) % length
        first = min(at, other)
        one, two = rows[at], rows[other]
        rows[at] = Sealed(7, two.hash, two.written, one.seq, length)
        rows[other] = Sealed(7, one.hash, one.written, two.seq, length)
        wanted = Fault("ticket", 7, first + 1, What.ALTERED)
    assert faults([*history(6, 3), *rows, *history(8, 2)]) == [wanted]


def test_a_history_whose_thing_is_gone_and_one_that_ends_too_early_are_told() -> None:
    orphan = [Sealed(3, row.hash, row.written, row.seq, None) for row in history(3, 2)]
    assert faults([*orphan, *history(4, 2, version=3)]) == [
        Fault("ticket", 3, 1, What.ORPHAN),
        Fault("ticket", 4, 3, What.CUT),
    ]


def test_a_row_that_stands_alone_is_judged_alone() -> None:
    assert list(alone("audit", Sealed(5, hash_of(b"", "{}"), "{}"))) == []
    assert list(alone("audit", Sealed(5, hash_of(b"", "{}"), "{ }"))) == [Fault("audit", 5, None, What.ALTERED)]


def drawn(batches: list[list[bytes]]) -> list[Anchor]:
    """Anchors as the database draws them."""
    made: list[Anchor] = []
    for n, batch in enumerate(batches, 1):
        bare = Anchor(n, AT, n * 10, len(batch), b"")
        before = made[-1].hash if made else b""
        made.append(Anchor(n, AT, n * 10, len(batch), hash_of(before + bare.head() + b"".join(batch), "")))
    return made


BATCHES = [[b"a" * 32, b"b" * 32], [b"c" * 32], [b"d" * 32, b"e" * 32]]


def judged(anchors: list[Anchor], batches: list[list[bytes]], known: dict[int, bytes] | None = None) -> list[Fault]:
    looking = Anchors(known or {})
    told = [fault for anchor, batch in zip(anchors, batches, strict=True) for fault in looking.look(anchor, batch)]
    return [*told, *looking.end()]


@pytest.mark.parametrize(
    ("batches", "wrong"),
    [
        (BATCHES, []),
        ([BATCHES[0], [], BATCHES[2]], [2]),
        ([list(reversed(BATCHES[0])), *BATCHES[1:]], [1]),
        ([*BATCHES[:2], [*BATCHES[2], b"f" * 32]], [3]),
    ],
)
def test_an_anchor_misses_what_is_gone_came_or_stands_elsewhere(batches: list[list[bytes]], wrong: list[int]) -> None:
    assert judged(drawn(BATCHES), batches) == [Fault("anchor", n, None, What.ROWS) for n in wrong]


def test_an_anchor_that_was_noted_tells_a_chain_that_was_made_anew() -> None:
    known = {3: drawn(BATCHES)[2].hash}
    anew = [BATCHES[0], [], BATCHES[2]]
    assert judged(drawn(anew), anew) == []
    assert judged(drawn(anew), anew, known) == [Fault("anchor", 3, None, What.FORGED)]
    assert judged(drawn(anew)[:2], anew[:2], known) == [Fault("anchor", 3, None, What.MISSING)]


def test_an_anchor_cut_out_of_the_middle_is_told() -> None:
    first, _, third = drawn(BATCHES)
    missing, rows = judged([first, third], [BATCHES[0], BATCHES[2]])
    assert (missing, rows) == (Fault("anchor", 2, None, What.MISSING), Fault("anchor", 3, None, What.ROWS))
