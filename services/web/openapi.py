"""Makes the API's own description (OpenAPI 3.1) from the routes themselves; the desk's types are generated from it.

A model used in both directions appears twice when its two shapes differ: ``X`` as answered (fields with defaults always
there) and ``XInput`` as sent.
"""

from __future__ import annotations

import http
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode

from services import errors
from services.access.rights import Right
from services.web.http import LINK_HEADER, Door, Route, routes_of
from services.web.problems import status_of
from services.web.shapes import Problem

PREFIX = "#/components/schemas/"
SECURITY = {
    "session": {"type": "apiKey", "in": "cookie", "name": "tingsu_session"},
    "link": {"type": "apiKey", "in": "header", "name": LINK_HEADER},
}
Key = tuple[str, JsonSchemaMode]


def document(sources: Sequence[object], version: str, messages: Mapping[str, tuple[JsonSchemaMode, Any]]) -> dict[str, Any]:
    """The whole description of the routes of these classes; needs no database and no running server.

    ``messages``: what the websocket says and hears, by name, with its direction (``serialization`` is ours).
    """
    routes = [route for source in sources for route in routes_of(source) if not route.websocket]
    refs, definitions = _schemas(routes, messages)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, refs)
    whole = {
        "openapi": "3.1.0",
        "info": {"title": "Tingsu 听诉", "version": version, "description": "The complaint line's own API."},
        "paths": paths,
        "components": {"schemas": definitions, "securitySchemes": SECURITY},
    }
    return _rename(whole)


class _AnswersWhole(GenerateJsonSchema):
    """In answers, a field with a default is always there."""

    def field_is_required(self, field: Any, total: bool) -> bool:
        return self.mode == "serialization" or super().field_is_required(field, total)


def _schemas(
    routes: Iterable[Route], messages: Mapping[str, tuple[JsonSchemaMode, Any]]
) -> tuple[dict[Key, Any], dict[str, Any]]:
    """Per route and direction what to write where it is used, and the definitions that refer to each other."""
    wanted: list[tuple[str, JsonSchemaMode, Any]] = [
        ("Problem", "serialization", Problem),
        *((name, mode, kind) for name, (mode, kind) in messages.items()),
    ]
    for route in routes:
        wanted += [(route.name, "serialization", route.hints["return"])] if route.answer else []
        wanted += [(route.name, "validation", route.body)] if route.body else []
    inputs: list[Any] = [(name, mode, TypeAdapter(kind).core_schema) for name, mode, kind in wanted]
    generator = _AnswersWhole(by_alias=True, ref_template=f"{PREFIX}{{model}}")
    found, definitions = generator.generate_definitions(inputs)
    refs: dict[Key, Any] = {(str(name), mode): schema for (name, mode), schema in found.items()}
    whole: dict[str, Any] = {str(name): schema for name, schema in definitions.items()}
    for name, (mode, _) in messages.items():
        whole[name] = refs[name, mode]
    return refs, whole


def _operation(route: Route, refs: dict[Key, Any]) -> dict[str, Any]:
    text = (route.call.__doc__ or route.name).strip()
    operation: dict[str, Any] = {
        "operationId": route.name,
        "tags": [route.tag],
        "summary": text.splitlines()[0],
        "description": " ".join(text.split()) + f" Needs: {_needs(route)}.",
        "parameters": [*_path_parameters(route), *_query_parameters(route)],
        "responses": _responses(route, refs),
    }
    if route.rights is not Door.PUBLIC:
        by_link = isinstance(route.rights, frozenset) and Right.ORDERS_LINK in route.rights
        operation["security"] = [{"session": []}, *([{"link": []}] if by_link else [])]
    if route.body:
        schema = refs[route.name, "validation"]
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return operation


def _needs(route: Route) -> str:
    return route.rights.value if isinstance(route.rights, Door) else " or ".join(sorted(route.rights))


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": adapter.json_schema()}
        for name, adapter in route.path_kinds.items()
    ]


def _query_parameters(route: Route) -> list[dict[str, Any]]:
    if route.query is None:
        return []
    schema = route.query.model_json_schema(by_alias=True)
    required = set(schema.get("required", ()))
    fields = _spelt_out(schema["properties"], schema.get("$defs", {}))
    return [
        {"name": name, "in": "query", "required": name in required, "schema": _sent_as_text(field)}
        for name, field in fields.items()
    ]


def _spelt_out(schema: Any, definitions: Mapping[str, Any]) -> Any:
    """What is defined beside it (an enumeration) stands in it: a parameter has no place for definitions."""
    if isinstance(schema, list):
        return [_spelt_out(one, definitions) for one in schema]
    if not isinstance(schema, dict):
        return schema
    name = str(schema.get("$ref", "")).removeprefix("#/$defs/")
    whole = {**definitions[name], **schema} if name in definitions else schema
    return {key: _spelt_out(value, definitions) for key, value in whole.items() if name not in definitions or key != "$ref"}


def _sent_as_text(field: dict[str, Any]) -> dict[str, Any]:
    """A query has no null: an optional parameter is one that may be left out."""
    kinds = [kind for kind in field.get("anyOf", ()) if kind != {"type": "null"}]
    rest = {name: value for name, value in field.items() if name not in {"anyOf", "title"} and value is not None}
    return {**rest, **(kinds[0] if len(kinds) == 1 else {"anyOf": kinds} if kinds else {})}


JSON = ("application/json",)


def _responses(route: Route, refs: dict[Key, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if route.answer is None and route.produces == JSON:
        found["204"] = {"description": "done"}
    elif route.answer is None:
        for status in ("200", "206"):
            found[status] = {
                "description": "the content",
                "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in route.produces},
            }
    else:
        schema = refs[route.name, "serialization"]
        found[str(route.status)] = {"description": "the answer", "content": {"application/json": {"schema": schema}}}
    for number in sorted(_problem_statuses(route)):
        content = {"application/json": {"schema": {"$ref": f"{PREFIX}Problem"}}}
        found[str(number)] = {"description": http.HTTPStatus(number).phrase, "content": content}
    return found


def _problem_statuses(route: Route) -> set[int]:
    """What every route of this kind can come to, and what it says itself."""
    found = {status_of(error) for error in route.raises}
    if route.rights is not Door.PUBLIC:
        found |= {401, 403, status_of(errors.DatabaseAway)}
    if isinstance(route.rights, frozenset) and Right.ORDERS_LINK in route.rights:
        found |= {status_of(errors.Gone), status_of(errors.Throttled)}
    if route.method not in {"GET", "HEAD"}:
        found.add(403)
    if route.path_kinds:
        found.add(404)
    if route.query:
        found.add(422)
    if route.body:
        found |= {400, 408, 413, 415, 422}
    if route.produces != JSON:
        found.add(416)
    return found | {400}  # a request that is no HTTP


def _rename(whole: dict[str, Any]) -> dict[str, Any]:
    """``X-Output`` becomes X, ``X-Input`` XInput, or X where both are the same."""
    definitions = whole["components"]["schemas"]
    names = {}
    for name in definitions:
        plain, _, direction = name.rpartition("-")
        if direction == "Output":
            names[name] = plain
        elif direction == "Input":
            names[name] = plain if definitions[name] == definitions[f"{plain}-Output"] else f"{plain}Input"
    whole["components"]["schemas"] = {names.get(name, name): definitions[name] for name in sorted(definitions)}
    text = json.dumps(whole, ensure_ascii=False)
    for name, new in names.items():
        text = text.replace(f'"{PREFIX}{name}"', f'"{PREFIX}{new}"')
    result: dict[str, Any] = json.loads(text)
    return result
