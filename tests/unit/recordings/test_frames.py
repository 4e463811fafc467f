from __future__ import annotations

import io

import pytest

from recordings import frames


def test_messages_are_read_back_one_by_one_until_the_end() -> None:
    stream = io.BytesIO()
    for message in ({"text": "投诉"}, {"at": 1.5}):
        frames.write(stream, message)
    stream.seek(0)
    assert [frames.read(stream), frames.read(stream), frames.read(stream)] == [{"text": "投诉"}, {"at": 1.5}, None]


def test_a_message_cut_off_is_the_end() -> None:
    whole = frames.encode({"at": 1.5})
    assert all(frames.read(io.BytesIO(whole[:cut])) is None for cut in range(len(whole)))


@pytest.mark.parametrize("body", [b"", b"nonsense", b"[1]", b'"x"', b"\xff"])
def test_what_is_no_message_is_refused(body: bytes) -> None:
    with pytest.raises(frames.BrokenFrame):
        frames.read(io.BytesIO(frames.LENGTH.pack(len(body)) + body))


def test_a_monstrous_length_is_refused_before_anything_is_read() -> None:
    with pytest.raises(frames.BrokenFrame):
        frames.body_length(b"\xff\xff\xff\xff")
