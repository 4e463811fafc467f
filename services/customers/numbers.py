"""A telephone number made comparable, or refused: two different customers are never merged.

ASCII digits, 3 to 20 of them, without China's country code. Whatever might be part of a number that we do not understand
(a letter, ``转801``, ``*21*``) makes the whole of it unusable: ``''``, which stands for "withheld or unknown" and matches nobody.
"""

from __future__ import annotations

import re
import unicodedata

LIMIT = 64  # characters looked at of anything the network sent

_ORNAMENT = re.compile(r"[\s().\-‐-―−·/]+")
_COUNTRY = re.compile(r"(?:\+86|0086|86(?=1[0-9]{10}$))")
_DIGITS = re.compile(r"[0-9]{3,20}")


def normalise(sent: str) -> str:
    """``＋86 138-0013-8000`` is ``13800138000``; ``anonymous``, ``+``, a hundred digits are ``''``.

    A bare ``86`` is a country code only before a mobile number: 86 also begins ordinary local numbers. Other countries'
    numbers keep their code (``+852 2345 6789`` is ``85223456789``): they have the length to stay apart from local ones.
    """
    if len(sent) > LIMIT:
        return ""
    plain = "".join(_ascii_digit(character) for character in unicodedata.normalize("NFKC", sent))
    bare = _ORNAMENT.sub("", plain)
    digits = _COUNTRY.sub("", bare, count=1) if _COUNTRY.match(bare) else bare.removeprefix("+")
    return digits if _DIGITS.fullmatch(digits) else ""


def _ascii_digit(character: str) -> str:
    return str(unicodedata.digit(character)) if unicodedata.category(character) == "Nd" else character
