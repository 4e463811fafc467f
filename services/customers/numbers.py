"""Reads telephone numbers so that they can be compared, or refuses them: one reading for calls, forms, searches and imported
files.

Inside, a number is E.164 (``+8675588886901``), with its extension if it has one (``+8675588886901;ext=801``). What exists in
China only is its bare digits: short codes, 400 and 800 numbers, a local number of which nobody knows the area, and digits that
fit no plan we know. The two never look alike, so that two different customers are never taken for one.

A text that can be read in two ways is not read at all: ``''``, which stands for "withheld or unknown" and matches nobody. The
same holds for a text with a part that we do not understand: a letter, ``*21*``, a second number in the same cell.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

import phonenumbers

LIMIT = 64  # characters looked at of anything the network sent
AREA_CODE = re.compile(r"0(?:10|2[0-9]|[3-9][0-9]{2})")

_ORNAMENT = re.compile(r"[\s().\-‐-―−·]+")
_GROUPS = re.compile(r"\+?[0-9]+(?:[\s().\-‐-―−·]+[0-9]+)*")
_TRUNK_ZERO = re.compile(r"(?<=[0-9\s])\(0\)")
"""``+86 (0)755``, ``+44 (0)20``: the zero is for callers inside the country."""

_EXTENSION = re.compile(
    r"(?P<base>.*?)[\s,，;；]*(?:转分机|转|轉|分机|分機|extension|ext|x|#)[\s.:：=]*(?P<extension>[0-9]{1,6})", re.IGNORECASE
)
_TAIL = re.compile(r"(?P<base>.*[0-9)])\s*[\-‐-―−]\s*(?P<extension>[0-9]{1,6})")
"""``0755-88886801-801``."""

_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_PLAIN_MOBILE = re.compile(r"1[3-9][0-9]{9}", re.ASCII)
_FIXED = re.compile(r"(?:10|2[0-9])[2-8][0-9]{7}|(?![48]00)[3-9][0-9]{2}[2-8][0-9]{6,7}")
"""Area code without its zero, then seven or eight digits."""

_TOLL_FREE = re.compile(r"[48]00[0-9]{7}")

_LOCAL = re.compile(r"[2-8][0-9]{6,7}")
_SHORT = re.compile(r"[48]00[0-9]{7}|1[012][0-9]|10[0-9]{3}|11[0-9]{3,4}|12[0-9]{3,4}|1010[0-9]{4}|95[0-9]{3,10}|96[0-9]{3,4}")
"""Numbers of China that have no E.164 form: 400 and 800, 110, 10086, 118114, 12345, 10106060, 95533, 96388. Rules of
numbering, not a list of who has which: phonenumbers calls most of them invalid."""

_CARRIER = re.compile(r"(?:1790[89]|179[15][01]|1796[89]|12593|11808|10193|12583[0-9]?)(?=0|1[3-9])")
"""Prefixes that a network leaves before the caller's number: IP telephony, long distance, a second number on one card."""

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_BARE = re.compile(r"[0-9]{3,20}")
_INSIDE = re.compile(r"(?P<base>\+?[0-9]+)(?:;ext=(?P<extension>[0-9]+))?")
_WHOLLY_ZERO = re.compile(r"\+?0*")


@dataclass(frozen=True, slots=True)
class Numbering:
    """How numbers are read in this centre. ``area_code`` as dialled (``0755``): where a number of seven or eight digits is."""

    area_code: str = ""

    def read(self, sent: str) -> str:
        """``＋86 138-0013-8000`` and ``17951013800138000`` are ``+8613800138000``; ``anonymous``, a hundred digits are ``''``."""
        if _PLAIN_MOBILE.fullmatch(sent):
            return f"+86{sent}"  # most of a file of a million
        if len(sent) > LIMIT:
            return ""
        plain = _plain(sent)
        found = {number for number in (self._whole(plain), self._with_extension(plain)) if number}
        return found.pop() if len(found) == 1 else ""

    def beginnings(self, typed: str) -> tuple[str, ...]:
        """What a number may begin with of which so much has been typed: for searches, where one too many is no harm."""
        plain = _TRUNK_ZERO.sub("", _plain(typed))
        digits = _ORNAMENT.sub("", plain)
        if len(plain) > LIMIT or len(digits) < 3 or not _GROUPS.fullmatch(plain):
            return ()
        return tuple(dict.fromkeys(filter(None, (self.read(typed), *self._begun(digits)))))

    def _whole(self, plain: str) -> str:
        """Digits alone, or a number of a known plan in groups of two digits or more."""
        text = _TRUNK_ZERO.sub("", plain)
        if not _GROUPS.fullmatch(text):
            return ""
        first, *others = _ORNAMENT.split(text)
        together = first + "".join(others)
        known = self._known(together)
        if known or others:
            return known if all(len(group) > 1 for group in others) else ""
        kept = _E164 if together.startswith("+") else _BARE
        return together if kept.fullmatch(together) and not _WHOLLY_ZERO.fullmatch(together) else ""

    def _with_extension(self, plain: str) -> str:
        """A last part after a hyphen is an extension only where all digits together are no number: 0571-8888888-8 may be both."""
        named = _EXTENSION.fullmatch(plain)
        tail = None if named or self._known(_ORNAMENT.sub("", plain)) else _TAIL.fullmatch(plain)
        found = named or tail
        base = self._whole(found["base"].strip()) if found else ""
        understood = self._known(base) and len(base) >= 7
        return f"{base};ext={found['extension']}" if found and understood else ""

    def _known(self, number: str) -> str:
        """The number if it fits a plan; '' if not."""
        if number.startswith("+"):
            return _international(number[1:])
        if number.startswith("00") and number[2:3] not in {"", "0"}:
            return _international(number[2:])
        if _LOCAL.fullmatch(number):
            return (self.area_code and _mainland(self.area_code[1:] + number)) or number
        carrier = _CARRIER.match(number)
        return _domestic(number) or (carrier and _domestic(number[carrier.end() :])) or ""

    def _begun(self, digits: str) -> Iterator[str]:
        if digits.startswith("+"):
            yield digits
            return
        yield digits
        if digits.startswith("00"):
            yield f"+{digits[2:]}"
        yield "+86" + digits.removeprefix("0")
        if digits.startswith("86"):
            yield f"+{digits}"
        if self.area_code and re.match("[2-8]", digits):
            yield f"+86{self.area_code[1:]}{digits}"
        if carrier := _CARRIER.match(digits):
            yield from self._begun(digits[carrier.end() :])


