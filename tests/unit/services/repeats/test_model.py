"""How likely a case repeats an earlier one (SPEC A4): who, words, class and time, each for itself and together."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.repeats.model import LIKELY, REACH, Case, Sign, dice, grams, likely, likeness

T0 = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
NUMBER, OTHER = "+8613800138000", "+8613900139000"
TEXT = "宽带三天不通，报修没有人来"
EARLIER = Case(
    id=1,
    received_at=T0 - timedelta(days=3),
    customer_number=NUMBER,
    numbers=frozenset({NUMBER}),
    business="data",
    nature="fault_repair",
    text=TEXT,
)
CASE = replace(EARLIER, id=2, received_at=T0)


def test_the_same_matter_of_the_same_number_some_days_ago_is_a_repeat_and_says_why() -> None:
    found = likeness(CASE, EARLIER)
    assert dict(found.signs) == {Sign.SAME_NUMBER: 1.0, Sign.SAME_CLASS: 1.0, Sign.ALIKE: 1.0}
    assert (found.of, found.days, found.likely) == (1, 3, True)
    assert found.score > 0.95


def test_who_calls_from_another_number_about_the_same_one_is_known() -> None:
    from_mobile = replace(CASE, customer_number=OTHER, numbers=frozenset({NUMBER}))
    assert likeness(from_mobile, EARLIER).signs[0] == (Sign.SAME_CALLER, 1.0)


@pytest.mark.parametrize(
    ("change", "is_likely"),
    [
        ({"text": "想查十一月的话费账单", "nature": "tariff"}, False),  # the same number about something else
        ({"text": "想查十一月的话费账单", "nature": "tariff", "received_at": EARLIER.received_at}, False),  # nor on the same day
        ({"text": "", "nature": "fault_repair"}, True),  # the same class: to be looked at
        ({"text": "宽带又不通了，报修还是没有人来", "nature": None}, True),
        ({"customer_number": OTHER, "numbers": frozenset({OTHER})}, False),  # everybody's line was down
        ({"customer_number": "", "numbers": frozenset()}, False),  # withheld
    ],
)
def test_what_is_likely_and_what_is_not(change: dict[str, object], is_likely: bool) -> None:
    assert likeness(replace(CASE, **change), EARLIER).likely is is_likely  # type: ignore[arg-type]


def test_the_likeliest_comes_first_and_none_is_its_own_repeat() -> None:
    older = replace(EARLIER, id=3, received_at=T0 - timedelta(days=40))
    unlike = replace(EARLIER, id=4, customer_number=OTHER, numbers=frozenset())
    assert [one.of for one in likely(CASE, [CASE, older, unlike, EARLIER])] == [1, 3]


def test_words_are_compared_whatever_their_script_spaces_and_signs() -> None:
    assert dice(grams("寬帶不通！"), grams("宽带 不通")) == 1.0
    assert dice(grams("ＡＢＣ"), grams("abc")) == 1.0
    assert dice(grams("！！"), grams("！！")) == 0.0, "nothing is like nothing"


texts = st.text(max_size=60)


@given(texts, texts)
def test_likeness_of_texts_is_a_share_the_same_both_ways(one: str, other: str) -> None:
    share = dice(grams(one), grams(other))
    assert 0.0 <= share <= 1.0
    assert share == dice(grams(other), grams(one))
    if grams(one):
        assert dice(grams(one), grams(one)) == 1.0


@given(texts, st.integers(0, 400), st.integers(0, 400), st.booleans(), st.booleans())
def test_a_score_is_a_share_and_fades_with_time(text: str, days: int, more: int, same: bool, classed: bool) -> None:
    case = replace(
        CASE, text=text, customer_number=NUMBER if same else OTHER, numbers=frozenset(), nature="tariff" if classed else None
    )
    near = likeness(case, replace(EARLIER, received_at=T0 - timedelta(days=days)))
    far = likeness(case, replace(EARLIER, received_at=T0 - timedelta(days=days + more)))
    assert 0.0 <= far.score <= near.score <= 1.0
    assert near.likely == (near.score >= LIKELY)


def test_after_the_reach_nothing_fades_any_more() -> None:
    ends = [replace(EARLIER, received_at=T0 - REACH - timedelta(days=more)) for more in (0, 500)]
    assert len({likeness(CASE, one).score for one in ends}) == 1
