"""Reads numbers as they are said: a telephone number digit by digit (幺三八…), an amount in words (三百五十元). Pure."""

from __future__ import annotations

import re

import cn2an

_SPOKEN = str.maketrans("零〇一幺二三四五六七八九", "001123456789")
_RUN = re.compile(r"[零〇一幺二三四五六七八九0-9]{3,}")
_AMOUNT = re.compile(r"([一二两三四五六七八九十百千万亿零]+)(?=元|块)")
_TELEPHONE = re.compile(r"1[3-9][0-9]{9}|0[0-9]{9,11}|[2-8][0-9]{6,7}|[48]00[0-9]{7}")


def digits(spoken: str) -> str:
    """``幺三八零`` -> ``1380``."""
    return spoken.translate(_SPOKEN)


def runs(text: str) -> list[tuple[int, int]]:
    """Places of three or more digits said one after the other."""
    return [found.span() for found in _RUN.finditer(text)]


def is_telephone(number: str) -> bool:
    """True for a mobile, a landline with or without its area code, a 400 or 800 number."""
    return _TELEPHONE.fullmatch(number) is not None


def written(text: str) -> str:
    """As one would write it down: digit by digit numbers and sums of money in figures, all else as said (一直 stays 一直)."""
    return _AMOUNT.sub(_amount, _RUN.sub(lambda found: digits(found[0]), text))


def _amount(found: re.Match[str]) -> str:
    try:
        return str(cn2an.cn2an(found[0].replace("两", "二"), "smart"))
    except ValueError:  # said in a way that is no number (万百)
        return found[0]
