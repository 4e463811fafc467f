"""Decides what stands in the place of personal data for who need not read it in clear. Pure.

A telephone number becomes ``138****8000``, a name ``张**``, an address its beginning. Fields that hold nothing else say so by
their shapes (``web.shapes``); in texts that people wrote or a caller spoke, whatever reads as a telephone number is masked too.
A name within a text cannot be told from other words, and stays.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from services.access import policy
from services.access.actor import LoggedIn
from services.access.policy import Act, Whose


class Personal(StrEnum):
    """What a field holds of a person."""

    NUMBER = "number"
    NAME = "name"
    ADDRESS = "address"


CLEAR: frozenset[Personal] = frozenset()
ALL = frozenset(Personal)

FIELDS: Mapping[str, Personal] = {
    "customer_number": Personal.NUMBER,
    "contact_number": Personal.NUMBER,
    "customer_name": Personal.NAME,
    "address": Personal.ADDRESS,
}
"""Fields of a form that hold personal data, as histories name them."""

BEGINNING = 6
"""Characters of an address that stay: the town and the district."""

_GAP = r"[ \-‐-―]?"
_AREA = r"(?:10|2[0-9]|[3-9][0-9]{2})"
_TELEPHONES = (
    rf"(?:(?:\+|00)?86{_GAP})?1[3-9][0-9](?:{_GAP}[0-9]){{8}}",
    rf"(?:(?:\+|00)?86{_GAP}0?|[(（]?0){_AREA}[)）]?{_GAP}[2-8][0-9]{{2,3}}{_GAP}[0-9]{{4}}",
    rf"[48]00(?:{_GAP}[0-9]){{7}}",
    rf"\+[1-9](?:{_GAP}[0-9]){{6,14}}",
    r"(?!20[0-9]{6})[2-8][0-9]{6,7}(?!\.[0-9])",
)
_ANYWHERE = (
    rf"(?<![0-9A-Za-z_~])0{_AREA}{_GAP}[2-8][0-9]{{2,3}}{_GAP}[0-9]{{4}}",
    r"(?<![0-9~])1[3-9][0-9]{9}",
)
_NUMBER = re.compile(rf"(?:(?<![0-9A-Za-z_~./])(?<![0-9A-Za-z][:-])(?:{'|'.join(_TELEPHONES)})|{'|'.join(_ANYWHERE)})(?![0-9])")
"""Mobile and fixed numbers of China, 400 and 800, local ones, any with a plus. Ids, times and cursors are none: what stands
before their digits is part of them. A mobile one, and one with its area, is known whatever stands before it."""

_NARROW = str.maketrans("０１２３４５６７８９＋－　", "0123456789+- ")
"""Wide digits, as an input method writes them, one for one."""

_RUN = re.compile(r"[0-9０-９+＋(（][0-9０-９ 　\-－‐-―)）]{5,}[0-9０-９]")
"""What a number needs at least; found much faster than a number is, and most texts have none."""

_ONE = "zero|oh|one|two|three|four|five|six|seven|eight|nine|double|triple"
_HEARD = re.compile(r"[零〇一二三四五六七八九幺两](?:[ ，、]?[零〇一二三四五六七八九幺两]){6,}")
_HEARD_IN_ENGLISH = re.compile(rf"(?:{_ONE})(?:[ ,-]+(?:{_ONE})){{6,}}")
"""A number as it is spoken: seven digits and more in a row."""

_ONES = _ONE.split("|")
_DIGITS_SPOKEN = frozenset("零〇一二三四五六七八九幺两")
_LETTERS = re.compile(r"[a-z]+")

_DIGIT_WORD = re.compile(rf"[0-9零〇一二三四五六七八九幺两]+|{_ONE}", re.IGNORECASE)
_QUOTED = re.compile(r'"id":"[0-9]+"|"(?:[^"\\]|\\.)*"')


def hidden_from(who: LoggedIn | None) -> frozenset[Personal]:
    """What of a customer this person is not shown in clear. For a department, which goes and sees them, it is the number."""
    if who is None or policy.may(who, Act.PERSONAL_SEE, Whose.OTHERS):
        return CLEAR
    return frozenset({Personal.NUMBER}) if who.person.department is not None else ALL


def number(text: str) -> str:
    """A number as it is shown to who need not call it: ``138****8000``. Of a short one two digits are left."""
    digits = sum(one.isdigit() for one in text)
    shown = (3, 4) if digits >= 9 else (0, 2)
    place, out = 0, []
    for one in text:
        place += one.isdigit()
        hidden = one.isdigit() and shown[0] < place <= digits - shown[1]
        out.append("*" if hidden else one)
    return "".join(out)


def name(text: str) -> str:
    """``张**``: as many marks whatever the name is."""
    return f"{text.strip()[0]}**" if text.strip() else ""


def address(text: str) -> str:
    """Its beginning; of a short one less, so that something is always hidden."""
    return f"{text[: min(BEGINNING, len(text) // 2)]}***" if text else ""


def words(text: str) -> str:
    """A text in which every telephone number is masked, also one that was spoken digit by digit."""
    for start, end in _numbers(text):
        text = text[:start] + number(text[start:end]) + text[end:]
    text = _HEARD.sub(lambda found: "*" * len(found[0]), text)
    lowered = text.lower()
    if len(lowered) != len(text):  # a letter whose small form is two: places would not agree
        return _HEARD_IN_ENGLISH.sub(lambda found: "*" * len(found[0]), lowered)
    for found in _HEARD_IN_ENGLISH.finditer(lowered):
        text = text[: found.start()] + "*" * len(found[0]) + text[found.end() :]
    return text


def spoken(text: str) -> str:
    """One word of an utterance in which a number was masked: a digit is hidden, any other word stays."""
    return "*" * len(text) if _DIGIT_WORD.fullmatch(text) else text


MASKS: Mapping[Personal, Callable[[str], str]] = {
    Personal.NUMBER: number,
    Personal.NAME: lambda text: words(name(text)),
    Personal.ADDRESS: lambda text: words(address(text)),
}


def value(kind: Personal, text: str, hidden: frozenset[Personal]) -> str:
    """A field's value as it is shown to whom that is hidden from."""
    return MASKS[kind](text) if kind in hidden else text


