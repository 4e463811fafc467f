"""Reads and writes the classes and the words that point to them."""

from __future__ import annotations

from pathlib import Path

from services.classes.model import Category, Lexicon, Term
from services.store.db import Connection
from services.store.queries import load_queries

QUERIES = load_queries(Path(__file__).parent / "classes.sql")


async def lexicon(connection: Connection) -> Lexicon:
    categories = [Category(**row) for row in await QUERIES.categories.fetch(connection)]
    return Lexicon(categories, [Term(**row) for row in await QUERIES.terms.fetch(connection)])


async def replace_lexicon(connection: Connection, new: Lexicon) -> None:
    """The new one in place of the old; call inside a transaction."""
    await QUERIES.lock_lexicon.execute(connection)
    await QUERIES.forget_terms.execute(connection)
    await QUERIES.forget_categories.execute(connection)
    await QUERIES.write_category.execute_each(connection, (_values(category) for category in new.categories))
    await QUERIES.write_term.execute_each(connection, (_values(term) for term in new.terms))


def _values(row: Category | Term) -> dict[str, object]:
    """Its fields by name, as ``asdict`` gives them and ten times as fast: there are thousands."""
    return {name: getattr(row, name) for name in row.__slots__}
