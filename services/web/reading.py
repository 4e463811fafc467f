"""Parses requests at the door, once: body, query and path become frozen models or a refusal that names every wrong field.

A body must be plain UTF-8 JSON. What JSON leaves open is closed here, before any model sees it: depth, repeated keys, NaN,
numbers beyond 64 bits or the range of a float, byte order marks, unpaired surrogates, objects of a hundred keys.

A large body is read in a thread. That alone leaves the loop free only where Python runs, for C keeps the interpreter's lock: so
what C has to do at once is bounded too: objects, keys of an object, wrong rows that are looked at (rows.py).
"""

from __future__ import annotations

import asyncio
import json
import math
import re
import types
import typing
from datetime import datetime
from functools import cache
from typing import Any, NoReturn, TypeVar

from aiohttp import web
from pydantic import AwareDatetime, BaseModel, TypeAdapter, ValidationError

from services.errors import Invalid, NotFound, WrongField
from services.web.problems import BadJson, TooLarge, TooSlow, WrongType, wrong_fields
from services.web.rows import RowsRead

DEPTH = 32  # our deepest body has five levels
OPENED = 20_000  # objects and lists in a body: the largest lexicon has some 13,000
VALUES = 100_000  # in a body: the largest lexicon has some 65,000; pydantic copies a value once for each mistake around it
CONTENT_TYPE = 100  # characters looked at: aiohttp reads parameters in square time
KEYS = 100  # in one object; ours have some ten, and each unknown one is a mistake to be told
BODY_S = 20.0  # 12 MB within this is 5 Mbit/s; a slower sender holds a connection for nothing
INTEGER = 2**63
LARGE = 16_000  # bytes; reading as much of the worst kind takes some milliseconds, more is read beside the loop

_MARK = re.compile(rb'["\[\]{},]')
_IN_STRING = re.compile(rb'[^"\\]*(?:\\.[^"\\]*){0,1000}', re.DOTALL)
"""Of a string as much as holds a thousand escapes: a way back is kept for each of them, and 24 MB may hold millions."""

_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,18})")
_BOOLEAN = re.compile(r"true|false")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}.{1,20}")

_TIME = "a time such as 2026-11-23T09:00:00Z"
_SCALARS: tuple[tuple[Any, re.Pattern[str], str], ...] = (
    (int, _INTEGER, "an integer"),
    (bool, _BOOLEAN, "true or false"),
    (datetime, _MOMENT, _TIME),
    (AwareDatetime, _MOMENT, _TIME),
)
"""pydantic reads ``1_000`` as a number, ``yes`` as true and ``0`` as 1970; the API's own description does not."""

Model = TypeVar("Model", bound=BaseModel)


async def read_body(request: web.Request, model: type[Model], limit: int) -> Model:
    """The body as ``model``, strictly (no text for a number); at most ``limit`` bytes."""
    _check_type(request)
    body = await _receive(request, limit)
    return await asyncio.to_thread(_parse, body, model) if len(body) > LARGE else _parse(body, model)


def _parse(body: bytes, model: type[Model]) -> Model:
    try:
        return model.model_validate_json(check_json(body), strict=True, context=RowsRead())
    except ValidationError as error:
        raise wrong_fields(error) from None


def _check_type(request: web.Request) -> None:
    if len(request.headers.get("Content-Type", "")) > CONTENT_TYPE:
        raise WrongType
    plain = request.headers.get("Content-Encoding", "identity").lower() == "identity"
    charset = (request.charset or "utf-8").lower().replace("_", "-")
    if request.content_type != "application/json" or charset not in {"utf-8", "utf8"} or not plain:
        raise WrongType


async def _receive(request: web.Request, limit: int) -> bytes:
    if (request.content_length or 0) > limit:
        raise TooLarge
    parts, size = [], 0
    try:
        async with asyncio.timeout(BODY_S):
            async for part in request.content.iter_any():
                size += len(part)
                if size > limit:
                    raise TooLarge
                parts.append(part)
    except TimeoutError:
        raise TooSlow from None
    return b"".join(parts)


