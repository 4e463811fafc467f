"""Decides how likely a case is a repeat (重复投诉, SPEC A4) of an earlier one, and says why. Pure.

Nobody is told that a case is a repeat: a person confirms or dismisses what is found here. What counts is who it is about (half),
how alike the words are, and whether both are of one class; all of it fades over the months.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.classes.model import simplified

REACH = timedelta(days=90)
"""How far back is looked."""

LIKELY = 0.55
"""From this score on a case is shown as a likely repeat: the same number alone is not enough, not even on the same day."""

NUMBER, WORDS, CLASS = 0.5, 0.35, 0.15
"""What each sign is worth; together they are 1."""

FADES = 0.4
"""How much of its score a case loses over REACH."""

GRAM = 3
LONGEST = 1_000
"""Characters of a text that are compared; what a case is about stands at its beginning."""


class Sign(StrEnum):
    """What speaks for a repeat."""

    SAME_NUMBER = "same_number"  # the number that it is about
    SAME_CALLER = "same_caller"  # called, or can be reached, at the other's number
    SAME_CLASS = "same_class"
    ALIKE = "alike"  # how alike the words are, 0 to 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is compared of a case. ``numbers``: who called, and where the customer can be reached."""

    id: int
    received_at: datetime
    customer_number: str
    numbers: frozenset[str]
    business: str | None
    nature: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Likeness:
    """How likely one case repeats the other (0 to 1), the signs that say so with their strength, and the days between them."""

    of: int
    score: float
    signs: Sequence[tuple[Sign, float]]
    days: int

    @property
    def likely(self) -> bool:
        return self.score >= LIKELY


def likeness(case: Case, earlier: Case) -> Likeness:
    """How likely ``case`` repeats ``earlier``."""
    alike, days = round(dice(grams(case.text), grams(earlier.text)), 2), max(0, (case.received_at - earlier.received_at).days)
    who, same_class = _who(case, earlier), _same_class(case, earlier)
    worth = NUMBER * bool(who) + CLASS * same_class + WORDS * alike
    fade = 1 - FADES * min(days / REACH.days, 1)
    signs = [(sign, 1.0) for sign in (who, Sign.SAME_CLASS if same_class else None) if sign]
    return Likeness(earlier.id, round(worth * fade, 2), [*signs, (Sign.ALIKE, alike)], days)


def likely(case: Case, earlier: Iterable[Case]) -> list[Likeness]:
    """Those that it is likely to repeat, the likeliest first."""
    found = [likeness(case, one) for one in earlier if one.id != case.id]
    return sorted((one for one in found if one.likely), key=lambda one: (-one.score, one.days, one.of))


def _who(case: Case, earlier: Case) -> Sign | None:
    if case.customer_number and case.customer_number == earlier.customer_number:
        return Sign.SAME_NUMBER
    theirs = {earlier.customer_number, *earlier.numbers} - {""}
    return Sign.SAME_CALLER if theirs & {case.customer_number, *case.numbers} else None


def _same_class(case: Case, earlier: Case) -> bool:
    return bool(case.business and case.nature) and (case.business, case.nature) == (earlier.business, earlier.nature)


def grams(text: str) -> Counter[str]:
    """The runs of three letters of a text, whatever its script, case, spaces and signs; one that is shorter is one run."""
    plain = unicodedata.normalize("NFKC", text[:LONGEST])
    letters = "".join(character for character in simplified(plain) if character.isalnum())
    return Counter(letters[at : at + GRAM] for at in range(max(1, len(letters) - GRAM + 1))) if letters else Counter()


def dice(one: Counter[str], other: Counter[str]) -> float:
    """The share of what two texts have in common, 0 to 1 (Sørensen and Dice); nothing is like nothing."""
    total = one.total() + other.total()
    return 2 * (one & other).total() / total if total else 0.0
