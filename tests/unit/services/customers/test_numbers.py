from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.customers.numbers import normalise

SPELLINGS = [
    "13800138000",
    "+8613800138000",
    "008613800138000",
    "8613800138000",
    "138-0013-8000",
    "(138) 0013 8000",
    " +86 138 0013 8000",
    "１３８００１３８０００",
    "＋８６１３８００１３８０００",
    "١٣٨٠٠١٣٨٠٠٠",
    "138‐0013‐8000",
    "138.0013.8000 ",
]

HOSTILE = [
    "",
    "anonymous",
    "unknown",
    "Restricted",
    "+",
    "++86138",
    "1",
    "12",
    "111111111111111111111",
    "138*0013",
    "#31#13800138000",
    "'; DROP TABLE ticket;--",
    "$(id)",
    "../../etc/passwd",
    "057188888888转801",
    "138001380OO",
]


@pytest.mark.parametrize("sent", SPELLINGS)
def test_one_number_in_all_its_spellings(sent: str) -> None:
    assert normalise(sent) == "13800138000"


@pytest.mark.parametrize("sent", [*HOSTILE, "1" * 100, "\x0013800138000", "138\n00138000x"])
def test_what_is_not_understood_as_a_whole_matches_nobody(sent: str) -> None:
    assert normalise(sent) == ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("86100", "100"),  # a local number that begins with 86
        ("+85223456789", "23456789"),  # Hong Kong is not China's country code
        ("057112345678", "57112345678"),
        ("10000", "1000"),
    ],
)
def test_different_numbers_stay_different(one: str, other: str) -> None:
    assert normalise(one) != normalise(other)


@given(st.text(max_size=80))
def test_the_answer_is_digits_or_nothing_and_stays_what_it_is(sent: str) -> None:
    number = normalise(sent)
    assert number == "" or (number.isascii() and number.isdigit() and 3 <= len(number) <= 20)
    if not number.startswith(("86", "0086")):
        assert normalise(number) == number
