"""Defines how a person has a list: its columns, and views that they gave a name. What a column or a filter is, the desk knows."""

from __future__ import annotations

from dataclasses import dataclass

MOST_VIEWS = 40  # of one list: more than anybody finds their way in


@dataclass(frozen=True, slots=True)
class View:
    """A list under a name: ``query`` is the part of its address that holds filter and order."""

    id: int
    list: str
    name: str
    query: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column in its place; a column that is not there at all is a new one, and is shown."""

    key: str
    shown: bool


@dataclass(frozen=True, slots=True)
class Own:
    """All that one person has chosen: columns by list, views by name."""

    columns: dict[str, list[Column]]
    views: list[View]
