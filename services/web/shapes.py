"""Defines what rooms make their shapes on the wire of (texts within limits, ids, moments), and the body of every error.

A room's own shapes stand in its ``wire``; the desk's types are generated from all of them. What comes is parsed once (strict,
unknown keys refused) and becomes a frozen model. Times are aware UTC ISO 8601.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    SerializationInfo,
    StringConstraints,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from services.access import masks
from services.access.masks import CLEAR, Personal


class Wire(BaseModel):
    """Frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


# PostgreSQL takes no NUL; what is shown on one line takes no control characters, and a name holds something to be seen.
ONE_LINE = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"


NAMED = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*[^\s\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff][^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"


MANY_LINES = r"^[^\x00]*$"


Text40 = Annotated[str, StringConstraints(max_length=40, pattern=ONE_LINE)]


Text80 = Annotated[str, StringConstraints(min_length=1, max_length=80, strip_whitespace=True, pattern=NAMED)]


Text400 = Annotated[str, StringConstraints(max_length=400, pattern=MANY_LINES)]


Text10k = Annotated[str, StringConstraints(max_length=10_000, pattern=MANY_LINES)]


Search = Annotated[str, StringConstraints(max_length=80, pattern=ONE_LINE)]


Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,40}$")]


Id = Annotated[int, Field(ge=1, le=2**53 - 1)]


def _in_utc(moment: datetime) -> datetime:
    """The same moment in UTC; ValueError for one that UTC puts before the year 1 or after 9999."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("within the years 1 to 9999 in UTC") from None


Limit = Annotated[int, Field(ge=1, le=200)]


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]


def _personal(kind: Personal) -> PlainSerializer:
    def shown(text: str, info: SerializationInfo[frozenset[Personal] | None]) -> str:
        return masks.value(kind, text, info.context or CLEAR)

    return PlainSerializer(shown, return_type=str, when_used="json")


def _changed(changes: Changes, info: SerializationInfo[frozenset[Personal] | None]) -> Changes:
    hidden = info.context or CLEAR
    return {
        name: (masks.field(name, before, hidden), masks.field(name, after, hidden)) for name, (before, after) in changes.items()
    }


ANumber = _personal(Personal.NUMBER)


ANumberText = Annotated[str, ANumber]
"""Answered: a customer's telephone number, masked for whom it is hidden from (``access.masks``); so are the two below."""


AName = Annotated[str, _personal(Personal.NAME)]


AnAddress = Annotated[str, _personal(Personal.ADDRESS)]


Changes = dict[str, tuple[str | None, str | None]]


Changed = Annotated[Changes, PlainSerializer(_changed, return_type=Changes, when_used="json")]
"""Answered: what a step changed, each field's value before and after; personal data in it is masked likewise."""


class Span(Wire):
    """A query's stretch of time, half-open: ``from`` up to, not including, ``to``. Every pair of such times is one of these."""

    begin: Moment | None = Field(default=None, alias="from")
    end: Moment | None = Field(default=None, alias="to")

    @field_validator("end")
    @classmethod
    def _not_before(cls, end: datetime | None, given: ValidationInfo) -> datetime | None:
        begin = given.data.get("begin")
        if begin is not None and end is not None and end < begin:
            raise PydanticCustomError("before_from", "a time not before 'from'")
        return end


class Problem(Wire):
    """Every error body. ``code`` is stable and translated by the desk; ``fields`` names each wrong field at once."""

    code: str
    message: str
    fields: list[FieldProblem] = []


class FieldProblem(Wire):
    field: str
    code: str
    wanted: str
    came: str


class Health(Wire):
    """``waiting``: another backend leads, this one takes over when it ends; with status 503, so that nobody is sent here."""

    ok: bool
    state: Literal["serving", "waiting"]
