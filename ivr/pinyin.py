"""Writes Chinese prompt texts as espeak-ng 1.51 can say them: syllables with tone digits for its voice ``cmn-latn-pinyin``.

That version's plain ``cmn`` voice reads Han characters as English letters (``yao four``), and the pinyin voice takes a bare
Arabic digit for a tone or says it in its own way; so everything is turned into toned syllables here. Tone sandhi (third
tone before third tone) is the voice's own affair and is not applied twice.
"""

from __future__ import annotations

import re

from pypinyin import Style, lazy_pinyin

_DIGITS = dict(zip("0123456789", "零一二三四五六七八九", strict=True))

# Letters as Chinese speakers spell them: espeak-ng 1.51 can change over to an English voice, but not back to the pinyin one.
_LETTERS = {
    "A": "ei1", "B": "bi4", "C": "xi1", "D": "di4", "E": "yi4", "F": "ai2 fu5", "G": "ji4", "H": "ei1 chi5", "I": "ai4",
    "J": "zhei4", "K": "kai4", "L": "ai2 lou5", "M": "ai2 mu5", "N": "en1", "O": "ou1", "P": "pi4", "Q": "qiu4", "R": "a4",
    "S": "ai2 si5", "T": "ti4", "U": "you1", "V": "wei1", "W": "da2 bu5 liu5", "X": "ai2 ke5 si5", "Y": "wai4", "Z": "zei4",
}  # fmt: skip

_PAUSES = str.maketrans({**dict.fromkeys("，、：；（）“”《》", ","), **dict.fromkeys("。！？", ".")})
_TOKEN = re.compile(r"[0-9]|[A-Za-z]|[^0-9A-Za-z]+")


def to_pinyin(text: str) -> str:
    """``投诉请按1，VIP`` to ``tou2 su4 qing3 an4 yi1, wei1 ai4 pi4``: digits one by one, letters spelled."""
    spoken = "".join(_DIGITS.get(token, token) for token in _TOKEN.findall(text))
    return re.sub(r"\s+(?=[,.])", "", " ".join(_say(token) for token in _TOKEN.findall(spoken))).strip()


def _say(token: str) -> str:
    if token.upper() in _LETTERS:
        return _LETTERS[token.upper()]
    syllables = lazy_pinyin(token.translate(_PAUSES), style=Style.TONE3, neutral_tone_with_five=True)
    return " ".join(syllable.strip() for syllable in syllables)
