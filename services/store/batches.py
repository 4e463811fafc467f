"""Cuts what is asked of the database into parts: rows that come in one go are made in one go, and nobody else gets their turn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

TAKEN = 250  # rows

Thing = TypeVar("Thing")


def parts_of(things: Sequence[Thing]) -> Iterator[Sequence[Thing]]:
    """TAKEN of them at a time, in their order."""
    return (things[at : at + TAKEN] for at in range(0, len(things), TAKEN))
