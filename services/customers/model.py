"""Defines a customer: who calls from a number, and how they are served (SPEC A7, C2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from services.store.sorting import Value

Tier = Literal["normal", "big", "important", "dedicated_line"]

TIER_NAMES: dict[str, Tier] = {
    "normal": "normal",
    "普通客户": "normal",
    "普通": "normal",
    "big": "big",
    "大客户": "big",
    "important": "important",
    "重要客户": "important",
    "dedicated_line": "dedicated_line",
    "dedicated-line": "dedicated_line",
    "专线客户": "dedicated_line",
}
"""As written in imported files, in lower case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerFields:
    """What is known of a customer. ``number`` as read by ``numbers`` (or as typed, on the way to there)."""

    number: str
    name: str
    tier: Tier = "normal"
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer(CustomerFields):
    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """The customers that a page shows: those that ``search`` finds ('': all), behind ``after`` in the order ``sort``."""

    search: str = ""
    sort: str = "added"
    after: tuple[Value, int] | None = None
    limit: int = 50
