"""Numbers as they are said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.transcripts.digits import digits, is_telephone, runs, written


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("幺三八零零幺三八零零零", "13800138000"),
        ("上个月多收了三百五十元", "上个月多收了350元"),
        ("两百块钱", "200块钱"),
        ("两千零五元", "2005元"),
        ("一直没有人来修", "一直没有人来修"),
        ("三天", "三天"),
        ("万百元", "万百元"),
    ],
)
def test_numbers_are_written_as_one_would_and_the_rest_stays(said: str, wanted: str) -> None:
    assert written(said) == wanted


@pytest.mark.parametrize("number", ["13800138000", "02586543210", "86543210", "8654321", "4008001234"])
def test_telephone_numbers(number: str) -> None:
    assert is_telephone(number)


@pytest.mark.parametrize("number", ["10000", "12345678901", "1380013800", "138001380001", "0258", ""])
def test_other_numbers(number: str) -> None:
    assert not is_telephone(number)


@given(st.text("0123456789", min_size=3, max_size=20))
def test_any_number_said_digit_by_digit_comes_back(number: str) -> None:
    said = number.translate(str.maketrans("0123456789", "零幺二三四五六七八九"))
    assert digits(said) == number
    assert runs(f"是{said}的") == [(1, 1 + len(number))]


@given(st.text(max_size=40))
def test_no_text_makes_it_fail(text: str) -> None:
    written(text)
