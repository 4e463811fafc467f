from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.agi import KEYS, MAX_COMMAND, MAX_HEADERS, MAX_LINE, MAX_USAGE, Decoder, HangUp, Reply, Request, encode
from ivr.errors import ProtocolError, UnsafeWord
from tests.harness.agi_peer import HEADERS, UNIQUEID, header_block


def talking() -> Decoder:
    """A decoder that has its header block behind it."""
    decoder = Decoder()
    decoder.feed(header_block())
    return decoder


def test_the_header_block_becomes_a_request() -> None:
    [request] = Decoder().feed(header_block("secret", arg_2="two"))
    assert isinstance(request, Request)
    assert request.script == "reception"
    assert request.arguments == ("secret", "two")
    assert request.uniqueid == UNIQUEID
    assert request.number == "13800138000"
    assert request.headers["calleridname"] == "王小明"


def test_a_withheld_number_is_empty() -> None:
    [request] = Decoder().feed(header_block(callerid="unknown"))
    assert isinstance(request, Request)
    assert request.number == ""


def test_a_request_does_not_show_its_headers_in_a_log() -> None:
    [request] = Decoder().feed(header_block())
    assert "13800138000" not in repr(request)


STREAM = header_block("t") + (
    b"200 result=1\n200 result=0 endpos=16000\nHANGUP\n200 result= (timeout)\n"
    b"520-Invalid command syntax.  Proper usage follows:\nUsage: STREAM FILE <f> <d>\n520 End of proper usage.\n"
    b"511 Command Not Permitted on a dead channel or intercept routine\nHANGUP\n200 result=49 endpos=8000\n"
)


@pytest.mark.parametrize("cut", range(len(STREAM)))
def test_events_do_not_depend_on_where_the_network_cuts(cut: int) -> None:
    decoder = Decoder()
    events = decoder.feed(STREAM[:cut]) + decoder.feed(STREAM[cut:])
    assert events == Decoder().feed(STREAM)
    assert len(events) == 9


def test_every_kind_of_answer_is_understood() -> None:
    _, plain, played, hangup, timeout, usage, dead, again, key = Decoder().feed(STREAM)
    assert plain == Reply(200, "1")
    assert isinstance(played, Reply)
    assert played.endpos == 16000
    assert hangup == again == HangUp()
    assert isinstance(timeout, Reply)
    assert (timeout.result, timeout.rest) == ("", "(timeout)")
    assert isinstance(usage, Reply)
    assert usage.code == 520
    assert "Usage: STREAM FILE" in usage.rest
    assert isinstance(dead, Reply)
    assert dead.code == 511
    assert isinstance(key, Reply)
    assert (key.key, key.endpos) == ("1", 8000)


def test_a_hang_up_in_the_middle_of_a_usage_text_is_heard_at_once() -> None:
    events = talking().feed(b"520-Invalid\nHANGUP\nmore\n520 End\n")
    assert events[0] == HangUp()
    assert events[1] == Reply(520, rest="520-Invalid\nmore")


@pytest.mark.parametrize("key", KEYS)
def test_each_of_the_sixteen_keys_is_known(key: str) -> None:
    assert Reply(200, str(ord(key))).key == key


@pytest.mark.parametrize("result", ["0", "1", "-1", "", "65x", "999", "٤٩"])
def test_nothing_else_is_a_key(result: str) -> None:
    assert Reply(200, result).key is None


@pytest.mark.parametrize(
    "block",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\n",
        b"agi_network: yes\n\n",
        b"agi_network: no\nagi_network_script: reception\n\n",
        b"\x16\x03\x01\x02\x00\n",
    ],
)
def test_what_is_not_a_fastagi_header_block_is_refused(block: bytes) -> None:
    with pytest.raises(ProtocolError):
        Decoder().feed(block)


def test_a_line_break_smuggled_into_a_callers_name_cannot_replace_a_header() -> None:
    with pytest.raises(ProtocolError):
        Decoder().feed(header_block("token", calleridname="x\nagi_uniqueid: other-1.1"))


