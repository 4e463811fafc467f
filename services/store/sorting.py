"""Puts a list's pages in the order that is asked for. Each page begins behind the last row of the one before it (its key and its
id), so it is found by an index, and no row is shown twice or left out because others came or went.

A room says what its list can be sorted by; the statement stands once in its ``.sql`` file, with these parts: ``{key}`` is what
rows are put in order by (never null), ``{kind}`` its type, ``{way}`` the direction, ``{back}`` the other one, ``{beyond}`` how a
later row compares.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from services.store.queries import Queries, load_queries

Value = datetime | int | str
"""What a row is put in order by."""


class KeyKind(StrEnum):
    """The type of a key in PostgreSQL."""

    MOMENT = "timestamptz"
    TEXT = "text"
    WHOLE = "bigint"


@dataclass(frozen=True, slots=True)
class Key:
    """What a list can be sorted by: its SQL, which an index has and which is never null. It is the program's own text."""

    sql: str
    kind: KeyKind


@dataclass(frozen=True)
class Sorts:
    """The orders of one list by name. ``-received`` is by the key ``received``, the highest first."""

    path: Path
    keys: Mapping[str, Key]

    def key(self, sort: str) -> Key:
        return self.keys[sort.removeprefix("-")]

    def __getitem__(self, sort: str) -> Queries:
        """The file's queries in this order."""
        return self.all[sort]

    @cached_property
    def all(self) -> dict[str, Queries]:
        return {sort: self._load(sort) for name in self.keys for sort in (name, f"-{name}")}

    def _load(self, sort: str) -> Queries:
        key = self.key(sort)
        way, back, beyond = ("desc", "asc", "<") if sort.startswith("-") else ("asc", "desc", ">")
        return load_queries(self.path, {"key": key.sql, "kind": key.kind.value, "way": way, "back": back, "beyond": beyond})
