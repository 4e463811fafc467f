"""Whatever code the server can send as a problem, the desk has a sentence for (in both languages: its own tests compare them)."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel, ValidationError

from services.routes import CLASSES
from services.web.http import routes_of
from services.web.problems import CODES_BY_STATUS

ROOT = Path(__file__).parents[4]
WORDS = (ROOT / "desk/src/kit/words.ts").read_text()
TREES = {path: ast.parse(path.read_text()) for path in sorted((ROOT / "services").rglob("*.py"))}

NEVER_SENT = {
    "bad_config", "no_secret", "cannot", "port_taken", "ports_taken", "no_store", "no_switch", "database_refused",
    "postgres_failed", "no_postgres", "already_running", "instance_taken", "still_running", "misplaced", "no_place",
    "packages_unavailable", "switch_failed", "migration_refused",  # of the start and of the command line
    "database_set_back", "reader_failed",  # of work in the background, which answers nobody
}  # fmt: skip
BY_HAND = {"failed", "refused", "bad_request"}
"""What is answered without an error of ours: see `problem_of_http`, `_outermost` and `handle_error`."""

TIMES = ("2026-13-01", "2026-11-26", "2026-11-26T10:00:00", "2026-11-26T25:00:00Z", "9999-12-31T23:59:59-23:00")
ODD: tuple[Any, ...] = (None, True, "", "\x00", "x" * 20_001, "x", *TIMES, 0, -1, 2**53, 1.5, [], [0] * 20_001, {}, {"x": 0})
"""A value of each kind, too little, and too much."""


def words(section: str) -> set[str]:
    found = re.search(rf"^  {section}: \{{\n(.*?)^  \}},", WORDS, re.MULTILINE | re.DOTALL)
    assert found
    return set(re.findall(r"^    (\w+): \[", found[1], re.MULTILINE))


def codes_of_errors() -> set[str]:
    """``code`` of every class of errors that gives itself one."""
    return {value for tree in TREES.values() for one in ast.walk(tree) if isinstance(one, ast.ClassDef) for value in _codes(one)}


def _codes(kind: ast.ClassDef) -> Iterator[str]:
    for line in kind.body:
        match line:
            case ast.Assign(targets=[ast.Name(id="code")], value=ast.Constant(value=str(code))):
                yield code
            case ast.Assign(
                targets=[ast.Tuple(elts=[ast.Name(id="code"), *_])], value=ast.Tuple(elts=[ast.Constant(str(code)), *_])
            ):
                yield code


def codes_of_fields() -> set[str]:
    """Of every wrong field that we name ourselves."""
    found = set()
    for tree in TREES.values():
        for one in ast.walk(tree):
            match one:
                case ast.Call(func=ast.Name(id="WrongField"), args=[_, ast.Constant(value=str(code)), *_]):
                    found.add(code)
                case ast.Call(func=ast.Name(id="PydanticCustomError"), args=[ast.Constant(value=str(code)), *_]):
                    found.add(code)
    return found


def models(kind: Any) -> Iterator[type[BaseModel]]:
    """A body's or a query's model, and those inside it."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
        for field in kind.model_fields.values():
            yield from models(field.annotation)
    for part in get_args(kind):
        yield from models(part)


ROUTES = [route for kind in CLASSES for route in routes_of(kind)]
SENT = sorted({model for route in ROUTES for model in models(route.body)}, key=lambda model: model.__name__)
ASKED = sorted({route.query for route in ROUTES if route.query}, key=lambda model: model.__name__)


def provoked(model: type[BaseModel], *, query: bool) -> set[str]:
    """The codes of pydantic's own refusals: each field odd in each way, left out, and one too many."""
    names = [field.alias or name for name, field in model.model_fields.items()]
    tries: list[dict[str, Any]] = [{}, {"nonsense": 1}, *({name: value} for name in names for value in ODD)]
    found = set()
    for wanted in tries:
        try:
            if query:
                model.model_validate_strings({name: str(value) for name, value in wanted.items()})
            else:
                model.model_validate_json(json.dumps(wanted), strict=True)
        except ValidationError as error:
            found |= {detail["type"] for detail in error.errors()}
    return found


def test_every_code_of_a_problem_has_a_sentence() -> None:
    sent = (codes_of_errors() | set(CODES_BY_STATUS.values()) | BY_HAND) - NEVER_SENT
    assert sorted(sent - words("problem")) == []


def test_what_is_never_sent_is_an_error_there_is() -> None:
    assert sorted(NEVER_SENT - codes_of_errors()) == []
    raised = {error.code for route in ROUTES for error in route.raises}
    assert sorted(NEVER_SENT & raised) == []


def test_every_code_of_a_wrong_field_has_a_sentence() -> None:
    found = codes_of_fields()
    assert {"before_from", "weak", "telephone"} <= found
    assert sorted(found - words("wrongField")) == []


@pytest.mark.parametrize(("model", "query"), [*((model, False) for model in SENT), *((model, True) for model in ASKED)])
def test_every_refusal_of_a_body_or_a_query_has_a_sentence(model: type[BaseModel], query: bool) -> None:
    found = provoked(model, query=query)
    assert found
    assert sorted(found - words("wrongField")) == []
