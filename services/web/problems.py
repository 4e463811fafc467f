"""Turns errors into HTTP, here and nowhere else: one table from error to status, one body (``shapes.Problem``)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ValidationError

from services import errors
from services.web.shapes import FieldProblem, Problem


class WrongRequest(errors.Impossible):
    """A request that is wrong as a request, before anybody looks at what it asks for."""

    status = 400

    def __init__(self, message: str = "") -> None:
        super().__init__(message)


class BadJson(WrongRequest):
    """The body is not JSON of the accepted kind (UTF-8, no BOM, no NaN, no repeated keys, bounded depth and numbers)."""

    code = "bad_json"


class TooSlow(WrongRequest):
    """The body did not arrive in time."""

    code, status = "too_slow", 408


class TooLarge(WrongRequest):
    """The body is larger than this route takes."""

    code, status = "too_large", 413


class WrongType(WrongRequest):
    """Send application/json in UTF-8, uncompressed."""

    code, status = "wrong_type", 415


class WrongOrigin(WrongRequest):
    """This request comes from another site."""

    code, status = "origin", 403


class MustChangePassword(WrongRequest):
    """Choose a password of your own first."""

    code, status = "must_change_password", 403


class RangeNotSatisfiable(WrongRequest):
    """The asked range is not inside the content."""

    code, status = "range", 416


STATUS: tuple[tuple[type[errors.TingsuError], int], ...] = (
    (errors.NotLoggedIn, 401),
    (errors.Forbidden, 403),
    (errors.NotFound, 404),
    (errors.Gone, 410),
    (errors.Conflict, 409),  # Stale and NotAllowed are conflicts too
    (errors.Invalid, 422),
    (errors.Throttled, 429),
    (errors.WorldFailed, 503),
    (errors.Impossible, 409),
)

MOST_FIELDS = 40
"""An answer is never large because the question was: so many wrong fields are named, each cut to what a person reads."""

NAME_SHOWN, WANTED_SHOWN, CAME_SHOWN = 80, 200, 80

CODES_BY_STATUS = {404: "not_found", 405: "method_not_allowed", 413: "too_large", 415: "wrong_type"}


def status_of(error: type[errors.TingsuError]) -> int:
    """The HTTP status of a class of errors."""
    if issubclass(error, WrongRequest):
        return error.status
    return next(status for kind, status in STATUS if issubclass(error, kind))


def problem_of(error: errors.TingsuError) -> web.Response:
    """The answer for one of our errors."""
    wrong: tuple[errors.WrongField, ...] = getattr(error, "fields", ())
    message = str(error) if len(wrong) <= MOST_FIELDS else f"{error}; the first {MOST_FIELDS} are named"
    fields = [_field_problem(field) for field in wrong[:MOST_FIELDS]]
    response = answer(status_of(type(error)), Problem(code=error.code, message=message, fields=fields))
    if isinstance(error, errors.Throttled):
        response.headers["Retry-After"] = str(error.retry_after_s)
    if isinstance(error, errors.WorldFailed):
        response.headers["Retry-After"] = "2"
    return response


def _field_problem(wrong: errors.WrongField) -> FieldProblem:
    name, wanted, came = _cut(wrong.field, NAME_SHOWN), _cut(wrong.wanted, WANTED_SHOWN), _cut(wrong.came, CAME_SHOWN)
    return FieldProblem(field=name, code=wrong.code, wanted=wanted, came=came)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def problem_of_http(error: web.HTTPException) -> web.Response:
    """aiohttp's own refusals (no such path, method not allowed) in our shape; ``Allow`` is kept."""
    code = CODES_BY_STATUS.get(error.status, "refused" if error.status < 500 else "failed")
    response = answer(error.status, Problem(code=code, message=error.reason))
    if "Allow" in error.headers:
        response.headers["Allow"] = error.headers["Allow"]
    return response


def answer(status: int, said: BaseModel) -> web.Response:
    return web.Response(status=status, body=said.model_dump_json().encode(), content_type="application/json")


def wrong_fields(error: ValidationError, prefix: tuple[str, ...] = ()) -> errors.Invalid:
    """The fields pydantic found wrong, at once. What came is cut short, and left out where it may be a secret.

    One more than are shown, so that the answer says that there are others.
    """
    details = error.errors(include_url=False, include_context=False)[: MOST_FIELDS + 1]
    return errors.Invalid(tuple(_wrong_field(detail, prefix) for detail in details))


def _wrong_field(detail: Any, prefix: Iterable[str]) -> errors.WrongField:
    name = ".".join(str(part)[:NAME_SHOWN] for part in (*prefix, *detail["loc"]))
    secret = any(word in name for word in ("password", "old", "new")) or detail["type"] == "extra_forbidden"
    came = "" if secret or isinstance(detail["input"], dict | list) else str(detail["input"])[:CAME_SHOWN]
    return errors.WrongField(field=name or "body", code=detail["type"], wanted=detail["msg"], came=_encodable(came))


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")