ANYWHERE = Numbering()
"""Where no area is known."""


def written(number: str) -> str:
    """The inside form as people of the centre write it, in one piece: ``13800138000``, ``075588886901``, ``+85223456789``.

    ``Numbering.read`` makes the same number of it.
    """
    inside = _INSIDE.fullmatch(number)
    if inside is None:
        return number
    national = inside["base"].removeprefix("+86") if inside["base"].startswith("+86") else ""
    plain = national if _MOBILE.fullmatch(national) else f"0{national}" if _FIXED.fullmatch(national) else inside["base"]
    return f"{plain} ext {inside['extension']}" if inside["extension"] else plain


def is_number(text: str) -> bool:
    """Whether it can be read at all; that does not depend on where the centre is."""
    return bool(ANYWHERE.read(text))


def is_listed(number: str) -> bool:
    """Whether an inside form is of a plan we know, or short enough for a line inside a house: what a list of numbers may hold."""
    if number.startswith("+"):
        return True
    base = number.partition(";")[0]
    return len(base) <= 6 or bool(_SHORT.fullmatch(base) or _LOCAL.fullmatch(base))


def completed(digits: str) -> str:
    """Digits whose plus, or ``+86``, an older version dropped: with it, if there is one way to put it back, else as they are."""
    if len(digits) < 10 or _SHORT.fullmatch(digits) or _domestic(digits) or digits.startswith("0"):
        return digits
    possible = [whole for whole in (f"+86{digits}", f"+{digits}") if _is_given_out(whole)]
    return possible[0] if len(possible) == 1 else digits


def _is_given_out(number: str) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(number, None))
    except phonenumbers.NumberParseException:
        return False


def _plain(sent: str) -> str:
    """Compatible characters made one, digits of every script ASCII, marks that nobody sees gone."""
    if sent.isascii():
        return sent.strip().lstrip("(")
    seen = (character for character in unicodedata.normalize("NFKC", sent) if unicodedata.category(character) != "Cf")
    return "".join(map(_ascii_digit, seen)).strip().lstrip("(")


def _ascii_digit(character: str) -> str:
    return str(unicodedata.digit(character)) if unicodedata.category(character) == "Nd" else character


def _domestic(number: str) -> str:
    """As dialled or shown inside China."""
    if _SHORT.fullmatch(number):
        return number
    if _MOBILE.fullmatch(number):
        return f"+86{number}"
    if number.startswith("0"):
        return _mainland(number[1:])
    return _after_86(number[2:]) if number.startswith("86") else ""


def _after_86(national: str) -> str:
    """China's code was there; a trunk's zero behind it is often written too."""
    return national if _TOLL_FREE.fullmatch(national) else _mainland(national.removeprefix("0"))


def _mainland(national: str) -> str:
    """A whole number of China without the zero of its trunk."""
    return f"+86{national}" if (_MOBILE.fullmatch(national) or _FIXED.fullmatch(national)) else ""


def _international(digits: str) -> str:
    """With its country code. Of China's short codes the bare form: they are the same line."""
    if digits.startswith("86"):
        return digits[2:] if _SHORT.fullmatch(digits[2:]) else _after_86(digits[2:])
    try:
        parsed = phonenumbers.parse(f"+{digits}", None)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(parsed):
        return ""
    number: str = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return number if _E164.fullmatch(number) else ""
