"""A caller's number as sent by the network, made comparable or refused: never merged with somebody else's."""

from __future__ import annotations

import re
import unicodedata

_ORNAMENT = re.compile(r"[\s().\-‐-―/]+")
_PREFIX = re.compile(r"^(?:\+86|0086|86(?=1[0-9]{10}$))")
_DIGITS = re.compile(r"[0-9]{3,20}")
LIMIT = 64  # characters kept of anything the network sent


def normalise(sent: str) -> str:
    """ASCII digits (3 to 20), without China's country code; ``''`` when withheld or unusable.

    Full-width and other scripts' digits count as digits; a letter, a quote or a path makes the whole number unusable.
    """
    plain = "".join(_ascii_digit(character) for character in unicodedata.normalize("NFKC", sent[:LIMIT]).strip())
    bare = _PREFIX.sub("", _ORNAMENT.sub("", plain)).removeprefix("+")
    return bare if _DIGITS.fullmatch(bare) else ""


def printable(sent: str) -> str:
    """Text of a caller, cut to 64 characters, without control characters (PostgreSQL takes no NUL, logs and screens no ANSI)."""
    return "".join(character for character in sent[:LIMIT] if unicodedata.category(character)[0] != "C").strip()


def _ascii_digit(character: str) -> str:
    return str(unicodedata.digit(character)) if unicodedata.category(character) == "Nd" else character
