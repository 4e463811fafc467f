"""Defines the shapes of the centre's calendars on the wire."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from services.web.rows import Rows
from services.web.shapes import ONE_LINE, Wire

Number = Annotated[int, Field(ge=0, le=2**53 - 1)]
Counts = Literal["off", "working"]
Weekday = Annotated[int, Field(ge=0, le=6, description="0: Monday")]
Reason = Annotated[str, StringConstraints(max_length=120, strip_whitespace=True, pattern=ONE_LINE)]
Hours = Annotated[str, StringConstraints(pattern=r"^[0-9]{2}:[0-5][0-9]-[0-9]{2}:[0-5][0-9]$")]
DayHours = Annotated[list[Hours], Field(max_length=6)]


def _there_is(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise PydanticCustomError("no_day", "a day that there is") from None
    return text


Day = Annotated[
    str,
    StringConstraints(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"),
    AfterValidator(_there_is),
]


class OwnDay(Wire):
    """What the centre says of a day; it goes before all else."""

    day: Day
    counts: Counts
    like: Weekday | None = Field(default=None, description="whose hours a working day has; null: its own weekday's")
    reason: Reason


class OwnWeek(Wire):
    """The hours of a calendar in place of the configuration's, Monday to Sunday."""

    calendar: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
    hours: Annotated[list[DayHours], Field(min_length=7, max_length=7)]


class WrittenDay(Wire):
    """What the configuration says of a day."""

    day: str
    counts: Counts
    like: int | None


class LawDay(Wire):
    """What the country's law says of a day, and what the day is called."""

    day: str
    counts: Counts
    like: int | None
    zh: str
    en: str


class LawYear(Wire):
    year: int
    country: str
    known: bool = Field(description="false: the days of this year are not published yet; these are an estimate")


class WorkingCalendar(Wire):
    """``hours``: as they are in the configuration."""

    name: str
    clocks: list[str] = Field(description="which clocks count in it: N2, V3")
    law: bool = Field(description="days that the country has off are off in it")
    hours: list[list[str]]
    days: list[WrittenDay]


class CentreCalendar(Wire):
    number: int = Field(description="of the edition in force; a change names the one that it was made from")
    country: str
    calendars: list[WorkingCalendar]
    years: list[LawYear]
    law: list[LawDay]
    days: list[OwnDay]
    weeks: list[OwnWeek]
    left: int = Field(description="clocks that are still to be counted anew by this edition")


class CentreCalendarBody(Wire):
    number: Number
    days: Annotated[Rows[OwnDay], Field(max_length=400)]
    weeks: Annotated[list[OwnWeek], Field(max_length=20)]


class CalendarBack(Wire):
    number: Number
    to: Annotated[int, Field(ge=1, le=2**53 - 1)]


class CalendarEdition(Wire):
    number: int
    at: datetime
    by: str | None = Field(description="null: the settings, or the days that the country has off, are others")
    days: int = Field(description="how many days the centre changed in it")
    moved: int = Field(description="how many deadlines it moved")