def field(named: str, text: Any, hidden: frozenset[Personal]) -> Any:
    """Likewise by the field's name; a field that holds no personal data as such may be a text that does."""
    if not hidden or not isinstance(text, str):
        return text
    kind = FIELDS.get(named)
    return MASKS[kind](text) if kind in hidden and kind is not None else words(text)


def cell(holds: str, text: str, *, hidden: frozenset[Personal]) -> str:
    """A cell of a list that is taken away; ``holds``: a kind of personal data, or '' for what may be a text."""
    return value(Personal(holds), text, hidden) if holds else words(text)


def everywhere(answer: str) -> str:
    """An answer in JSON in which every telephone number within a text is masked. What is no text stays: ids, counts.

    What stays is copied in as few pieces as can be: to put half a million of them together, and to let them go, is done at once
    and keeps everybody waiting.
    """
    parts, at = [], 0
    for found in _QUOTED.finditer(answer):
        if (shown := _quoted(found[0])) != found[0]:
            parts += [answer[at : found.start()], shown]
            at = found.end()
    return "".join([*parts, answer[at:]])


def guesses(sought: str) -> bool:
    """Whether what somebody searches for may be a piece of a number that is masked: it has a digit in it, in whatever way one is
    written or spoken, or begins or ends within the word of one. Texts are not to be searched for it.
    """
    if any(one.isdigit() for one in sought) or _DIGITS_SPOKEN.intersection(sought):
        return True
    lowered = sought.strip().lower()
    tokens = _LETTERS.findall(lowered)
    if not tokens:
        return False
    begins = tokens[0] if lowered.startswith(tokens[0]) else ""
    ends = tokens[-1] if lowered.endswith(tokens[-1]) else ""
    return (
        any(one in _ONES for one in tokens)
        or (begins == ends and any(begins in one for one in _ONES if begins))
        or any(one.endswith(begins) for one in _ONES if begins)
        or any(one.startswith(ends) for one in _ONES if ends)
    )


def found(text: str) -> list[str]:
    """The telephone numbers that are written or spoken in a text, as they stand there."""
    return [text[start:end] for start, end in _numbers(text)] + _HEARD.findall(text)


def _numbers(text: str) -> list[tuple[int, int]]:
    """Where the numbers begin and end."""
    return [one.span() for one in _NUMBER.finditer(text.translate(_NARROW))] if _RUN.search(text) else []


def _quoted(written: str) -> str:
    if written.startswith('"id":'):
        return written
    text = json.loads(written) if "\\" in written else written[1:-1]
    shown = words(text)
    return written if shown == text else json.dumps(shown, ensure_ascii=False)
