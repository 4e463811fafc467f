"""SQL lives in ``.sql`` files beside its store: ``-- name: x``, a sentence that says what it answers, then the statement.

Every query of every room is prepared against the migrated schema in a test.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_NAME = re.compile(r"^-- name: ([a-z][a-z0-9_]*)[ \t]*$", re.MULTILINE)


class BadQueryFile(ValueError):
    """A .sql file that is not made of named, explained queries."""


@dataclass(frozen=True, slots=True)
class Query:
    """One statement; ``str(query)`` is what asyncpg gets."""

    name: str
    sentence: str
    sql: str


class Queries(Mapping[str, str]):
    """The queries of one file: ``queries["by_login"]`` or ``queries.by_login`` is the SQL text."""

    def __init__(self, path: Path, found: dict[str, Query]) -> None:
        self.path = path
        self.found = found

    def __getitem__(self, name: str) -> str:
        return self.found[name].sql

    def __getattr__(self, name: str) -> str:
        try:
            return self.found[name].sql
        except KeyError:
            raise AttributeError(f"{self.path.name} has no query {name!r}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.found)


def load_queries(path: Path) -> Queries:
    """Read one file; a query without a sentence, a second one of the same name or stray SQL before the first is refused."""
    text = path.read_text(encoding="utf-8")
    marks = list(_NAME.finditer(text))
    if _statement(text[: marks[0].start()] if marks else text):
        raise BadQueryFile(f"{path}: SQL before the first '-- name:'")
    found: dict[str, Query] = {}
    for mark, after in zip(marks, [*marks[1:], None], strict=True):
        query = _read(path, mark[1], text[mark.end() : after.start() if after else None])
        if query.name in found:
            raise BadQueryFile(f"{path}: {query.name} is there twice")
        found[query.name] = query
    return Queries(path, found)


def _read(path: Path, name: str, body: str) -> Query:
    comments = [line[2:].strip() for line in body.strip().splitlines() if line.startswith("--")]
    sql = _statement(body)
    if not comments or not sql:
        raise BadQueryFile(f"{path}: {name} needs a sentence and a statement")
    return Query(name, " ".join(comments), sql)


def _statement(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith("--")).strip().rstrip(";")
