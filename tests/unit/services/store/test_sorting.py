"""The orders of a list: each key in both directions, and statements that differ in nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.store.sorting import Key, KeyKind, Sorts

PAGE = """-- name: page
-- A page.
select id from thing t where ({key}, id) {beyond} (:at::{kind}, :behind) order by {key} {way}, id {way} limit :limit;
"""


@pytest.fixture
def sorts(tmp_path: Path) -> Sorts:
    path = tmp_path / "pages.sql"
    path.write_text(PAGE, encoding="utf-8")
    return Sorts(path, {"made": Key("t.made_at", KeyKind.MOMENT), "size": Key("coalesce(t.size, -1)", KeyKind.WHOLE)})


def test_every_key_has_both_directions(sorts: Sorts) -> None:
    assert set(sorts.all) == {"made", "-made", "size", "-size"}
    assert sorts.key("-size").kind is KeyKind.WHOLE


def test_a_page_begins_behind_the_last_row_in_its_own_direction(sorts: Sorts) -> None:
    up, down = str(sorts["size"].page), str(sorts["-size"].page)
    assert "(coalesce(t.size, -1), id) > ($1::bigint, $2)" in up
    assert "order by coalesce(t.size, -1) asc, id asc" in up
    assert "(coalesce(t.size, -1), id) < ($1::bigint, $2)" in down
    assert "order by coalesce(t.size, -1) desc, id desc" in down
    assert "::timestamptz" in str(sorts["made"].page)
