"""A file for a spreadsheet: read back as it was written, nothing in it computed."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.cells import PIECE, Column, Reader, harmless, pieces

CHINESE = Reader("zh-CN", ZoneInfo("Asia/Shanghai"))
ENGLISH = Reader("en", ZoneInfo("Europe/Berlin"))
ONE: Sequence[Column[str]] = (Column(("内容", "Content"), lambda row, to: row),)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))


def read(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))


@pytest.mark.parametrize(
    "text",
    [
        "=1+1", "+8613800138000", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "＝1+1", "＋1", "－1", "＠x",
        "|calc", "%0a", "\u3000=1",
    ],
)  # fmt: skip
def test_what_a_spreadsheet_would_compute_is_shown(text: str) -> None:
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "张桂芳", "13800138000", "a=b", "10-2", "1,2", '"=1"'])
def test_all_else_stands_as_it_is(text: str) -> None:
    assert harmless(text) == text


@given(st.lists(TEXTS, max_size=5))
def test_whatever_stands_in_the_cells_comes_back(texts: list[str]) -> None:
    written = b"".join(pieces(ONE, texts, CHINESE))
    assert written.startswith(b"\xef\xbb\xbf")
    assert read(written) == [["内容"], *([harmless(text)] if text else [""] for text in texts)]


def test_a_line_ends_as_the_standard_has_it_and_quotation_marks_are_doubled() -> None:
    both = (*ONE, Column(("二", "Two"), lambda row, to: "b"))
    assert b"".join(pieces(both, ['a"b,c\nd'], ENGLISH)).decode("utf-8-sig") == 'Content,Two\r\n"a""b,c\nd",b\r\n'


def test_a_long_file_comes_in_pieces() -> None:
    made = list(pieces(ONE, ["x"] * (2 * PIECE + 1), ENGLISH))
    assert [piece.count(b"\r\n") for piece in made] == [1, PIECE, PIECE, 1]


def test_times_are_the_centres_own_and_codes_are_words() -> None:
    at = datetime(2026, 10, 25, 0, 59, 59, 999_999, tzinfo=UTC)
    assert (CHINESE.moment(at), ENGLISH.moment(at), CHINESE.moment(None)) == ("2026-10-25 08:59:59", "2026-10-25 02:59:59", "")
    table = {"open": ("处理中", "Open")}
    assert (CHINESE.of(table, "open"), ENGLISH.of(table, "open")) == ("处理中", "Open")
    assert (CHINESE.of(table, "strange"), CHINESE.of(table, None)) == ("strange", "")
