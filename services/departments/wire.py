"""Defines the shapes of departments and the dispatch catalogue on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from services.departments.model import MOST_HOURS
from services.web.rows import Rows
from services.web.shapes import Code, Text80, Wire

Hours = Annotated[int, Field(ge=1, le=MOST_HOURS)]
LABEL = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
EMAIL = rf"^([A-Za-z0-9_+=~.-]{{1,64}}@({LABEL}\.)*{LABEL})?$"
"""An address as mail servers everywhere take it, or none."""
Email = Annotated[str, StringConstraints(pattern=EMAIL, max_length=100)]
Number = Annotated[int, Field(ge=0, le=2**53 - 1)]


class Department(Wire):
    code: Code
    zh: Text80
    en: Text80
    hours: Hours = Field(description="what it has for an order unless the catalogue or the dispatch says otherwise")
    position: Annotated[int, Field(ge=0, le=10_000)] = 0
    active: bool = True
    email: Email | None = Field(description="where it is told of its orders, each with a link; empty or null: nowhere")


class DepartmentRow(Department):
    id: int
    email: Email


class DispatchRule(Wire):
    """Cases of these classes (null: of any) go to the department; ``hours`` null: its own."""

    department: Code
    kind: Code | None = None
    business: Code | None = None
    nature: Code | None = None
    hours: Hours | None = None


class Departments(Wire):
    number: int = Field(description="of the edition in force; a change names the one that it was made from")
    departments: list[DepartmentRow]
    rules: list[DispatchRule]


class DepartmentsBody(Wire):
    number: Number
    departments: Annotated[Rows[Department], Field(max_length=500)]
    rules: Annotated[Rows[DispatchRule], Field(max_length=2_000)]


class DepartmentsBack(Wire):
    number: Number
    to: Annotated[int, Field(ge=1, le=2**53 - 1)]


class DepartmentEdition(Wire):
    number: int
    at: datetime
    by: str | None
