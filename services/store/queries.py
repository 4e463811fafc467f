"""Loads named queries from the ``.sql`` file beside a store: ``-- name: x``, a sentence that says what it answers, then the
statement.

A statement names what it is given, ``:call`` or ``:since``, and is asked by those names: ``await QUERIES.legs.fetch(connection,
call=call)``. What several statements share, such as a list of columns, stands once as ``-- part: x`` and is put in as ``{x}``.

Every query of every room is prepared against the migrated schema in a test.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from services.store.db import Connection, Row

_MARK = re.compile(r"^-- (name|part): ([a-z][a-z0-9_]*)[ \t]*$", re.MULTILINE)
_PART = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_TOKEN = re.compile(r"--[^\n]*|'(?:[^']|'')*'|::|:([a-z][a-z0-9_]*)")
"""What may hold a colon that is no name's: comments, texts, casts."""


class BadQueryFile(ValueError):
    """A .sql file that is not made of named, explained queries."""


class WrongValues(TypeError):
    """A query was given other values than it names: a slip in the program."""


@dataclass(frozen=True)
class Query:
    """One statement. ``str(query)`` is what PostgreSQL gets; ``names`` are its values in the order of ``$1``, ``$2`` ….

    The methods are asyncpg's of the same name, on the connection that is handed over (within a transaction: always the same one).
    """

    name: str
    sentence: str
    written: str

    def __str__(self) -> str:
        return self._compiled[0]

    @property
    def names(self) -> tuple[str, ...]:
        return self._compiled[1]

    async def execute(self, connection: Connection, /, **values: object) -> str:
        return await connection.execute(str(self), *self._in_order(values))

    async def execute_each(self, connection: Connection, rows: Iterable[Mapping[str, object]], /) -> None:
        """Once for each row of values, all at once on the wire. Rows are asked for and put in order beside the loop."""
        await connection.executemany(str(self), await asyncio.to_thread(lambda: [self._in_order(row) for row in rows]))

    async def fetch(self, connection: Connection, /, **values: object) -> list[Row]:
        return await connection.fetch(str(self), *self._in_order(values))

    async def fetchrow(self, connection: Connection, /, **values: object) -> Row | None:
        return await connection.fetchrow(str(self), *self._in_order(values))

    async def fetchval(self, connection: Connection, /, **values: object) -> Any:
        """The first column of the first row; None without a row."""
        return await connection.fetchval(str(self), *self._in_order(values))

    @cached_property
    def _compiled(self) -> tuple[str, tuple[str, ...]]:
        names: dict[str, int] = {}

        def numbered(token: re.Match[str]) -> str:
            name = token[1]
            return token[0] if name is None else f"${names.setdefault(name, len(names) + 1)}"

        return _TOKEN.sub(numbered, self.written), tuple(names)

    def _in_order(self, values: Mapping[str, object]) -> list[object]:
        if values.keys() != set(self.names):
            lacking, unknown = set(self.names) - values.keys(), values.keys() - set(self.names)
            raise WrongValues(f"{self.name} lacks {sorted(lacking)} and knows no {sorted(unknown)}")
        return [values[name] for name in self.names]


class Queries(Mapping[str, Query]):
    """The queries of one file, ``queries["by_login"]`` or ``queries.by_login``."""

    def __init__(self, path: Path, found: dict[str, Query]) -> None:
        self.path = path
        self.found = found

    def __getitem__(self, name: str) -> Query:
        return self.found[name]

    def __getattr__(self, name: str) -> Query:
        try:
            return self.found[name]
        except KeyError:
            raise AttributeError(f"{self.path.name} has no query {name!r}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.found)


def load_queries(path: Path, given: Mapping[str, str] | None = None) -> Queries:
    """Read one file; refused: no sentence, a name twice, an unknown part, SQL before the first name.

    ``given``: parts that stand in no file, such as the table that a whole file is about. They are the program's own text.
    """
    text = path.read_text(encoding="utf-8")
    marks = list(_MARK.finditer(text))
    if _statement(text[: marks[0].start()] if marks else text):
        raise BadQueryFile(f"{path}: SQL before the first '-- name:'")
    found: dict[str, Query] = {}
    parts = dict(given or {})
    for mark, after in zip(marks, [*marks[1:], None], strict=True):
        query = _read(path, mark[2], text[mark.end() : after.start() if after else None], parts)
        if query.name in found or query.name in parts:
            raise BadQueryFile(f"{path}: {query.name} is there twice")
        if mark[1] == "part":
            parts[query.name] = query.written
        else:
            found[query.name] = query
    return Queries(path, found)


def _read(path: Path, name: str, body: str, parts: Mapping[str, str]) -> Query:
    comments = [line[2:].strip() for line in body.strip().splitlines() if line.startswith("--")]
    sql = _statement(body)
    if not comments or not sql:
        raise BadQueryFile(f"{path}: {name} needs a sentence and a statement")

    def part(found: re.Match[str]) -> str:
        if found[1] not in parts:
            raise BadQueryFile(f"{path}: {name} wants the part {found[1]}, which does not stand above it")
        return parts[found[1]]

    return Query(name, " ".join(comments), _PART.sub(part, sql))


def _statement(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith("--")).strip().rstrip(";")
