from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.customers.csv_file import decode, read

TEXT = "电话,姓名,级别\n13800138000,张三,大客户\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk"])
def test_the_encodings_of_spreadsheets_are_read(encoding: str) -> None:
    assert decode(TEXT.encode(encoding)) == TEXT


def test_bytes_that_are_neither_are_refused() -> None:
    with pytest.raises(ValueError, match="GB18030"):
        decode(b"\xff\xff\xff")


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        "\ufeff" + TEXT,
        TEXT.replace("\n", "\r\n"),
        "number;name;tier\n138-0013-8000;张三;big\n",
        "Phone\tCustomer\tClass\n+86 13800138000\t张三\tBIG\n",
        "备注,姓名,电话,级别,别的\n,张三,13800138000,大客户,?\n\n , ,,\n",
    ],
)
def test_headings_in_either_language_and_any_order(text: str) -> None:
    found = read(text)
    assert found.problems == ()
    assert [(c.number, c.name, c.tier) for c in found.good] == [("+8613800138000", "张三", "big")]


def test_every_problem_of_every_row_is_named_as_the_spreadsheet_counts() -> None:
    found = read("number,name,tier\n13800138000,甲,\n138,乙\nabc,,vip\n13800138000,丙,normal\n")
    assert [(p.row, p.field) for p in found.problems] == [(4, "number"), (4, "name"), (4, "tier"), (5, "number")]
    assert "row 2" in found.problems[-1].wanted
    assert [c.name for c in found.good] == ["甲", "乙"]


def test_a_missing_heading_is_said_once() -> None:
    assert [p.field for p in read("a,b\n1,2\n3,4\n").problems] == ["number", "name"]
    assert [p.field for p in read("").problems] == ["number", "name"]


@given(st.text(max_size=300))
def test_no_text_breaks_it(text: str) -> None:
    found = read("number,name\n" + text)
    assert len(found.good) <= found.rows