def check_json(body: bytes) -> bytes:
    """The same JSON; raise BadJson for what JSON allows and we do not.

    ``2.0`` comes back as ``2``: JSON Schema, and so our own description, calls it an integer; pydantic's strict mode does not.
    """
    _check_size(body)
    whole: list[int] = []

    def number(text: str) -> int | float:
        found = float(text)
        if not math.isfinite(found):
            raise ValueError("beyond the range of a float")
        if not found.is_integer() or abs(found) >= INTEGER:
            return found
        whole.append(int(found))
        return whole[-1]

    hooks: dict[str, Any] = {"object_pairs_hook": _once, "parse_constant": _refuse, "parse_float": number, "parse_int": _bounded}
    try:
        found = json.loads(body.decode("utf-8"), **hooks)
    except (ValueError, RecursionError):  # UnicodeDecodeError and JSONDecodeError are ValueErrors
        raise BadJson from None
    return "".join(json.JSONEncoder(ensure_ascii=False).iterencode(found)).encode() if whole else body  # not in one go


def _check_size(body: bytes) -> None:
    """Refuses a body that is nested too deeply or holds too much. It counts without recursion, so that 100 000 brackets cost a
    scan and nothing else.
    """
    depth = opened = values = place = 0
    while found := _MARK.search(body, place):
        place = found.end()
        mark = found[0]
        if mark == b'"':
            place = _behind_string(body, place)
        elif mark == b",":
            values += 1
        elif mark in b"[{":
            depth += 1
            opened += 1
        else:
            depth -= 1
        if depth > DEPTH or opened > OPENED or values > VALUES:
            raise BadJson


def _behind_string(body: bytes, place: int) -> int:
    """Where the string ends whose first character is at ``place``; behind the body if it does not."""
    while (found := _IN_STRING.match(body, place)) and found.end() > place:
        place = found.end()
    return place + 1


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > KEYS:
        raise ValueError("more keys than any object of ours has")
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is there twice")
    for text in (*found, *(value for value in found.values() if isinstance(value, str))):
        text.encode("utf-8")  # an unpaired surrogate cannot be stored
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _bounded(text: str) -> int:
    if len(text) > 20 or not -INTEGER <= int(text) < INTEGER:
        raise ValueError("beyond 64 bits")
    return int(text)


def read_query(request: web.Request, model: type[Model]) -> Model:
    """The query string as ``model``; an unknown or repeated name is refused."""
    given = request.query
    repeated = [name for name in set(given) if len(given.getall(name)) > 1]
    if repeated:
        raise Invalid(tuple(WrongField(name[:80], "repeated", "given once") for name in sorted(repeated)))
    wrong = [WrongField(name, "bad_scalar", wanted) for name, wanted in _bad_scalars(model, dict(given))]
    if wrong:
        raise Invalid(tuple(wrong))
    try:
        return model.model_validate_strings(dict(given))
    except ValidationError as error:
        raise wrong_fields(error) from None


def _bad_scalars(model: type[BaseModel], given: dict[str, str]) -> list[tuple[str, str]]:
    return [(name, wanted) for name, shape, wanted in _scalars(model) if name in given and not shape.fullmatch(given[name])]


@cache
def _scalars(model: type[BaseModel]) -> list[tuple[str, re.Pattern[str], str]]:
    """The scalars of a model by the names that they are given by, each with its shape."""
    fields = [(field.alias or name, _kinds(field.annotation)) for name, field in model.model_fields.items()]
    return [(name, shape, wanted) for name, kinds in fields for kind, shape, wanted in _SCALARS if kind in kinds]


def _kinds(annotation: Any) -> set[Any]:
    if typing.get_origin(annotation) is typing.Annotated:
        return _kinds(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in {typing.Union, types.UnionType}:
        return {kind for part in typing.get_args(annotation) for kind in _kinds(part)}
    return {annotation}


def read_path(request: web.Request, kinds: dict[str, TypeAdapter[Any]]) -> dict[str, Any]:
    """The parts of the path; one that cannot be names nothing that exists: NotFound."""
    found = {}
    for name, adapter in kinds.items():
        text = request.match_info[name]
        if _is_integer(adapter) and not _INTEGER.fullmatch(text):
            raise NotFound
        try:
            found[name] = adapter.validate_strings(text)
        except ValidationError:
            raise NotFound from None
    return found


@cache
def _is_integer(adapter: TypeAdapter[Any]) -> bool:
    return bool(adapter.json_schema().get("type") == "integer")
