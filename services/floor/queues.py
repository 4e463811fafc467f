"""Defines what the floor knows of a queue: its name, what people call it, its limits, and the wrap-up after a call from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from services.floor.figures import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """``name`` at the switch and in every row; ``zh`` and ``en`` what the desk shows, its name where they are empty.

    ``wrap_up`` zero: none.
    """

    name: str
    zh: str = ""
    en: str = ""
    limits: Limits = field(default_factory=Limits)
    wrap_up: timedelta = timedelta(seconds=20)


def answered_by(wanted: Iterable[str] | None, names: Iterable[str]) -> tuple[str, ...]:
    """Those of the queues (``names``) that a person answers who has chosen ``wanted``; None: every one.

    Whoever has chosen none that there still is answers all of them: no caller waits for somebody who is ready on the screen.
    """
    every = tuple(names)
    chosen = set(every if wanted is None else wanted)
    return tuple(name for name in every if name in chosen) or every
