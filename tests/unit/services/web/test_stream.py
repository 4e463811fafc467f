"""One person's stream: numbers that only rise, and a replay that never shows the past."""

from __future__ import annotations

from services.web.stream import KEEP, Kept, Stream

START = 1_795_000_000_000


def say(stream: Stream, key: str, *, over: bool = False) -> int:
    seq = stream.next()
    stream.keep(key, Kept(seq, key, over))
    return seq


def texts(stream: Stream, since: int) -> list[str]:
    return [kept.text for kept in stream.replay(since)]


def test_numbers_rise_across_a_restart() -> None:
    before = Stream(START)
    last = [say(before, "a") for _ in range(100)][-1]
    assert say(Stream(START + 1_000), "a") > last


def test_only_what_was_missed_is_replayed() -> None:
    stream = Stream(START)
    say(stream, "a")
    seen = say(stream, "b")
    say(stream, "c")
    assert texts(stream, seen) == ["c"]


def test_the_newest_about_a_thing_replaces_the_older() -> None:
    stream = Stream(START)
    seen = stream.seq
    say(stream, "pop:1")
    say(stream, "pop:2")
    say(stream, "pop:1")
    assert texts(stream, seen) == ["pop:2", "pop:1"]


def test_what_is_over_is_told_only_to_who_saw_it_begin() -> None:
    stream = Stream(START)
    seen = say(stream, "pop:1")
    say(stream, "pop:1", over=True)
    assert texts(stream, seen) == ["pop:1"]
    assert texts(stream, 0) == []


def test_a_place_of_before_or_beyond_is_lost() -> None:
    stream = Stream(START)
    seen = say(stream, "a")
    assert stream.lost(START - 1)
    assert stream.lost(seen + 1)
    assert not stream.lost(seen)
    assert not stream.lost(0)


def test_memory_is_bounded_and_who_is_too_far_back_is_told() -> None:
    stream = Stream(START)
    early = say(stream, "0")
    for number in range(1, KEEP + 2):
        say(stream, str(number))
    assert len(stream.replay(0)) == KEEP
    assert stream.lost(early)
    assert not stream.lost(early + 1)
