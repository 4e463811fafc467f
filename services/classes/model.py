"""Defines the centre's classes and the words that point to them (SPEC S2, S3), and matches the words in a text. A centre edits
both.

Terms may be written in either script; matching is done on simplified characters, so that 投訴 and 投诉 are one word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from opencc import OpenCC

from services.errors import Invalid, WrongField

LISTS = ("kind", "business", "nature", "suggestion")
AUTHORITY = ("user_service", "charges", "network_quality")
"""How the authority counts complaints (SPEC O5)."""
KINDS = ("complaint", "suggestion", "enquiry")
"""The three kinds of ticket are fixed (SPEC, "Terms"): the workflow names them. Their Chinese and English words are not."""


@dataclass(frozen=True, slots=True)
class Category:
    """One class of one of the four lists. ``authority``: of a nature, in which class the authority counts it."""

    list: str
    code: str
    zh: str
    en: str
    position: int
    active: bool
    authority: str | None = None


@dataclass(frozen=True, slots=True)
class Term:
    """Words that point to a class. ``weight`` 1: alone they settle it."""

    list: str
    code: str
    term: str
    weight: float


@dataclass(frozen=True)
class Lexicon:
    """All classes and terms at one moment."""

    categories: Sequence[Category]
    terms: Sequence[Term]

    @cached_property
    def by_list(self) -> Mapping[str, Matcher]:
        """For each list a matcher over the terms of its active classes."""
        active = {(category.list, category.code) for category in self.categories if category.active}
        usable = [term for term in self.terms if (term.list, term.code) in active]
        return {name: Matcher([term for term in usable if term.list == name]) for name in LISTS}


@dataclass(frozen=True, slots=True)
class Hit:
    """A term found at characters ``start`` up to ``end``."""

    code: str
    term: str
    weight: float
    start: int
    end: int


class Matcher:
    """Finds terms from left to right, the longest first: 电话卡 is not also 电话, 乱收费 not also 收费."""

    def __init__(self, terms: Sequence[Term]) -> None:
        self._by_length: dict[int, dict[str, list[Term]]] = {}
        for term in terms:
            plain = simplified(term.term)
            self._by_length.setdefault(len(plain), {}).setdefault(plain, []).append(term)
        self._lengths = sorted(self._by_length, reverse=True)

    def find(self, text: str) -> list[Hit]:
        """Hits in simplified ``text``; a term of several classes gives a hit for each."""
        hits: list[Hit] = []
        at = 0
        while at < len(text):
            terms = self._longest(text, at)
            length = len(terms[0].term) if terms else 1
            hits += [Hit(term.code, term.term, term.weight, at, at + length) for term in terms]
            at += length
        return hits

    def _longest(self, text: str, at: int) -> Sequence[Term]:
        for length in self._lengths:
            if terms := self._by_length[length].get(text[at : at + length]):
                return terms
        return ()


@cache
def _converter() -> OpenCC:
    return OpenCC("t2s")


def simplified(text: str) -> str:
    """Simplified characters, lower case, one character for each of ``text``: places stay comparable."""
    plain = _converter().convert(text).lower()
    return plain if len(plain) == len(text) else "".join(_one(character) for character in text)


def _one(character: str) -> str:
    plain: str = _converter().convert(character).lower()
    return plain if len(plain) == 1 else character


def check(lexicon: Lexicon) -> None:
    """Raises Invalid: a term without its class, a class twice, a kind that is not one of the three, or one of them missing; the
    authority's class for what is no nature.
    """
    keys = [(category.list, category.code) for category in lexicon.categories]
    terms = [(term.list, term.code, term.term) for term in lexicon.terms]
    first = {key: i for i, key in reversed(list(enumerate(keys)))}
    wrong = [
        WrongField(f"categories.{i}", "repeated", "each class once", key[1]) for i, key in enumerate(keys) if first[key] != i
    ]
    wrong += [
        WrongField(f"categories.{i}.authority", "not_a_nature", "null, but for a nature", one.authority)
        for i, one in enumerate(lexicon.categories)
        if one.authority and one.list != "nature"
    ]
    known, seen = set(keys), set()
    for i, term in enumerate(terms):
        if term[:2] not in known:
            wrong.append(WrongField(f"terms.{i}.code", "unknown_class", "a class of this lexicon", term[1]))
        if term in seen:
            wrong.append(WrongField(f"terms.{i}.term", "repeated", "each term once in a class", term[2]))
        seen.add(term)
    kinds = {code for name, code in keys if name == "kind"}
    if kinds != set(KINDS):
        wrong.append(WrongField("categories", "kinds_fixed", ", ".join(KINDS), ", ".join(sorted(kinds))[:80]))
    if wrong:
        raise Invalid(tuple(wrong[:50]))
