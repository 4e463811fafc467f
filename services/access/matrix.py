"""Draws the tables that decide as one: every right and every act, and of whose things each role may do it. Pure.

What a right opens without regard to whose a thing is stands for itself; what depends on that stands as its acts. Nothing is
written down here, so that the page says what the program does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.access.policy import ANYBODYS, POLICY, Act, Whose
from services.access.rights import RIGHTS, Right, Role


@dataclass(frozen=True, slots=True)
class Line:
    """``what``: a right or an act. A role that may not do it at all is not in ``reach``."""

    what: str
    reach: Mapping[Role, frozenset[Whose]]


def lines() -> list[Line]:
    """The rights first, in their order, then the acts."""
    return [*map(_of_right, Right), *map(_of_act, Act)]


def _of_right(right: Right) -> Line:
    return Line(right, {role: ANYBODYS for role in Role if right in RIGHTS[role]})


def _of_act(act: Act) -> Line:
    return Line(act, dict(_reached(act)))


def _reached(act: Act) -> Iterable[tuple[Role, frozenset[Whose]]]:
    for role in Role:
        reach = frozenset[Whose]().union(*(whose for right, whose in POLICY[act].items() if right in RIGHTS[role]))
        if reach:
            yield role, reach
