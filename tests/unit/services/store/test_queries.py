from __future__ import annotations

from pathlib import Path

import asyncpg
import pytest

import services
from services.store import db
from services.store.queries import BadQueryFile, load_queries

FILES = sorted(path for path in Path(services.__file__).parent.rglob("*.sql") if path.parent.name != "migrations")


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
async def test_every_query_fits_the_migrated_schema(pool: db.Pool, file: Path) -> None:
    wrong = {}
    async with pool.acquire() as connection:
        for name, sql in load_queries(file).items():
            try:
                await connection.prepare(sql)
            except asyncpg.PostgresError as error:  # every one is reported at once
                wrong[name] = str(error)
    assert wrong == {}


def test_there_are_queries_to_prepare() -> None:
    assert len(FILES) >= 4


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("select 1;", "before the first"),
        ("-- name: a\nselect 1;", "needs a sentence"),
        ("-- name: a\n-- Says something.\n", "needs a sentence and a statement"),
        ("-- name: a\n-- One.\nselect 1;\n-- name: a\n-- Two.\nselect 2;", "twice"),
    ],
)
def test_a_file_not_made_of_explained_queries_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    file = tmp_path / "x.sql"
    file.write_text(text)
    with pytest.raises(BadQueryFile, match=reason):
        load_queries(file)


def test_a_query_is_found_by_its_name(tmp_path: Path) -> None:
    file = tmp_path / "x.sql"
    file.write_text("-- name: one\n-- Says one.\nselect 1;\n\n-- name: two\n-- Says two\n-- in two lines.\nselect\n  2;\n")
    queries = load_queries(file)
    assert (queries.one, queries["two"]) == ("select 1", "select\n  2")
    assert queries.found["two"].sentence == "Says two in two lines."
    with pytest.raises(AttributeError, match="no query 'three'"):
        _ = queries.three
