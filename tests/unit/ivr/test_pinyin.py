from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.pinyin import to_pinyin
from ivr.prompts import load_texts

SPOKEN = re.compile(r"[a-z]+[1-5]?[,.]*( [a-z]+[1-5][,.]*)*")


@pytest.mark.parametrize("text", [text.words["zh-CN"] for text in load_texts().values()])
def test_every_prompt_becomes_toned_syllables_and_pauses(text: str) -> None:
    assert SPOKEN.fullmatch(to_pinyin(text)), to_pinyin(text)


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("投诉请按一，", "tou2 su4 qing3 an4 yi1,"),
        ("请按10。", "qing3 an4 yi1 ling2."),
        ("VIP客户", "wei1 ai4 pi4 ke4 hu4"),
        ("女士，绿", "nv3 shi4, lv4"),
        ("请重新选择", "qing3 chong2 xin1 xuan3 ze2"),
        ("为您转接", "wei4 nin2 zhuan3 jie1"),
        ("我们", "wo3 men5"),
        ("", ""),
    ],
)
def test_readings(text: str, spoken: str) -> None:
    assert to_pinyin(text) == spoken


@given(st.text("投诉请按一二VIPvip0123456789，。！？、 ", max_size=60))
def test_no_digit_of_the_text_is_left_to_be_taken_for_a_tone(text: str) -> None:
    assert not re.search(r"(?<![a-z])[0-9]|[0-9]{2}|[A-Z]", to_pinyin(text))
