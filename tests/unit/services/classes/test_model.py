"""The lexicon: both scripts, the longest term first, and mistakes named all at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.classes.model import KINDS, Category, Lexicon, Matcher, Term, check, simplified
from services.errors import Invalid

CATEGORIES = [Category("kind", code, code, code, 0, True) for code in KINDS]


def test_the_longest_term_is_found_and_what_lies_in_it_is_not() -> None:
    matcher = Matcher([Term("business", "a", "电话", 1), Term("business", "b", "电话卡", 1)])
    assert [(hit.code, hit.start, hit.end) for hit in matcher.find("我的电话卡和电话")] == [("b", 2, 5), ("a", 6, 8)]


def test_terms_in_either_script_are_found_in_either() -> None:
    matcher = Matcher([Term("business", "a", "寬帶", 1)])
    assert matcher.find(simplified("宽带"))
    assert matcher.find(simplified("寬帶"))


@given(st.text(max_size=50))
def test_simplifying_keeps_every_place(text: str) -> None:
    assert len(simplified(text)) == len(text)


def test_a_class_that_is_switched_off_is_not_found() -> None:
    lexicon = Lexicon([*CATEGORIES, Category("business", "a", "a", "a", 0, False)], [Term("business", "a", "宽带", 1)])
    assert lexicon.by_list["business"].find("宽带") == []


def test_every_mistake_is_named() -> None:
    wrong = Lexicon([*CATEGORIES[:2], CATEGORIES[0]], [Term("kind", "none", "x", 1), Term("kind", "complaint", "y", 1)] * 2)
    with pytest.raises(Invalid) as refused:
        check(wrong)
    assert {field.code for field in refused.value.fields} == {"repeated", "unknown_class", "kinds_fixed"}
