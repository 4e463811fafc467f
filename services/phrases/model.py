"""Defines the centre's phrases: the reasons that people choose from, and the blocks of text that they put into what they write.

Both are one edition that a centre edits as a whole. No phrase ever goes, as cases name the reasons: one that is no longer used is
not active.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from services.errors import Invalid, WrongField

REASONS = ("unconfirmed",)
"""Lists of reasons: why a case is closed without the customer's confirmation (SPEC N9)."""

BLOCKS = ("answer", "task")
"""Lists of text blocks, by what they are put into: an answer to a customer, the task of a work order."""

LISTS = (*REASONS, *BLOCKS)

TAKEN = ("unconfirmed", "confirmed")
"""What a closed case says where there is no such reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """A reason, or a block of text. ``zh`` and ``en`` are what it is called, ``text`` is what a block puts in."""

    list: str
    code: str
    zh: str
    en: str
    text: str = ""
    position: int = 0
    active: bool = True

    @property
    def key(self) -> tuple[str, str]:
        return self.list, self.code


@dataclass(frozen=True, slots=True)
class Edition:
    """All phrases at one moment."""

    phrases: Sequence[Phrase]

    def as_json(self) -> dict[str, Any]:
        """As kept with each edition."""
        return {"phrases": [asdict(one) for one in self.phrases]}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Edition:
        return cls([Phrase(**one) for one in kept["phrases"]])


def back_to(old: Edition, before: Edition) -> Edition:
    """As it was in ``old``; phrases that came later stay, not active."""
    there = {one.key for one in old.phrases}
    later = [Phrase(**{**asdict(one), "active": False}) for one in before.phrases if one.key not in there]
    return Edition([*old.phrases, *later])


def check(edition: Edition, before: Edition) -> None:
    """Raises Invalid, with everything that is wrong: a phrase twice or gone, a block without its text."""
    wrong = tuple(_wrong(edition, before))[:50]
    if wrong:
        raise Invalid(wrong)


def _wrong(edition: Edition, before: Edition) -> Iterator[WrongField]:
    seen: set[tuple[str, str]] = set()
    for at, one in enumerate(edition.phrases):
        if one.key in seen:
            yield WrongField(f"phrases.{at}.code", "repeated", "each code once in a list", one.code)
        if one.key == TAKEN:
            yield WrongField(f"phrases.{at}.code", "reserved", "a code of another meaning than the confirmation", one.code)
        if one.list in BLOCKS and not one.text.strip():
            yield WrongField(f"phrases.{at}.text", "required", "what it puts in")
        seen.add(one.key)
    for name, code in sorted({one.key for one in before.phrases} - seen):
        yield WrongField("phrases", "phrase_gone", "every phrase there was; make it inactive instead", f"{name}: {code}")
