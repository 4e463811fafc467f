"""Defines the menu as data: a tree of questions whose leaves are ways out of the IVR (SPEC C1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

NOBODY_CHOSE = "none"
"""The path of a caller who pressed nothing, or nothing that means anything: the queue takes the call all the same."""


@dataclass(frozen=True, slots=True)
class Exit:
    """Out to the queue; ``prompt`` is said on the way."""

    prompt: str


@dataclass(frozen=True, slots=True)
class Menu:
    """One question. A caller who presses nothing within ``wait`` seconds after its last word counts as silent. After ``tries``
    wrong keys and silences together the caller goes ``otherwise``.
    """

    prompt: str
    choices: Mapping[str, Exit | Menu] = field(hash=False)
    wait: float = 4.0
    tries: int = 3
    wrong: str = "wrong-key"
    silent: str = "no-key"
    otherwise: Exit = Exit("to-person")


RECEPTION = Menu(
    prompt="menu",
    choices={
        "1": Exit("to-complaint"),
        "2": Exit("to-suggestion"),
        "0": Exit("to-person"),
    },
)
