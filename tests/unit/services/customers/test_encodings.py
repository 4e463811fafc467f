from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.customers.columns import KNOWN
from services.customers.encodings import NotSure, decode

HEADING = "电话,姓名,级别\n"
ROWS = "".join(f"138001380{i:02},张三丰,大客户\n" for i in range(50))
TRADITIONAL = "電話,姓名,備註\n0223456789,陳小明,請勿來電\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030", "gbk", "gb2312"])
def test_the_encodings_of_spreadsheets_are_read(encoding: str) -> None:
    text, found = decode((HEADING + ROWS).encode(encoding), known=KNOWN)
    assert text == HEADING + ROWS
    assert found == {"utf-8-sig": "utf-8", "gbk": "gb18030", "gb2312": "gb18030"}.get(encoding, encoding)


def test_big5_is_told_from_gb18030() -> None:
    assert decode(TRADITIONAL.encode("big5"), known=KNOWN) == (TRADITIONAL, "big5")
    plain = "a,b\n" + "".join(f"{i},陳小明請勿來電謝謝台北市中山區\n" for i in range(9))
    assert decode(plain.encode("big5"))[1] == "big5", "without a heading that is known, by the characters"
    assert decode(ROWS.encode("gb18030"))[1] == "gb18030"


def test_one_broken_byte_in_a_utf8_file_is_named_and_nothing_is_read_as_something_else() -> None:
    """Each place in turn: most of these files are GB18030 without an error, with a thousand names of garbage."""
    whole = (HEADING + ROWS).encode()
    for place in range(len(HEADING.encode()), len(HEADING.encode()) + 66):
        if whole[place] < 0x80:
            continue
        with pytest.raises(NotSure) as caught:
            decode(whole[:place] + b"\xff" + whole[place + 1 :], known=KNOWN)
        assert (caught.value.seen.code, caught.value.seen.line) == ("broken_utf8", 2 + whole[:place].count(b"\n") - 1)


@pytest.mark.parametrize("row", ["number,name\n13800138000,张三丰\n", "电话,姓名\n13800138000,张\n"])
def test_a_short_file_is_broken_too(row: str) -> None:
    with pytest.raises(NotSure, match=r"broken_utf8|no_encoding|gb_or_big5"):
        decode(row.encode()[:-2] + b"\n", known=KNOWN)


def test_a_file_of_two_encodings_is_refused() -> None:
    for one, other in (("utf-8", "gb18030"), ("gb18030", "utf-8"), ("utf-8", "big5")):
        with pytest.raises(NotSure, match="broken_utf8"):
            decode((HEADING + ROWS).encode(one) + "13800138001,李四,普通\n".encode(other), known=KNOWN)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"number,name\n1,Jos\xe9\n", "no_encoding"),
        (b"\xff\xff\xff", "no_encoding"),
        (b"\x7fELF\x02\x01\x01" + bytes(40), "binary"),
        ("number,name\n1,张\n".encode("gb18030"), "gb_or_big5"),
        ((HEADING + ROWS).encode("utf-16-le"), "utf16_without_mark"),
        ((HEADING + ROWS).encode("utf-16-be"), "utf16_without_mark"),
    ],
)
def test_what_is_not_surely_one_is_refused_with_what_was_seen(content: bytes, code: str) -> None:
    with pytest.raises(NotSure) as caught:
        decode(content, known=KNOWN)
    assert caught.value.seen.code == code
    assert caught.value.seen.byte.startswith("0x")
    assert caught.value.seen.line >= 1


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_person_may_say_what_it_is(encoding: str) -> None:
    assert decode((HEADING + ROWS).encode(encoding), "utf-16")[0] == HEADING + ROWS
    assert decode("number,name\n1,张\n".encode("gb18030"), "gb18030")[0] == "number,name\n1,张\n"
    with pytest.raises(NotSure, match="not_in_encoding"):
        decode(HEADING.encode("gb18030"), "utf-8")


@given(st.binary(max_size=400))
def test_any_bytes_are_text_or_refused(content: bytes) -> None:
    try:
        text, encoding = decode(content, known=KNOWN)
    except NotSure:
        return
    assert encoding in {"utf-8", "utf-16", "gb18030", "big5"}
    assert isinstance(text, str)
