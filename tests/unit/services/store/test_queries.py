from __future__ import annotations

import ast
import re
from pathlib import Path

import asyncpg
import pytest

from services.store import db
from services.store.queries import BadQueryFile, WrongValues, load_queries
from tests.harness.queries import FOLDER, everything

FILES = everything()


@pytest.mark.parametrize("file", FILES)
async def test_every_query_fits_the_migrated_schema(pool: db.Pool, file: str) -> None:
    wrong = {}
    async with pool.acquire() as connection:
        for name, query in FILES[file].items():
            try:
                await connection.prepare(str(query))
            except asyncpg.PostgresError as error:  # every one is reported at once
                wrong[name] = str(error)
    assert wrong == {}


def test_nothing_is_locked_against_those_who_only_refer_to_it() -> None:
    """``for update`` holds up every row that names the locked one by a foreign key; two who do hold up each other."""
    locking = [(file, name) for file, found in FILES.items() for name, query in found.items() if "for update;" in f"{query};"]
    assert locking == []


def test_there_are_queries_to_prepare() -> None:
    assert len(FILES) >= 4


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("select 1;", "before the first"),
        ("-- name: a\nselect 1;", "needs a sentence"),
        ("-- name: a\n-- Says something.\n", "needs a sentence and a statement"),
        ("-- name: a\n-- One.\nselect 1;\n-- name: a\n-- Two.\nselect 2;", "twice"),
        ("-- part: a\n-- One.\nx;\n-- name: a\n-- Two.\nselect 2;", "twice"),
        ("-- name: a\n-- One.\nselect {b};\n-- part: b\n-- Two.\nx;", "does not stand above"),
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
    assert (str(queries.one), str(queries["two"])) == ("select 1", "select\n  2")
    assert queries.found["two"].sentence == "Says two in two lines."
    with pytest.raises(AttributeError, match="no query 'three'"):
        _ = queries.three


def test_values_are_named_and_what_is_shared_stands_once(tmp_path: Path) -> None:
    file = tmp_path / "x.sql"
    file.write_text(
        "-- part: columns\n-- What is shown.\nid, name;\n\n"
        "-- name: x\n-- Some of :since.\nselect {columns}, '{}', ':none' from t -- it's :none\n"
        "where at >= :since::date and (:owner::bigint is null or owner = :owner) and n <= :since;\n"
    )
    query = load_queries(file).x
    assert query.names == ("since", "owner")
    assert str(query) == (
        "select id, name, '{}', ':none' from t -- it's :none\n"
        "where at >= $1::date and ($2::bigint is null or owner = $2) and n <= $1"
    )


def test_a_file_can_be_about_a_table_that_is_named_when_it_is_read(tmp_path: Path) -> None:
    file = tmp_path / "x.sql"
    file.write_text("-- name: all\n-- Every row.\nselect * from {table};\n")
    assert str(load_queries(file, {"table": "call"}).all) == "select * from call"
    with pytest.raises(BadQueryFile, match="wants the part table"):
        load_queries(file)


async def test_a_query_takes_what_it_names_in_any_order_and_nothing_else(pool: db.Pool, tmp_path: Path) -> None:
    file = tmp_path / "x.sql"
    file.write_text("-- name: x\n-- Both.\nselect :one::int as one, :two::text as two;\n")
    query = load_queries(file).x
    async with pool.acquire() as connection:
        row = await query.fetchrow(connection, two="b", one=1)
        assert row is not None
        assert dict(row) == {"one": 1, "two": "b"}
        assert await query.fetchval(connection, one=1, two="b") == 1
        assert len(await query.fetch(connection, one=1, two="b")) == 1
        for wrong in ({"one": 1}, {"one": 1, "two": "b", "three": 3}):
            with pytest.raises(WrongValues, match="x lacks"):
                await query.fetch(connection, **wrong)


LASTING = re.compile(
    r"(set (?!local )|reset |listen |declare |prepare |create temp|discard |select (pg_(try_)?advisory_lock|set_config)\()", re.I
)
"""A statement that begins so outlives its transaction on the connection that it was said on."""

ASKING = {"execute", "executemany", "fetch", "fetchrow", "fetchval"}
OWN = {"store/migrate.py", "store/roles.py"}
"""What these say they say on connections of their own, which are closed behind them. So is the lease's, which is named."""


def test_no_statement_leaves_anything_on_its_connection() -> None:
    """Connections go back to the pool as they are: no reset is asked of the database between two borrowers."""
    written = {(file, name): str(query).lower() for file, found in FILES.items() for name, query in found.items()}
    lasting = [at for at, sql in written.items() if LASTING.match(sql) or "advisory_lock(" in sql or "set_config(" in sql]
    assert lasting == [("services/lease.sql", "rename")]


def test_nor_does_one_that_the_program_says_itself() -> None:
    said = [
        (str(path.relative_to(FOLDER)), ast.unparse(node.args[0]).strip("f'\""))
        for path in FOLDER.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ASKING and node.args
    ]
    assert ("tickets/store.py", "set local plan_cache_mode = force_custom_plan") in said
    assert [(file, sql) for file, sql in said if LASTING.match(sql) and file not in OWN] == []
