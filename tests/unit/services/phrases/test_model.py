"""Reasons and text blocks: no phrase ever goes, and every edition can be had back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.errors import Invalid
from services.phrases.model import Edition, Phrase, back_to, check

GONE = Phrase(list="unconfirmed", code="unreachable", zh="联系不上", en="Unreachable")
BLOCK = Phrase(list="answer", code="apology", zh="致歉", en="Apology", text="深表歉意。")
BEFORE = Edition([GONE, BLOCK])


def wrong(edition: Edition, before: Edition = BEFORE) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as refused:
        check(edition, before)
    return [(one.field, one.code) for one in refused.value.fields]


def test_what_is_there_and_more_is_a_good_edition() -> None:
    check(BEFORE, BEFORE)
    check(Edition([GONE, BLOCK, replace(GONE, list="answer", text="x")]), BEFORE)


def test_a_phrase_that_a_case_may_name_cannot_go() -> None:
    assert wrong(Edition([BLOCK])) == [("phrases", "phrase_gone")]
    check(Edition([replace(GONE, active=False), BLOCK]), BEFORE)


def test_a_code_twice_in_a_list_and_a_block_without_its_text_are_named_together() -> None:
    assert wrong(Edition([GONE, BLOCK, GONE, replace(BLOCK, code="empty", text=" \n")])) == [
        ("phrases.2.code", "repeated"),
        ("phrases.3.text", "required"),
    ]


def test_going_back_keeps_what_came_later_inactive() -> None:
    later = replace(BLOCK, code="later")
    again = back_to(BEFORE, Edition([replace(GONE, zh="别的"), BLOCK, later]))
    assert again.phrases == [GONE, BLOCK, replace(later, active=False)]
    check(again, Edition([GONE, BLOCK, later]))


def test_an_edition_is_kept_whole() -> None:
    assert Edition.from_json(BEFORE.as_json()) == BEFORE


def test_no_reason_is_taken_for_the_customers_confirmation() -> None:
    assert wrong(Edition([*BEFORE.phrases, replace(GONE, code="confirmed")])) == [("phrases.2.code", "reserved")]