def test_a_smuggled_empty_line_leaves_no_token_and_then_no_protocol() -> None:
    decoder = Decoder()
    with pytest.raises(ProtocolError):
        decoder.feed(header_block("token", calleridname="x\n\nagi_arg_1: guessed"))


def test_the_longest_line_is_accepted_and_one_byte_more_is_not() -> None:
    line = b"200 result=" + b"1" * (MAX_LINE - 11)
    assert talking().feed(line + b"\n") == [Reply(200, "1" * (MAX_LINE - 11))]
    with pytest.raises(ProtocolError):
        talking().feed(line + b"1\n")


def test_a_line_without_end_is_given_up_long_before_it_fills_memory() -> None:
    decoder = talking()
    for _ in range(MAX_LINE // 1024):
        decoder.feed(b"x" * 1024)
    with pytest.raises(ProtocolError):
        decoder.feed(b"x")


def test_a_header_block_without_end_is_given_up() -> None:
    decoder = Decoder()
    for n in range(MAX_HEADERS):
        decoder.feed(f"agi_x{n}: 1\n".encode())
    with pytest.raises(ProtocolError):
        decoder.feed(b"agi_one_more: 1\n")


def test_a_usage_text_without_end_is_given_up() -> None:
    decoder = talking()
    decoder.feed(b"520-Usage\n" + b"line\n" * (MAX_USAGE - 1))
    with pytest.raises(ProtocolError):
        decoder.feed(b"one more\n")


@given(st.lists(st.binary(max_size=200), max_size=20), st.booleans())
def test_garbage_makes_protocol_errors_and_nothing_worse(pieces: list[bytes], after_headers: bool) -> None:
    decoder = talking() if after_headers else Decoder()
    try:
        for piece in pieces:
            decoder.feed(piece)
    except ProtocolError:
        return


@given(st.text("0123456789 =-()resultendpos\nHANGUP\r", max_size=80))
def test_garbage_that_looks_like_answers_is_survived_too(text: str) -> None:
    try:
        events = talking().feed(text.encode())
    except ProtocolError:
        return
    assert all(isinstance(event, Reply | HangUp) for event in events)


@given(st.dictionaries(st.sampled_from([*sorted(HEADERS)[:8], "arg_1"]), st.text(max_size=60).filter(lambda t: "\n" not in t)))
def test_hostile_values_stay_in_their_own_header(values: dict[str, str]) -> None:
    block = header_block(**{**values, "network": "yes", "network_script": "reception"})
    [request] = Decoder().feed(block)
    assert isinstance(request, Request)
    assert request.headers["network_script"] == "reception"


def test_words_are_quoted() -> None:
    assert encode("STREAM FILE", "/v/my prompts/zh-CN/menu", "") == b'STREAM FILE "/v/my prompts/zh-CN/menu" ""\n'
    assert encode("CHANNEL STATUS") == b"CHANNEL STATUS\n"


@pytest.mark.parametrize("bad", ["a\nHANGUP", "a\r", 'a"', "a\\", "a\0", "a\x7f", "a\x85b", "\ud800"])
def test_a_word_that_could_be_more_than_a_word_is_refused(bad: str) -> None:
    with pytest.raises(UnsafeWord):
        encode("SET VARIABLE", "NAME", bad)


def test_the_refusal_does_not_repeat_the_word() -> None:
    with pytest.raises(UnsafeWord) as refusal:
        encode("SET VARIABLE", "NAME", "13800138000\n")
    assert "13800138000" not in str(refusal.value)


@given(st.lists(st.text(max_size=50), max_size=5))
def test_a_command_is_one_line_or_nothing(words: list[str]) -> None:
    try:
        line = encode("SET VARIABLE", *words)
    except UnsafeWord:
        return
    assert line.count(b"\n") == 1
    assert line.count(b'"') == 2 * len(words)


def test_a_command_longer_than_the_switch_reads_is_refused() -> None:
    with pytest.raises(UnsafeWord):
        encode("SET VARIABLE", "NAME", "x" * MAX_COMMAND)
