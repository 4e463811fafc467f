"""No body that the API's description allows is refused for its size: what is promised there can be sent."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from services.routes import CLASSES, description
from services.web.http import Route, routes_of
from services.web.openapi import PREFIX
from services.web.reading import OPENED, VALUES

ROUTES = [route for kind in CLASSES for route in routes_of(kind) if route.body]
DOCUMENT = description("0.0-test")
ESCAPED = len(json.dumps("𠀀")) - 2
"""Bytes of a character at the most: one beyond the first plane, escaped."""
NUMBER = 25
"""Bytes of a number with all its digits."""
MOMENT = 40
"""Bytes of a time with fractions of a second and its distance from UTC."""

Schema = dict[str, Any]


def resolved(schema: Schema) -> list[Schema]:
    """The shapes it may have."""
    if "$ref" in schema:
        return resolved(DOCUMENT["components"]["schemas"][schema["$ref"].removeprefix(PREFIX)])
    choices = schema.get("anyOf") or schema.get("oneOf")
    return [shape for choice in choices for shape in resolved(choice)] if choices else [schema]


def largest(schema: Schema) -> int:
    """Bytes of the largest value, written as Python's json does: a space after each comma and colon."""
    return max(_largest(shape) for shape in resolved(schema))


def _largest(shape: Schema) -> int:
    if "enum" in shape or "const" in shape:
        return max(len(json.dumps(value)) for value in shape.get("enum", [shape.get("const")]))
    match shape["type"]:
        case "object":
            return 2 + sum(len(name) + 6 + largest(field) for name, field in shape["properties"].items())
        case "array":
            return 2 + shape["maxItems"] * (2 + largest(shape["items"]))
        case "string" if shape.get("format") == "date-time":
            return 2 + MOMENT
        case "string":
            return 2 + ESCAPED * shape["maxLength"] if "maxLength" in shape else 2 + _longest(shape["pattern"])
        case _:
            return NUMBER


def _longest(pattern: str) -> int:
    """Characters of a text in ASCII that only its pattern bounds."""
    assert not re.search(r"[*+]|\{\d+,\}", pattern), pattern
    return 1 + sum(int(most) for most in re.findall(r",(\d+)\}", pattern))


def opened(schema: Schema) -> int:
    """Objects and lists at the most."""
    return max(_opened(shape) for shape in resolved(schema))


def _opened(shape: Schema) -> int:
    match shape.get("type"):
        case "object":
            return 1 + sum(opened(field) for field in shape["properties"].values())
        case "array":
            return 1 + shape["maxItems"] * opened(shape["items"])
        case _:
            return 0


def values(schema: Schema) -> int:
    """Commas at the most, and those that JSON allows no more (after the last one)."""
    return max(_values(shape) for shape in resolved(schema))


def _values(shape: Schema) -> int:
    match shape.get("type"):
        case "object":
            return sum(1 + values(field) for field in shape["properties"].values())
        case "array":
            return shape["maxItems"] * (1 + values(shape["items"]))  # type: ignore[no-any-return]
        case _:
            return 0


def body_of(route: Route) -> Schema:
    operation = DOCUMENT["paths"][route.path][route.method.lower()]
    schema: Schema = operation["requestBody"]["content"]["application/json"]["schema"]
    return schema


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_the_largest_body_of_the_description_can_be_sent(route: Route) -> None:
    assert largest(body_of(route)) <= route.body_limit
    assert opened(body_of(route)) <= OPENED
    assert values(body_of(route)) <= VALUES
