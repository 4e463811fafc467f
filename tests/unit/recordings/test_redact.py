from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.redact import mask


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("我的电话是13800138000谢谢", "我的电话是*********00谢谢"),
        ("号码是八六四二零一三五", "号码是******三五"),
        ("号码是八 六 四 二 零 一 三 五", "号码是* * * * * * 三 五"),
        ("１３８００１３８０００", "*********００"),
        ("138-0013-8000", "***-****-**00"),
        ("幺三九五二零零八六四七", "*********四七"),
        ("多收了五十元 三天 25号楼 2026", "多收了五十元 三天 25号楼 2026"),
        ("", ""),
    ],
)
def test_long_runs_of_digits_are_hidden_but_for_the_last_two(said: str, shown: str) -> None:
    assert mask(said) == shown


@given(st.text())
def test_nothing_but_digits_is_ever_changed(text: str) -> None:
    assert len(mask(text)) == len(text)
    assert all(before == after or after == "*" for before, after in zip(text, mask(text), strict=True))
