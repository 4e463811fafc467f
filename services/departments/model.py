"""Defines the service departments and the dispatch catalogue, which says what goes to which of them (SPEC O8). Pure.

Both are one edition that a centre edits as a whole. No department ever goes, as orders name it: one that is no longer asked is
not active.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from services.errors import Invalid, WrongField

MOST_HOURS = 2160  # 90 days


@dataclass(frozen=True, slots=True, kw_only=True)
class Department:
    """A service department (服务部门). ``hours``: what it has for an order, unless catalogue or dispatch say otherwise.

    ``email``: where it is told of its orders, each with a link; '' for nowhere.
    """

    code: str
    zh: str
    en: str
    hours: int
    position: int = 0
    active: bool = True
    email: str = ""

    @property
    def reached_at(self) -> str:
        """Where it is mailed to as it stands; '' for nowhere."""
        return self.email if self.active else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Cases of this kind, business and nature (None: of any) go to the department; ``hours`` None: the department's own."""

    department: str
    kind: str | None = None
    business: str | None = None
    nature: str | None = None
    hours: int | None = None


@dataclass(frozen=True, slots=True)
class Edition:
    """All of it at one moment."""

    departments: Sequence[Department]
    rules: Sequence[Rule]

    def as_json(self) -> dict[str, Any]:
        """As kept with each edition."""
        return {"departments": [asdict(one) for one in self.departments], "rules": [asdict(one) for one in self.rules]}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Edition:
        return cls([Department(**one) for one in kept["departments"]], [Rule(**one) for one in kept["rules"]])


@dataclass(frozen=True, slots=True)
class Proposal:
    """The department that the catalogue names for a case, the time it has, and the rule that says so."""

    department: str
    hours: int
    rule: Rule


def propose(edition: Edition, *, kind: str | None, business: str | None, nature: str | None) -> Proposal | None:
    """What the catalogue says of such a case: the rule that names most of its classes; the nature says more than the business,
    and that more than the kind. None: no rule fits, or the department of the one that does is not active.
    """
    case = {"kind": kind, "business": business, "nature": nature}
    fitting = [rule for rule in edition.rules if all(getattr(rule, name) in (None, case[name]) for name in case)]
    active = {one.code: one for one in edition.departments if one.active}
    best = max((rule for rule in fitting if rule.department in active), key=_says, default=None)
    return None if best is None else Proposal(best.department, best.hours or active[best.department].hours, best)


def _says(rule: Rule) -> tuple[int, Sequence[bool]]:
    named = [rule.nature is not None, rule.business is not None, rule.kind is not None]
    return sum(named), named


def check(edition: Edition, before: Edition) -> None:
    """Raises Invalid, with everything that is wrong: a department twice or gone, a rule twice or without its department."""
    wrong = tuple(_wrong(edition, before))[:50]
    if wrong:
        raise Invalid(wrong)


def _wrong(edition: Edition, before: Edition) -> Iterator[WrongField]:
    codes: set[str] = set()
    for at, department in enumerate(edition.departments):
        if department.code in codes:
            yield WrongField(f"departments.{at}.code", "repeated", "each department once", department.code)
        codes.add(department.code)
    for gone in sorted({one.code for one in before.departments} - codes):
        yield WrongField("departments", "department_gone", "every department there was; make it inactive instead", gone)
    seen: set[tuple[str | None, ...]] = set()
    for at, rule in enumerate(edition.rules):
        if rule.department not in codes:
            yield WrongField(f"rules.{at}.department", "unknown_department", "a department of this list", rule.department)
        classes = (rule.kind, rule.business, rule.nature)
        if classes in seen:
            yield WrongField(f"rules.{at}", "repeated", "each set of classes once", ", ".join(name or "*" for name in classes))
        seen.add(classes)
