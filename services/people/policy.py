"""Decides what a person who keeps accounts can do with one of them."""

from __future__ import annotations

from typing import Literal

from services.access.actor import LoggedIn
from services.access.rights import Right

Step = Literal["change", "reset"]


def may_reset(by: int | None, person: int) -> bool:
    """Not one's own password: that is changed with the present one, or whoever only found the desk could."""
    return by != person


def possible(who: LoggedIn, person: int) -> list[Step]:
    """With the account of this person."""
    if not who.may(Right.PEOPLE):
        return []
    return ["change", "reset"] if may_reset(who.id, person) else ["change"]
